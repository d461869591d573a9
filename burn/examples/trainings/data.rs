//! The data of the repository: the digits of `cli/data`, and the photograph of coins with its mask in `data`.

use crate::Result;
use std::path::PathBuf;
use zune_inflate::DeflateDecoder;
use zune_png::PngDecoder;
use zune_png::zune_core::bytestream::ZCursor;

/// A file of the repository.
fn read(path: &str) -> Result<Vec<u8>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// A handwritten digit: 64 pixels from 0 to 1, and the digit as its label.
#[derive(Clone, Debug)]
pub struct Digit {
    pub pixels: Vec<f32>,
    pub label: i32,
}

/// The digits.
pub fn digits() -> Result<Vec<Digit>> {
    let csv =
        DeflateDecoder::new(&read("cli/data/digits.csv.gz")?).decode_gzip().map_err(|error| format!("{error:?}"))?;
    let digit = |line: &str| {
        let cells = line.split(',').map(str::parse).collect::<std::result::Result<Vec<i32>, _>>()?;
        let (label, image) = cells.split_last().ok_or("a line has cells")?;
        Ok(Digit { pixels: image.iter().map(|level| *level as f32 / 16.0).collect(), label: *label })
    };
    String::from_utf8(csv)?.lines().map(digit).collect()
}

/// A grey picture, with levels from 0 to 1.
pub struct Picture {
    pub width: usize,
    pub levels: Vec<f32>,
}

/// Reads a picture of the folder `data`.
pub fn picture(name: &str) -> Result<Picture> {
    let file = read(&format!("data/{name}"))?;
    let mut decoder = PngDecoder::new(ZCursor::new(&file[..]));
    let bytes = decoder.decode_raw().map_err(|error| format!("{name}: {error:?}"))?;
    let (width, height) = decoder.dimensions().ok_or("a picture has a size")?;
    let channels = bytes.len() / (width * height);
    Ok(Picture { width, levels: bytes.chunks(channels).map(|pixel| f32::from(pixel[0]) / 255.0).collect() })
}
