//! A reference document: the styles of somebody's own Word file, taken over into ours.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::ops::Range;

use resvg::usvg::roxmltree::{Document, Node};

/// WordprocessingML and DrawingML.
const W: &str = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
const A: &str = "http://schemas.openxmlformats.org/drawingml/2006/main";
/// Most bytes that a part may unpack to.
const MOST: u64 = 16 << 20;

/// The styles of a .docx file as one XML part that stands alone: fonts that it names by theme are written out, and
/// numbering, which would point into another part, is left out.
///
/// # Errors
/// A sentence, when the bytes are no Word document with styles.
pub fn read(bytes: &[u8]) -> Result<String, String> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    let styles = part(&mut archive, "word/styles.xml")?.ok_or("it has no styles (word/styles.xml)")?;
    let theme = part(&mut archive, "word/theme/theme1.xml")?.unwrap_or_default();
    let fonts = theme_fonts(&theme);
    let parsed = Document::parse(&styles).map_err(|error| error.to_string())?;
    if !parsed.root_element().has_tag_name((W, "styles")) || parsed.root_element().lookup_prefix(W) != Some("w") {
        return Err("word/styles.xml is not what Word writes".to_owned());
    }
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    for node in parsed.descendants() {
        if node.has_tag_name((W, "numPr")) {
            edits.push((node.range(), String::new()));
        } else if node.has_tag_name((W, "rFonts")) {
            edits.push((node.range(), plain_fonts(node, &fonts)));
        }
    }
    let mut out = styles.clone();
    for (range, text) in edits.into_iter().rev() {
        out.replace_range(range, &text);
    }
    Ok(out)
}

fn part(archive: &mut zip::ZipArchive<Cursor<&[u8]>>, name: &str) -> Result<Option<String>, String> {
    let Ok(part) = archive.by_name(name) else { return Ok(None) };
    let mut text = String::new();
    part.take(MOST + 1).read_to_string(&mut text).map_err(|error| error.to_string())?;
    if text.len() as u64 > MOST {
        return Err(format!("{name} unpacks to more than 16 megabytes"));
    }
    Ok(Some(text.strip_prefix('\u{feff}').map_or(text.clone(), str::to_owned)))
}

/// Typefaces of a theme by what `w:asciiTheme` and the like call them, apart from the script: `minor`, `major`.
fn theme_fonts(theme: &str) -> BTreeMap<(&'static str, &'static str), String> {
    let mut fonts = BTreeMap::new();
    let Ok(parsed) = Document::parse(theme) else { return fonts };
    for (family, tag) in [("minor", "minorFont"), ("major", "majorFont")] {
        let Some(font) = parsed.descendants().find(|node| node.has_tag_name((A, tag))) else { continue };
        let named = |wanted: &dyn Fn(&Node<'_, '_>) -> bool| {
            let found = font.children().find(|node| wanted(node));
            found.and_then(|node| node.attribute("typeface")).filter(|face| !face.is_empty()).map(str::to_owned)
        };
        let latin = named(&|node| node.has_tag_name((A, "latin")));
        let chinese = named(&|node| node.has_tag_name((A, "ea")) && node.attribute("typeface") != Some(""))
            .or_else(|| named(&|node| node.attribute("script") == Some("Hans")));
        fonts.extend(latin.map(|face| ((family, "latin"), face)));
        fonts.extend(chinese.map(|face| ((family, "chinese"), face)));
    }
    fonts
}

/// `w:rFonts` with its themes replaced by typefaces; a theme that is not there leaves the typeface named beside it.
fn plain_fonts(node: Node<'_, '_>, fonts: &BTreeMap<(&'static str, &'static str), String>) -> String {
    let mut out = "<w:rFonts".to_owned();
    let kinds = [
        ("ascii", "asciiTheme", "latin"),
        ("hAnsi", "hAnsiTheme", "latin"),
        ("eastAsia", "eastAsiaTheme", "chinese"),
        ("cs", "cstheme", "latin"),
    ];
    for (name, theme, script) in kinds {
        let of_theme = node.attribute((W, theme)).and_then(|theme| {
            let family = if theme.starts_with("major") { "major" } else { "minor" };
            fonts.get(&(family, script)).map(String::as_str)
        });
        if let Some(face) = of_theme.or_else(|| node.attribute((W, name))) {
            out.push_str(&format!(" w:{name}=\"{}\"", crate::escape::xml(face)));
        }
    }
    out + "/>"
}

