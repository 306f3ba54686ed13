//! Bytes to text: which encoding, and how sure.

use attica::message::{Place, Problem, Result, Warning};
use encoding_rs::{BIG5, Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Decoded text, the encoding's name and what was noticed.
pub(super) struct Decoded {
    pub text: String,
    pub encoding: String,
    pub warnings: Vec<Warning>,
}

/// Decodes `bytes` by the encoding that the user names, by the byte order mark, as UTF-8, or as
/// GB18030 when the bytes look like Chinese text. Other encodings are never guessed: a wrong guess
/// merges and splits names silently.
///
/// # Errors
/// `E501` with the offset, the line and both previews.
pub(super) fn decode(bytes: &[u8], named: Option<&str>) -> Result<Decoded> {
    if let Some(name) = named {
        let encoding = Encoding::for_label(name.trim().as_bytes()).ok_or_else(|| {
            Problem::new("E501", format!("\"{name}\" is no encoding that Attica knows"))
                .fix("use one of utf-8, gb18030, gbk, big5, utf-16le, utf-16be, windows-1252")
        })?;
        return strict(bytes, encoding, Vec::new());
    }
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        let warning = Warning::new(
            "W502",
            format!("the file starts with a byte order mark; read as {}", encoding.name()),
            format!("文件以字节顺序标记（BOM）开头，按 {} 读取", encoding.name()),
        );
        return strict(bytes, encoding, vec![warning]);
    }
    if let Some(encoding) = utf16_without_mark(bytes) {
        return strict(bytes, encoding, vec![guessed(encoding)]);
    }
    let Err(utf8) = std::str::from_utf8(bytes) else { return strict(bytes, UTF_8, Vec::new()) };
    if looks_like_gb(bytes)
        && let Ok(decoded) = strict(bytes, GB18030, vec![guessed(GB18030)])
    {
        return Ok(decoded);
    }
    Err(undecodable(bytes, utf8.valid_up_to(), "UTF-8 or GB18030"))
}

fn guessed(encoding: &'static Encoding) -> Warning {
    let name = if encoding == GB18030 { "GB18030 (GBK)" } else { encoding.name() };
    Warning::new(
        "W501",
        format!("the file is not UTF-8; read as {name}. If names look wrong, say encoding = \"...\""),
        format!("文件不是 UTF-8 编码，按 {name} 读取；若名称显示不正确，请设定 encoding = \"...\""),
    )
}

/// The text in `encoding`, or `E501` at the first byte that is not in it.
fn strict(bytes: &[u8], encoding: &'static Encoding, warnings: Vec<Warning>) -> Result<Decoded> {
    let (text, encoding, bad) = encoding.decode(bytes);
    if bad {
        let offset = encoding.new_decoder_with_bom_removal();
        return Err(undecodable(bytes, first_bad(offset, bytes), encoding.name()));
    }
    if text.contains('\0') {
        return Err(Problem::new("E501", format!("the file holds zero bytes and is no text in {}", encoding.name()))
            .fix("save the table as CSV in UTF-8, or give the file the extension of its real format"));
    }
    Ok(Decoded { text: text.into_owned(), encoding: encoding.name().to_owned(), warnings })
}

/// Offset of the first byte that `decoder` refuses.
fn first_bad(mut decoder: encoding_rs::Decoder, bytes: &[u8]) -> usize {
    let mut room = [0_u8; 4096];
    let mut at = 0;
    loop {
        let (result, read, _) = decoder.decode_to_utf8_without_replacement(&bytes[at..], &mut room, true);
        at += read;
        match result {
            encoding_rs::DecoderResult::OutputFull => {}
            encoding_rs::DecoderResult::InputEmpty => return at,
            encoding_rs::DecoderResult::Malformed(length, after) => {
                return at.saturating_sub(usize::from(length) + usize::from(after));
            }
        }
    }
}

fn undecodable(bytes: &[u8], offset: usize, tried: &str) -> Problem {
    let offset = offset.min(bytes.len());
    let line = bytes[..offset].split(|&b| b == b'\n').count() as u64;
    let start = bytes[..offset].iter().rposition(|&b| b == b'\n').map_or(0, |i| i + 1);
    let sample = &bytes[start.max(offset.saturating_sub(40))..(offset + 40).min(bytes.len())];
    let sample = sample.split(|b| b"\r\n".contains(b)).find(|part| !part.is_empty()).unwrap_or(sample);
    let previews: Vec<String> = [GB18030, BIG5, WINDOWS_1252]
        .iter()
        .map(|encoding| format!("{}: \"{}\"", encoding.name().to_lowercase(), encoding.decode(sample).0.trim()))
        .collect();
    let byte = bytes.get(offset).map_or_else(String::new, |b| format!(" (0x{b:02X})"));
    Problem::new(
        "E501",
        format!("byte {offset}{byte} on line {line} is not {tried}. That spot would read as {}", previews.join(", ")),
    )
    .fix("say the one that reads right, as encoding = \"gb18030\"; or save the file as UTF-8")
    .at(Place { line: Some(line), ..Place::default() })
}

/// Mostly ASCII text in UTF-16 has a zero in every second byte.
fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(4096) & !1];
    let zeros = |odd: usize| head.iter().skip(odd).step_by(2).filter(|&&b| b == 0).count() * 2;
    if head.len() < 4 || bytes.len() % 2 == 1 {
        None
    } else if zeros(1) * 10 > head.len() * 4 && zeros(0) == 0 {
        Some(UTF_16LE)
    } else if zeros(0) * 10 > head.len() * 4 && zeros(1) == 0 {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// Chinese text in GBK is nearly all GB2312: both bytes of a pair from 0xA1. Latin letters with
/// accents and Big5 have many pairs whose second byte is below.
pub(super) fn looks_like_gb(bytes: &[u8]) -> bool {
    let (mut pairs, mut inside, mut at) = (0_usize, 0_usize, 0_usize);
    while at < bytes.len() {
        if bytes[at] < 0x80 {
            at += 1;
            continue;
        }
        pairs += 1;
        inside += usize::from(
            (0xa1..=0xf7).contains(&bytes[at]) && bytes.get(at + 1).is_some_and(|b| (0xa1..=0xfe).contains(b)),
        );
        at += 2;
    }
    pairs > 0 && inside * 10 >= pairs * 9
}
