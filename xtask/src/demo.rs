//! `cargo xtask demo`: trains a segmentation on the GPU, and says where its picture is.

use std::fs;
use std::io::ErrorKind;

use crate::adapter::set_up;
use crate::args::Install;
use crate::run::{Stop, cargo, root, run};

/// The picture of the example, relative to the project's root.
const PICTURE: &str = "out/segmentation.png";

/// Runs the example, and checks that it wrote its picture.
pub fn demo(install: Install) -> Result<(), Stop> {
    set_up(install, "release")?;
    let picture = root().join(PICTURE);
    // A picture of an earlier run would hide that this run drew none.
    match fs::remove_file(&picture) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(Stop::at(&picture)(error));
        }
        _ => {}
    }
    run(&mut cargo(&["run", "--release", "--example", "segmentation"]))?;
    if !picture.is_file() {
        return Err(Stop::Failed(format!("the example ended well, but {} isn't there", picture.display())));
    }
    println!("the picture is {}", picture.display());
    Ok(())
}
