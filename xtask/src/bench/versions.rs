//! The versions, the commit and the day of a measurement.

use std::fs;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::run::{output, root};

/// The versions, the commit and the day on one line. Unknown ones are left out.
pub fn line() -> String {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap_or_default();
    let package = |name: &str| locked(&lock, name).map(|version| format!("{name} {version}"));
    let rustc = output(Command::new("rustc").arg("--version").current_dir(root())).ok();
    // without the commit and date in brackets
    let rustc = rustc.map(|said| said.split_whitespace().take(2).collect::<Vec<_>>().join(" "));
    let days = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() / 86400);
    let parts = [package("wgloss"), commit(), package("wgpu"), rustc, Some(date(days))];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn commit() -> Option<String> {
    let git = |args: &[&str]| output(Command::new("git").args(args).current_dir(root())).ok();
    let commit = git(&["rev-parse", "--short", "HEAD"])?;
    let changed = !git(&["status", "--porcelain", "--untracked-files=no"])?.is_empty();
    Some(format!("commit {}{}", commit.trim(), if changed { " with changes" } else { "" }))
}

/// The version of a package in the text of a Cargo.lock.
fn locked<'a>(lock: &'a str, name: &str) -> Option<&'a str> {
    let name = format!("name = \"{name}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name).skip(1);
    lines.next()?.strip_prefix("version = \"")?.strip_suffix('"')
}

/// The date `days` days after 1970-01-01.
fn date(days: u64) -> String {
    let leap = |year: u64| year.is_multiple_of(if year.is_multiple_of(100) { 400 } else { 4 });
    let (mut year, mut day) = (1970, days);
    while day >= 365 + u64::from(leap(year)) {
        day -= 365 + u64::from(leap(year));
        year += 1;
    }
    let months = [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while day >= months[month] {
        day -= months[month];
        month += 1;
    }
    format!("{year}-{:02}-{:02}", month + 1, day + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates() {
        for (days, text) in [
            (0, "1970-01-01"),
            (58, "1970-02-28"),
            (59, "1970-03-01"),
            (11_016, "2000-02-29"),
            (19_782, "2024-02-29"),
            (20_088, "2024-12-31"),
            (20_089, "2025-01-01"),
            (47_541, "2100-03-01"),
        ] {
            assert_eq!(date(days), text);
        }
    }

    #[test]
    fn a_version_is_found_by_the_whole_name_of_its_package() {
        let lock = "[[package]]\nname = \"wgpu-types\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"wgpu\"\nversion = \"30.0.2\"\n";
        assert_eq!((locked(lock, "wgpu"), locked(lock, "naga")), (Some("30.0.2"), None));
        assert!(line().contains("wgloss ") && line().contains("wgpu "), "{}", line());
    }
}
