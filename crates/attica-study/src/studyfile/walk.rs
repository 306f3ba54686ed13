//! A walk of the study file against its own schema: unknown keys with the nearest known one, wrong
//! types, values out of range. All of them, each with its place.

use attica::message::Problem;
use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::StudySource;

pub(super) struct Walk<'a> {
    root: &'a Value,
    source: &'a StudySource,
    whole: &'a str,
    path: Vec<String>,
    problems: Vec<Problem>,
}

impl<'a> Walk<'a> {
    /// `whole` is what messages call the file.
    pub(super) fn new(root: &'a Value, source: &'a StudySource, whole: &'a str) -> Self {
        Self { root, source, whole, path: Vec::new(), problems: Vec::new() }
    }

    pub(super) fn finish(self) -> Vec<Problem> {
        self.problems
    }

    /// Walks the whole file.
    pub(super) fn table(&mut self, table: &DeTable<'_>) {
        self.object(self.root, table);
    }

    fn resolve(&self, schema: &'a Value) -> &'a Value {
        let mut schema = schema;
        while let Some(name) = schema.get("$ref").and_then(Value::as_str) {
            let Some(target) = name.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer)) else { break };
            schema = target;
        }
        schema
    }

    fn value(&mut self, schema: &'a Value, value: &Spanned<DeValue<'_>>) {
        let schema = self.resolve(schema);
        if let Some(choices) = schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Value::as_array) {
            return self.choice(choices, value);
        }
        if let Some(words) = schema.get("enum").and_then(Value::as_array) {
            let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
            return self.word(&words, value);
        }
        if !accepts(schema, value.get_ref()) {
            return self.wrong(&[expected(schema)], value);
        }
        match value.get_ref() {
            DeValue::Table(table) => self.object(schema, table),
            DeValue::Array(items) => {
                let count = |key| schema.get(key).and_then(Value::as_u64).map(|n| n as usize);
                let short = count("minItems").filter(|&least| items.len() < least);
                let long = count("maxItems").filter(|&most| items.len() > most);
                if let Some(n) = short.or(long) {
                    self.wrong(&[format!("a list of {n}")], value);
                }
                if let Some(item_schema) = schema.get("items") {
                    for (i, item) in items.iter().enumerate() {
                        self.path.push(i.to_string());
                        self.value(item_schema, item);
                        self.path.pop();
                    }
                }
            }
            DeValue::Integer(_) | DeValue::Float(_) => self.range(schema, value),
            _ => {}
        }
    }

    fn object(&mut self, schema: &'a Value, table: &DeTable<'_>) {
        let known: Vec<(&str, &'a Value)> = match schema.get("properties").and_then(Value::as_object) {
            Some(properties) => properties.iter().map(|(k, v)| (k.as_str(), v)).collect(),
            None => Vec::new(),
        };
        let others = schema.get("additionalProperties").filter(|v| v.is_object());
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            self.path.push(name.to_owned());
            if let Some((_, inner)) = known.iter().find(|(k, _)| *k == name) {
                self.value(inner, value);
            } else if let Some(inner) = others {
                let before = self.problems.len();
                self.value(inner, value);
                // A free name with the wrong type beside settings is most likely a misspelt setting.
                if self.problems.len() > before && !known.is_empty() {
                    self.problems.truncate(before);
                    self.unknown(name, &known, key.span(), Some(expected(self.resolve(inner))));
                }
            } else {
                self.unknown(name, &known, key.span(), None);
            }
            self.path.pop();
        }
    }

    fn unknown(&mut self, name: &str, known: &[(&str, &'a Value)], span: std::ops::Range<usize>, free: Option<String>) {
        let table = &self.path[..self.path.len() - 1];
        let table: Vec<&str> = table.iter().filter(|k| k.parse::<usize>().is_err()).map(String::as_str).collect();
        let place = if table.is_empty() { self.whole.to_owned() } else { format!("[{}]", table.join(".")) };
        let mut message = format!("{place} has no key \"{name}\"");
        if let Some(free) = free {
            message = format!("{message}, and a name of one's own takes {free} here");
        }
        let problem = Problem::new("E601", message).at(self.source.place_of(span));
        let nearest = nearest(name, known.iter().map(|(k, _)| *k));
        let fix = match nearest {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => self.home_of(name).map_or_else(
                || {
                    let all: Vec<&str> = known.iter().map(|(k, _)| *k).collect();
                    format!("the keys here are {}", all.join(", "))
                },
                |home| format!("\"{name}\" belongs in [{home}]"),
            ),
        };
        self.problems.push(problem.fix(fix));
    }

    /// The table that has this key, for keys written under the wrong heading.
    fn home_of(&self, name: &str) -> Option<&'a str> {
        let properties = self.root.get("properties")?.as_object()?;
        properties.iter().find_map(|(table, schema)| {
            let schema = match schema.get("anyOf").and_then(Value::as_array) {
                Some(choices) => choices.first()?,
                None => schema,
            };
            self.resolve(schema).get("properties")?.get(name).map(|_| table.as_str())
        })
    }

    fn choice(&mut self, choices: &'a [Value], value: &Spanned<DeValue<'_>>) {
        let choices: Vec<&Value> = choices.iter().map(|c| self.resolve(c)).collect();
        let words: Vec<&str> = choices.iter().filter_map(|c| c.get("const").and_then(Value::as_str)).collect();
        if words.len() == choices.len() {
            return self.word(&words, value);
        }
        let before = self.problems.len();
        let mut fewest: Option<Vec<Problem>> = None;
        for choice in &choices {
            self.value(choice, value);
            let found = self.problems.split_off(before);
            if found.is_empty() {
                return;
            }
            // A table against a table, a list against a list: what is wrong inside says more than the type.
            let inside = accepts(choice, value.get_ref()) || choice.get("oneOf").is_some();
            if inside && fewest.as_ref().is_none_or(|few| found.len() < few.len()) {
                fewest = Some(found);
            }
        }
        if let Some(found) = fewest {
            self.problems.extend(found);
            return;
        }
        let kinds: Vec<String> =
            choices.iter().filter(|c| c.get("type") != Some(&Value::from("null"))).map(|c| expected(c)).collect();
        self.wrong(&kinds, value);
    }

    fn word(&mut self, words: &[&str], value: &Spanned<DeValue<'_>>) {
        let Some(word) = value.get_ref().as_str() else {
            return self.wrong(&[format!("one of {}", words.join(", "))], value);
        };
        if words.contains(&word) {
            return;
        }
        let problem = Problem::new("E602", format!("{}\"{word}\" is not one of {}", self.key(), words.join(", ")))
            .at(self.source.place_of(value.span()));
        self.problems.push(match nearest(word, words.iter().copied()) {
            Some(near) => problem.fix(format!("did you mean \"{near}\"?")),
            None => problem,
        });
    }

    fn wrong(&mut self, kinds: &[String], value: &Spanned<DeValue<'_>>) {
        let found = match value.get_ref() {
            DeValue::Array(items) => format!("a list of {}", items.len()),
            other => article(other.type_str()),
        };
        let message = format!("{}expects {}, not {found}", self.key(), kinds.join(" or "));
        self.problems.push(Problem::new("E602", message).at(self.source.place_of(value.span())));
    }

    fn range(&mut self, schema: &Value, value: &Spanned<DeValue<'_>>) {
        let text = match value.get_ref() {
            DeValue::Integer(i) => i.as_str().to_owned(),
            DeValue::Float(f) => f.as_str().to_owned(),
            _ => return,
        };
        let Ok(number) = text.parse::<f64>() else { return };
        let bound = |key| schema.get(key).and_then(Value::as_f64);
        let (low, high) = (bound("minimum"), bound("maximum"));
        if low.is_some_and(|low| number < low) || high.is_some_and(|high| number > high) || !number.is_finite() {
            let limits = match (low, high) {
                (Some(low), Some(high)) => format!("between {low} and {high}"),
                (Some(low), None) => format!("of at least {low}"),
                (None, Some(high)) => format!("of at most {high}"),
                (None, None) => "that is finite".to_owned(),
            };
            let message = format!("{}expects a number {limits}, not {text}", self.key());
            self.problems.push(Problem::new("E602", message).at(self.source.place_of(value.span())));
        }
    }

    fn key(&self) -> String {
        self.path.iter().rev().find(|k| k.parse::<usize>().is_err()).map_or(String::new(), |k| format!("\"{k}\" "))
    }
}

