//! The rows of compile targets: `cargo check` for the web, Windows and macOS, and the program's tests under Wine.

use super::machine::Halt;
use super::place::{Outcome, Place};
use super::windows::{COMPILER, TARGET, WINE, Windows};

/// `wasm32`: the library for browsers, with and without its `gpu` feature.
pub fn wasm32(place: &Place) -> Result<Outcome, Halt> {
    let windows = Windows::with(place, &[COMPILER, &["libstd-rust-dev-wasm32"]])?;
    for (log, features) in [("gpu", ""), ("alone", " --no-default-features")] {
        let line = format!("check --locked --target wasm32-unknown-unknown -p wgloss{features}");
        let mut cargo = windows.cargo(&line);
        let ended = place.watch(cargo.env("RUSTFLAGS", "-D warnings"), log, 40)?;
        ended.success(&format!("cargo {line}"))?;
    }
    Ok(compiles("compiles, with and without a GPU", &windows))
}

/// `macos`: the program. Checking it needs nothing from Apple; only linking would.
pub fn macos(place: &Place) -> Result<Outcome, Halt> {
    let windows = Windows::with(place, &[COMPILER])?;
    let mut cargo = windows.cargo_with_std("check", "--target aarch64-apple-darwin -p wgloss-cli");
    place.watch(&mut cargo, "check", 40)?.success("cargo check for macOS")?;
    Ok(compiles("compiles", &windows))
}

/// `windows`: the whole workspace, and the program's tests that need no GPU, under Wine.
pub fn windows(place: &Place) -> Result<Outcome, Halt> {
    let windows = Windows::with(place, &[COMPILER, WINE])?;
    let all = format!("--target {TARGET} --workspace --all-targets");
    let mut cargo = windows.cargo_with_std("check", &all);
    place.watch(&mut cargo, "check", 60)?.success("cargo check of the workspace for Windows")?;
    windows.boot()?;
    // all tests except `--test gpu`, which need a GPU
    let tests = format!("--target {TARGET} -p wgloss-cli --lib --bins --test program");
    let ended = place.watch(&mut windows.cargo_with_std("test", &tests), "test", 60)?;
    let (passed, failed) = counts(&ended.printed);
    if failed > 0 {
        ended.printed.lines().filter(|line| line.ends_with("... FAILED")).for_each(|line| println!("{line}"));
    } else if !ended.succeeded {
        ended.success("cargo test for Windows")?;
    }
    let result = format!("compiles; tests of the program: {passed} passed, {failed} failed");
    let with = format!("{}, {}", rustc(&windows), windows.name());
    Ok(Outcome { passed: failed == 0 && passed > 0, result, with })
}

fn compiles(result: &str, windows: &Windows<'_>) -> Outcome {
    Outcome { passed: true, result: result.into(), with: rustc(windows) }
}

fn rustc(windows: &Windows<'_>) -> String {
    format!("rustc {}", windows.sid().version("rustc"))
}

/// Sums cargo's summaries, such as `test result: ok. 3 passed; 0 failed; ...`.
fn counts(printed: &str) -> (usize, usize) {
    let number = |line: &str, what: &str| {
        let before = line.split(&format!(" {what}")).next()?;
        before.rsplit(' ').next()?.parse::<usize>().ok()
    };
    let summaries = printed.lines().filter(|line| line.starts_with("test result: "));
    summaries.fold((0, 0), |(passed, failed), line| {
        (passed + number(line, "passed").unwrap_or(0), failed + number(line, "failed").unwrap_or(0))
    })
}

#[cfg(test)]
mod tests {
    use super::counts;

    #[test]
    fn tests_are_counted_over_all_summaries() {
        let printed = "test a ... ok\ntest result: ok. 12 passed; 0 failed; 0 ignored\n\
                       test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured\n";
        assert_eq!(counts(printed), (15, 2));
        assert_eq!(counts("error: could not compile"), (0, 0));
    }
}
