//! The rows of languages: every kernel's MSL by clang, with a stub in the place of Metal's library, and SPIR-V by Khronos.

use std::path::Path;
use std::process::Command;

use super::machine::{Halt, need};
use super::place::{Outcome, Place};
use super::texts::{counted, dealt, files};
use crate::run::output;

/// What each folder of SPIR-V is for.
const VULKAN: &[(&str, &str)] = &[("spirv-1.3", "vulkan1.1"), ("spirv-1.6", "vulkan1.3")];

/// How many files clang is given at once.
const BATCH: usize = 100;

/// What clang is told: MSL is C++14 with attributes that it does not know.
const MSL: &[&str] = &[
    "-fsyntax-only",
    "-std=c++14",
    "-xc++",
    "-Wno-everything",
    "-Werror=return-type",
    "-Werror=implicit-fallthrough",
    "-fno-exceptions",
    "-nostdinc++",
];

/// `msl`.
pub fn msl(place: &Place) -> Result<Outcome, Halt> {
    need(place.install, &["clang"])?;
    let texts = files(&place.texts()?.join("msl"))?;
    let stub = crate::run::root().join("xtask/platforms/metal");
    let refused = dealt(&texts, |worker, hand| {
        let mut refused = Vec::new();
        for (number, batch) in hand.chunks(BATCH).enumerate() {
            let mut clang = Command::new("clang");
            clang.args(MSL).arg("-I").arg(&stub).args(batch);
            let ended = place.watch(&mut clang, &format!("{worker}-{number}"), 20)?;
            if !ended.succeeded {
                refused.extend(errors(&ended.printed));
            }
        }
        Ok(refused)
    })?;
    let version = output(Command::new("clang").arg("--version"))?;
    let with = version.lines().next().unwrap_or("clang").to_owned();
    Ok(outcome(texts.len(), &refused.concat(), with))
}

/// clang's lines that name an error.
fn errors(printed: &str) -> Vec<String> {
    let errors: Vec<_> = printed.lines().filter(|line| line.contains("error:")).map(str::to_owned).collect();
    if errors.is_empty() { vec![printed.to_owned()] } else { errors }
}

/// `spirv`.
pub fn spirv(place: &Place) -> Result<Outcome, Halt> {
    need(place.install, &["spirv-tools"])?;
    let (mut count, mut refused) = (0, Vec::new());
    for (folder, environment) in VULKAN {
        let texts = files(&place.texts()?.join(folder))?;
        count += texts.len();
        // it takes one file a call
        let validate = |file: &Path| {
            let ended = Command::new("spirv-val").args(["--target-env", environment]).arg(file).output();
            match ended {
                Ok(ended) if ended.status.success() => None,
                Ok(ended) => Some(format!("{}: {}", file.display(), String::from_utf8_lossy(&ended.stderr).trim())),
                Err(error) => Some(format!("spirv-val: {error}")),
            }
        };
        let said = dealt(&texts, |_, hand| Ok(hand.into_iter().filter_map(validate).collect::<Vec<_>>()))?;
        refused.extend(said.concat());
    }
    let version = output(Command::new("spirv-val").arg("--version"))?;
    Ok(outcome(count, &refused, format!("spirv-val, {}", version.lines().next().unwrap_or_default())))
}

fn outcome(count: usize, refused: &[String], with: String) -> Outcome {
    for line in refused.iter().take(20) {
        println!("refused: {line}");
    }
    let result = match refused.len() {
        0 => format!("{} accepted", counted(count, "text")),
        errors => format!("{} of {}", counted(errors, "error"), counted(count, "text")),
    };
    Outcome { passed: refused.is_empty() && count > 0, result, with }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_fails_the_row() {
        assert!(outcome(3, &[], String::new()).passed);
        assert!(!outcome(0, &[], String::new()).passed);
        let refused = errors("a.metal:1:2: error: no\n note: x\nb.metal:1:2: error: no\n");
        let outcome = outcome(3, &refused, String::new());
        assert_eq!((outcome.passed, outcome.result.as_str()), (false, "2 errors of 3 texts"));
        assert_eq!(errors("clang crashed"), ["clang crashed"]);
    }
}