fn accepts(schema: &Value, value: &DeValue<'_>) -> bool {
    let accepts = |kind: &str| match kind {
        "string" => value.is_str(),
        "integer" => value.is_integer(),
        "number" => value.is_integer() || value.is_float(),
        "boolean" => value.is_bool(),
        "array" => value.is_array(),
        "object" => value.is_table(),
        _ => false,
    };
    match schema.get("type") {
        Some(Value::String(kind)) => accepts(kind),
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).any(accepts),
        _ => schema.get("properties").is_none() || value.is_table(),
    }
}

fn expected(schema: &Value) -> String {
    let kinds: Vec<&str> = match schema.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).filter(|k| *k != "null").collect(),
        _ => Vec::new(),
    };
    let words: Vec<String> = kinds
        .into_iter()
        .map(|kind| match kind {
            "array" => match schema.get("items").map(expected_plural) {
                Some(items) => format!("a list of {items}"),
                None => "a list".to_owned(),
            },
            "object" => "a table".to_owned(),
            "integer" => "a whole number".to_owned(),
            "number" => "a number".to_owned(),
            "string" => "a text in quotation marks".to_owned(),
            "boolean" => "true or false".to_owned(),
            other => article(other),
        })
        .collect();
    if words.is_empty() { "another value".to_owned() } else { words.join(" or ") }
}

fn expected_plural(schema: &Value) -> String {
    match schema.get("type").and_then(Value::as_str) {
        Some("string") => "texts",
        Some("integer") => "whole numbers",
        Some("number") => "numbers",
        Some("array") => "lists",
        Some("object") => "tables",
        _ => "values",
    }
    .to_owned()
}

fn article(kind: &str) -> String {
    let an = kind.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {kind}", if an { "an" } else { "a" })
}

/// The known word that is most like `word`, if any is like it at all.
pub(crate) fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let lower = word.to_lowercase();
    known
        .map(|k| (strsim::damerau_levenshtein(&lower, &k.to_lowercase()), k))
        .filter(|(edits, k)| *edits <= (k.chars().count().max(lower.chars().count()) / 3).max(1))
        .min()
        .map(|(_, k)| k)
}
