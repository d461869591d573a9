//! What the training examples share: they read photographs, and write a picture.

use image::ImageResult;
use std::error::Error;
use std::path::{Path, PathBuf};
use wgloss_chart::{Align, Colour, Picture};

/// The space between panels, and the height of the title above each.
pub const GAP: f64 = 16.0;
pub const TITLE: f64 = 26.0;

/// A grey picture from `data/`. Its levels go from 0 for black to 1 for white.
pub struct Photograph {
    /// The pixels in a row.
    pub width: usize,
    /// The number of rows.
    pub height: usize,
    /// The grey levels, row by row.
    pub pixels: Vec<f32>,
}

impl Photograph {
    /// Reads a file of `data/`.
    pub fn load(name: &str) -> ImageResult<Photograph> {
        let picture = image::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name))?.to_luma8();
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let pixels = picture.into_raw().into_iter().map(|level| f32::from(level) / 255.0).collect();
        Ok(Photograph { width, height, pixels })
    }
}

/// Writes a title above a panel.
pub fn title(picture: &mut Picture, [left, middle]: [f64; 2], text: &str) {
    picture.text([left, middle], text, 16.0, Colour::INK, Align::Left);
}

/// Draws a square of a colour with its meaning beside it, and returns where the text ends.
pub fn key(picture: &mut Picture, [left, middle]: [f64; 2], colour: Colour, meaning: &str) -> f64 {
    picture.rectangle([left, middle - 6.0], [left + 12.0, middle + 6.0], colour);
    title(picture, [left + 18.0, middle], meaning);
    left + 18.0 + Picture::text_width(meaning, 16.0)
}

/// Writes the picture to `out/`, and returns its path.
pub fn save(picture: &Picture, name: &str) -> Result<PathBuf, Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("out");
    std::fs::create_dir_all(&folder)?;
    let file = folder.join(name);
    std::fs::write(&file, picture.png()?)?;
    Ok(file)
}
