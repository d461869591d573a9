//! The rows of languages: clang checks the MSL of every kernel with a stub of Metal's library, and Khronos' spirv-val
//! checks the SPIR-V.

use std::path::Path;
use std::process::Command;

use super::machine::{Halt, need};
use super::place::{Outcome, Place};
use super::texts::{counted, dealt, files};
use crate::run::output;

/// The number of files in one call of clang.
const BATCH: usize = 100;

/// The options of clang. MSL is C++14 with attributes that clang does not know, and its literals are floats.
const MSL: &[&str] = &[
    "-fsyntax-only",
    "-std=c++14",
    "-xc++",
    "-Wno-everything",
    "-Xclang",
    "-cl-single-precision-constant",
    "-fno-exceptions",
    "-nostdinc++",
];

/// `msl`: clang checks the MSL of every kernel.
pub fn msl(place: &Place) -> Result<Outcome, Halt> {
    need(place.install, &["clang"])?;
    let texts = files(&place.texts()?.join("msl"))?;
    let stub = crate::run::root().join("xtask/platforms/metal");
    let clang = |files: &[&Path], log: &str| {
        let mut clang = Command::new("clang");
        place.watch(clang.args(MSL).arg("-I").arg(&stub).args(files), log, 20)
    };
    if clang(&[&stub.join("wrong.metal")], "wrong")?.succeeded {
        return Err(Halt::Failed("clang accepts wrong.metal, which is wrong: the check finds nothing".into()));
    }
    let refused = dealt(&texts, |worker, hand| {
        let mut refused = Vec::new();
        for batch in hand.chunks(BATCH) {
            let ended = clang(batch, &worker.to_string())?;
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

/// The lines of clang's output that name an error, or the whole output if no line does.
fn errors(printed: &str) -> Vec<String> {
    let errors: Vec<_> = printed.lines().filter(|line| line.contains("error:")).map(str::to_owned).collect();
    if errors.is_empty() { vec![printed.to_owned()] } else { errors }
}

/// `naga`: the tests of kernels, for every kernel instead of some.
pub fn naga(place: &Place) -> Result<Outcome, Halt> {
    let outcome = place.tests(&["--lib", "every_kernel"], "WGLOSS_EVERY_KERNEL")?;
    Ok(Outcome { with: "naga of Cargo.lock".into(), ..outcome })
}

/// `spirv`: spirv-val checks the SPIR-V of every kernel.
pub fn spirv(place: &Place) -> Result<Outcome, Halt> {
    need(place.install, &["spirv-tools"])?;
    let texts = files(&place.texts()?.join("spirv"))?;
    // spirv-val takes one file a call
    let validate = |file: &Path| {
        let ended = Command::new("spirv-val").args(["--target-env", "vulkan1.3"]).arg(file).output();
        match ended {
            Ok(ended) if ended.status.success() => None,
            Ok(ended) => Some(format!("{}: {}", file.display(), String::from_utf8_lossy(&ended.stderr).trim())),
            Err(error) => Some(format!("spirv-val: {error}")),
        }
    };
    let refused = dealt(&texts, |_, hand| Ok(hand.into_iter().filter_map(validate).collect::<Vec<_>>()))?;
    let version = output(Command::new("spirv-val").arg("--version"))?;
    // the name and version, without the day of the build
    let version: Vec<&str> = version.split_whitespace().take(2).collect();
    Ok(outcome(texts.len(), &refused.concat(), format!("spirv-val of {}", version.join(" "))))
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
