//! `cargo xtask demo`: a segmentation trained on the GPU, and where to look at it.

use std::fs;
use std::io::ErrorKind;

use crate::adapter::set_up;
use crate::args::Install;
use crate::run::{Stop, cargo, root, run};

/// Where the example writes its picture, from the project's root.
const PICTURE: &str = "out/segmentation.png";

/// Runs the example and makes sure that its picture is there.
pub fn demo(install: Install) -> Result<(), Stop> {
    set_up(install, "release")?;
    let picture = root().join(PICTURE);
    // A picture of an earlier run would hide that this one drew none.
    match fs::remove_file(&picture) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(Stop::Failed(format!("{}: {error}", picture.display())));
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
