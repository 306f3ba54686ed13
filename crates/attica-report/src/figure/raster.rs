//! PNG: the SVG drawn with the bundled fonts only, so that the bytes are the same everywhere.

use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use super::spec::Figure;
use super::{Look, svg, type_setting};

/// A figure that could not be turned into pixels.
#[derive(Debug, thiserror::Error)]
pub enum RasterError {
    /// The drawing did not parse.
    #[error("the figure could not be read back: {0}")]
    Parse(String),
    /// No room for the pixels.
    #[error("a picture of {width} x {height} pixels is too large or empty; choose another resolution")]
    Size {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
    },
    /// The PNG could not be written.
    #[error("the PNG could not be written: {0}")]
    Encode(#[from] png::EncodingError),
}

static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(type_setting::LATIN.to_vec());
    fonts.load_font_data(type_setting::CHINESE.to_vec());
    fonts.set_sans_serif_family(type_setting::LATIN_FAMILY);
    Arc::new(fonts)
});

/// A drawing in pixels, as a PNG file.
pub struct Png {
    /// The file.
    pub bytes: Vec<u8>,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

/// Draws `figure` at `dpi` dots per inch (300 for print; 96 is the size on screen).
///
/// # Errors
/// When the picture would have no pixel or more than memory holds.
pub fn png(figure: &Figure, look: Look, dpi: f64) -> Result<Png, RasterError> {
    let options =
        Options { fontdb: FONTS.clone(), font_family: type_setting::LATIN_FAMILY.to_owned(), ..Options::default() };
    let tree = Tree::from_str(&svg(figure, look), &options).map_err(|e| RasterError::Parse(e.to_string()))?;
    let scale = (dpi / 96.0) as f32;
    let (width, height) = ((tree.size().width() * scale).round() as u32, (tree.size().height() * scale).round() as u32);
    let mut pixels = Pixmap::new(width, height).ok_or(RasterError::Size { width, height })?;
    // The paper may end within the last row of pixels.
    pixels.fill(Color::WHITE);
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
    // The paper is white and covers everything: the fourth channel says nothing.
    let rgb: Vec<u8> = pixels.data().chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::Fast);
    let per_metre = (dpi / 0.0254).round() as u32;
    encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: per_metre, yppu: per_metre, unit: png::Unit::Meter }));
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&rgb)?;
    writer.finish()?;
    Ok(Png { bytes, width, height })
}
