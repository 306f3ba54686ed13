//! The fonts of figures, and how wide a text is in them.

use std::sync::LazyLock;

use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider};

/// Open Sans: Latin, Greek, Cyrillic, mathematical signs.
pub const LATIN: &[u8] = include_bytes!("../../assets/OpenSans-subset.ttf");

/// Droid Sans Fallback: the characters of GB 2312.
pub const CHINESE: &[u8] = include_bytes!("../../assets/DroidSansFallback-subset.ttf");

/// Family of [`LATIN`].
pub const LATIN_FAMILY: &str = "Open Sans";

/// Families in an SVG: the bundled fonts first, then what systems have.
pub const FAMILIES: &str = "'Open Sans','Droid Sans Fallback','Segoe UI','Helvetica Neue',Arial,'PingFang SC',\
                            'Microsoft YaHei','Noto Sans CJK SC',sans-serif";

/// Width of `text` at `size`, in the units of `size`.
pub fn width(text: &str, size: f64) -> f64 {
    static FONT: LazyLock<Option<FontRef<'static>>> = LazyLock::new(|| FontRef::new(LATIN).ok());
    let Some(font) = FONT.as_ref() else { return text.chars().map(|c| fallback(c) * size).sum() };
    let glyphs = font.charmap();
    let metrics = font.glyph_metrics(Size::new(size as f32), LocationRef::default());
    let advance = |c| glyphs.map(c).and_then(|glyph| metrics.advance_width(glyph)).map(f64::from);
    text.chars().map(|c| advance(c).unwrap_or_else(|| fallback(c) * size)).sum()
}

/// Chinese characters are square; what neither font has is taken as a letter.
fn fallback(c: char) -> f64 {
    if c >= '\u{2E80}' { 1.0 } else { 0.6 }
}

/// `text` cut to `room`, with an ellipsis where something is missing.
pub fn fit(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let room = room - width("…", size);
    let mut used = 0.0;
    let mut out = String::new();
    for c in text.chars() {
        used += width(c.encode_utf8(&mut [0; 4]), size);
        if used > room {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

/// `text` in one line of `room`, or in two that part at a space or between Chinese characters, the second cut to `room`.
pub fn two_lines(text: &str, size: f64, room: f64) -> Vec<String> {
    if width(text, size) <= room {
        return vec![text.to_owned()];
    }
    let mut used = 0.0;
    let mut part = None;
    let mut letters = text.char_indices().peekable();
    while let Some((i, c)) = letters.next() {
        used += width(c.encode_utf8(&mut [0; 4]), size);
        if used > room {
            break;
        }
        let punctuation = letters.peek().is_none_or(|(_, next)| "，。、；：）".contains(*next));
        if c == ' ' || (c >= '\u{2E80}' && !punctuation) {
            part = Some(i + c.len_utf8());
        }
    }
    match part {
        Some(at) => vec![text[..at].trim_end().to_owned(), fit(&text[at..], size, room)],
        None => vec![fit(text, size, room)],
    }
}
