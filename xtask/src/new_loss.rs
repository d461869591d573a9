//! `cargo xtask new-loss`: lays down the files of a new loss, with the places to fill in.

use std::fs;
use std::path::Path;

use crate::run::{Stop, root};

/// The families with a template: the loss in Rust and its leaf in WGSL. The templates are valid losses as they stand.
const TEMPLATES: &[(&str, [&str; 2])] = &[
    ("pointwise", [include_str!("../new_loss/pointwise.rs"), include_str!("../new_loss/pointwise.wgsl")]),
    ("softmax", [include_str!("../new_loss/softmax.rs"), include_str!("../new_loss/softmax.wgsl")]),
    ("class_sum", [include_str!("../new_loss/class_sum.rs"), include_str!("../new_loss/class_sum.wgsl")]),
];

/// The list of all losses.
const LIST: &str = "src/losses/mod.rs";

/// Lays down a loss's files, adds it to the list, and says what is left to do.
pub fn new_loss(family: &str, id: &str) -> Result<(), Stop> {
    let written = lay(root(), family, id)?;
    written.iter().for_each(|path| println!("wrote {path}"));
    println!(
        "added {} to {LIST}\n\nNow:\n  1. replace every FILL IN, the formula and its derivatives, in Rust and in WGSL\n  \
         2. name it in a task of src/tasks.rs, and write docs/choosing.md and docs/losses.md anew: `wgloss list --markdown`\n  \
         3. add its cases to cases/generate.py or a file beside it, and run it\n  \
         4. add its formula to tests/accuracy/formulas, and write its row: `WGLOSS_WRITE_ACCURACY=1 cargo test --test accuracy`\n  \
         5. add its row to docs/comparison.md, and a line to CHANGELOG.md\n  \
         6. run its tests; the first names what is missing: `cargo test --lib`, `cargo test --doc {id}`, `cargo test --test twins {id}`, `cargo test --test gpu {id}`",
        name(id)
    );
    Ok(())
}

/// The struct's name.
fn name(id: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    id.split('_').map(capital).collect()
}

/// Writes the files below `root`, and returns their paths.
fn lay(root: &Path, family: &str, id: &str) -> Result<[String; 2], Stop> {
    let families = || TEMPLATES.iter().map(|(family, _)| *family).collect::<Vec<_>>().join(", ");
    let template = TEMPLATES.iter().find(|(known, _)| *known == family);
    let (_, texts) = template
        .ok_or_else(|| Stop::Failed(format!("no template for the family {family}; there are {}", families())))?;
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    if !id.split('_').all(is_word) {
        return Err(Stop::Failed(format!("{id} is no id: words of lower-case letters and digits, with _ between")));
    }
    let paths = [format!("src/losses/{family}/{id}.rs"), format!("shaders/losses/{family}/{id}.wgsl")];
    if let Some(path) = paths.iter().find(|path| root.join(path).exists()) {
        return Err(Stop::Failed(format!("{path} is there already")));
    }
    let file_error = |path: &str, error: std::io::Error| Stop::Failed(format!("{path}: {error}"));
    let list = fs::read_to_string(root.join(LIST)).map_err(|error| file_error(LIST, error))?;
    let list = listed(&list, family, id).ok_or_else(|| Stop::Failed(format!("{LIST} lists no family {family}")))?;
    for (path, text) in paths.iter().zip(texts) {
        let text = text.replace("{id}", id).replace("{Loss}", &name(id));
        fs::write(root.join(path), text).map_err(|error| file_error(path, error))?;
    }
    fs::write(root.join(LIST), list).map_err(|error| file_error(LIST, error))?;
    Ok(paths)
}

/// Adds the loss to the list as the last of its family. `None` if the list lacks the family.
fn listed(list: &str, family: &str, id: &str) -> Option<String> {
    let begin = list.find(&format!("\n    {family} {{\n"))?;
    let length = list[begin..].find("\n    }")?;
    let of_family = &list[begin..begin + length];
    // modules that are only a part of a loss follow the losses after a semicolon
    let place = begin + of_family.find(";\n").unwrap_or(of_family.trim_end_matches(',').len());
    Some(format!("{},\n        {id}: {}{}", &list[..place], name(id), &list[place..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_added_to_its_family() {
        let list = "catalogue! {\n    pointwise {\n        mse: Mse,\n        dpo: Dpo;\n        // a part\n        side\n    }\n    softmax {\n        \
                    cross_entropy: CrossEntropy,\n    }\n}\n";
        let with = listed(list, "pointwise", "huber_two").unwrap();
        assert!(with.contains("        dpo: Dpo,\n        huber_two: HuberTwo;\n"), "{with}");
        let with = listed(list, "softmax", "poly").unwrap();
        assert!(with.contains("        cross_entropy: CrossEntropy,\n        poly: Poly,\n    }"), "{with}");
        assert_eq!(listed(list, "nosuch", "poly"), None);
    }

    #[test]
    fn both_files_are_laid_with_the_loss_s_name_and_never_over_others() {
        let folder = std::env::temp_dir().join(format!("wgloss-new-loss-{}", std::process::id()));
        for (family, _) in TEMPLATES {
            for below in ["src/losses", "shaders/losses"] {
                fs::create_dir_all(folder.join(below).join(family)).unwrap();
            }
            fs::write(folder.join(LIST), fs::read_to_string(root().join(LIST)).unwrap()).unwrap();
            let paths = lay(&folder, family, "tried_out").unwrap();
            for path in &paths {
                let text = fs::read_to_string(folder.join(path)).unwrap();
                assert!(text.contains("FILL IN") && text.contains("tried_out"), "{path}");
                assert!(!text.contains("{id}") && !text.contains("{Loss}"), "{path}");
            }
            assert!(fs::read_to_string(folder.join(LIST)).unwrap().contains("        tried_out: TriedOut"));
            assert!(lay(&folder, family, "tried_out").is_err(), "a file would be overwritten");
        }
        for (family, id) in [("nosuch", "mse"), ("pointwise", "Mse"), ("pointwise", "a__b"), ("pointwise", "../x")] {
            assert!(lay(&folder, family, id).is_err(), "{family} {id}");
        }
        fs::remove_dir_all(&folder).unwrap();
    }
}