/// `theirs` with those of our styles that it lacks by name, and what our other styles are called there by identifier.
/// A style of a name that both have looks as theirs.
///
/// # Errors
/// A sentence, when either is no XML.
pub(crate) fn merged(ours: &str, theirs: &str) -> Result<(String, BTreeMap<String, String>), String> {
    let parse = |text| Document::parse(text).map_err(|error| error.to_string());
    let (parsed, other) = (parse(ours)?, parse(theirs)?);
    let known: BTreeMap<String, String> = named(&other).map(|(name, id, _)| (name, id)).collect();
    let ids: std::collections::BTreeSet<&String> = known.values().collect();
    let mut renamed = BTreeMap::new();
    let mut added = Vec::new();
    for (name, id, range) in named(&parsed) {
        if let Some(theirs) = known.get(&name) {
            renamed.insert(id, theirs.clone());
        } else {
            // An identifier that another of their styles has.
            if ids.contains(&id) {
                renamed.insert(id.clone(), format!("Attica{id}"));
            }
            added.push(range);
        }
    }
    let mut more = added.into_iter().map(|range| &ours[range]).collect::<String>();
    for (old, new) in &renamed {
        for attribute in ["w:styleId", "w:basedOn w:val"] {
            more = more
                .replace(&format!("{attribute}=\"{old}\""), &format!("{attribute}=\"{}\"", crate::escape::xml(new)));
        }
    }
    let end = theirs.rfind("</w:styles>").ok_or("it does not end as styles do")?;
    Ok((format!("{}{more}{}", &theirs[..end], &theirs[end..]), renamed))
}

/// Paragraph styles: name in small letters, identifier, place in the text.
fn named<'d>(parsed: &'d Document<'d>) -> impl Iterator<Item = (String, String, Range<usize>)> + 'd {
    parsed.root_element().children().filter(|node| node.has_tag_name((W, "style"))).filter_map(|node| {
        let name = node.children().find(|child| child.has_tag_name((W, "name")))?.attribute((W, "val"))?;
        let id = node.attribute((W, "styleId"))?;
        let is_paragraph = node.attribute((W, "type")) == Some("paragraph");
        is_paragraph.then(|| (name.to_lowercase(), id.to_owned(), node.range()))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write;

    use super::*;

    fn archive(parts: &[(&str, &str)]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in parts {
            writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    const THEIRS: &str = "<w:styles xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\">\
        <w:style w:type=\"paragraph\" w:styleId=\"a\"><w:name w:val=\"Normal\"/></w:style>\
        <w:style w:type=\"paragraph\" w:styleId=\"1\"><w:name w:val=\"heading 1\"/><w:basedOn w:val=\"a\"/><w:pPr>\
        <w:numPr><w:numId w:val=\"7\"/></w:numPr></w:pPr><w:rPr><w:rFonts w:asciiTheme=\"majorHAnsi\" w:eastAsiaTheme=\
        \"majorEastAsia\" w:cs=\"Arial\"/></w:rPr></w:style></w:styles>";
    const THEME: &str = "<a:theme xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\"><a:majorFont>\
        <a:latin typeface=\"Cambria\"/><a:ea typeface=\"\"/><a:font script=\"Hans\" typeface=\"黑体\"/></a:majorFont></a:theme>";

    #[test]
    fn fonts_of_the_theme_are_written_out_and_numbering_is_left_out() {
        let styles = read(&archive(&[("word/styles.xml", THEIRS), ("word/theme/theme1.xml", THEME)])).unwrap();
        assert!(styles.contains("<w:rFonts w:ascii=\"Cambria\" w:eastAsia=\"黑体\" w:cs=\"Arial\"/>"), "{styles}");
        assert!(!styles.contains("numPr"));
    }

    #[test]
    fn styles_are_the_same_by_name_whatever_their_identifiers() {
        let ours = THEIRS.split("<w:style ").next().unwrap().to_owned()
            + "<w:style w:type=\"paragraph\" w:styleId=\"Heading1\"><w:name w:val=\"Heading 1\"/></w:style>\
               <w:style w:type=\"paragraph\" w:styleId=\"Normal\"><w:name w:val=\"Normal\"/></w:style>\
               <w:style w:type=\"paragraph\" w:styleId=\"Cell\"><w:name w:val=\"Table Cell\"/><w:basedOn w:val=\"Normal\"/></w:style></w:styles>";
        let (styles, renamed) = merged(&ours, THEIRS).unwrap();
        assert_eq!(renamed["Heading1"], "1");
        assert_eq!(renamed["Normal"], "a");
        assert!(
            styles.contains("w:styleId=\"Cell\"><w:name w:val=\"Table Cell\"/><w:basedOn w:val=\"a\"/>"),
            "{styles}"
        );
        assert_eq!(styles.matches("heading 1").count(), 1);
    }

    #[test]
    fn what_is_no_word_document_is_refused() {
        for bytes in [b"text".to_vec(), archive(&[("a", "b")]), archive(&[("word/styles.xml", "<w:styles>")])] {
            assert!(read(&bytes).is_err());
        }
        let entities = "<!DOCTYPE x [<!ENTITY a \"b\">]><w:styles xmlns:w=\"x\">&a;</w:styles>";
        assert!(read(&archive(&[("word/styles.xml", entities)])).is_err());
    }
}
