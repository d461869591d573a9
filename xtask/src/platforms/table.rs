//! Makes the tables of the results: in docs/platforms.md, in README.md, and on the terminal.

use std::fs;

use super::fingerprint;
use super::kept::{Kept, Results};
use super::machine::Halt;
use super::place::file_error;
use super::rows::Row;
use crate::run::root;

/// The lines before and after a table in a file.
const MARKS: [&str; 2] = ["<!-- platforms: written by `cargo xtask platforms` -->\n", "<!-- platforms: end -->\n"];

/// The files with a table, and whether their table has all rows and columns.
const FILES: &[(&str, bool)] = &[("docs/platforms.md", true), ("README.md", false)];

/// Writes the tables into the files.
pub fn write(results: &Results) -> Result<(), Halt> {
    for (file, whole) in FILES {
        let path = root().join(file);
        let text = fs::read_to_string(&path).map_err(|error| file_error(&path, &error))?;
        let text = with_table(&text, &markdown(results, *whole))
            .ok_or_else(|| Halt::Failed(format!("{file} has no line `{}` with its end after it", MARKS[0].trim())))?;
        fs::write(&path, text).map_err(|error| file_error(&path, &error))?;
    }
    Ok(())
}

/// Replaces the table between the marks in `text`.
fn with_table(text: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(MARKS[0])?;
    let (_, after) = rest.split_once(MARKS[1])?;
    Some([before, MARKS[0], "\n", table, "\n", MARKS[1], after].concat())
}

/// The table with all rows and columns, or the README's shorter one.
fn markdown(results: &Results, whole: bool) -> String {
    let mut lines = match whole {
        true => vec![
            "| row | platform | compiler or driver | result | seconds | commit | day |".to_owned(),
            "|---|---|---|---|--:|---|---|".to_owned(),
        ],
        false => vec![
            "| platform | compiler or driver | result | commit | day |".to_owned(),
            "|---|---|---|---|---|".to_owned(),
        ],
    };
    let rows = results.rows().filter(|(row, _)| whole || row.in_readme);
    lines.extend(rows.map(|(row, kept)| line(row, kept, results.latest_kernels(), whole)));
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn line(row: &Row, kept: &Kept, latest: &str, whole: bool) -> String {
    let result = if kept.passed { kept.result.clone() } else { format!("**{}**", kept.result) };
    let commit = format!("{}{}", kept.commit, age(kept, latest));
    let (with, seconds, day) = (&kept.with, kept.seconds, kept.day());
    match whole {
        true => format!("| `{}` | {} | {with} | {result} | {seconds} | {commit} | {day} |", row.name, row.platform),
        false => format!("| {} | {with} | {result} | {commit} | {day} |", row.platform),
    }
}

/// A note for a result with other kernels than `kernels`.
fn age(kept: &Kept, kernels: &str) -> &'static str {
    if kept.kernels == kernels { "" } else { " (other kernels)" }
}

/// The table for the terminal. It marks results with other kernels than the current ones.
pub fn printed(results: &Results) -> Result<String, Halt> {
    let kernels = fingerprint::of_kernels()?;
    let lines = results.rows().map(|(row, kept)| {
        let verdict = if kept.passed { "passed" } else { "FAILED" };
        let Kept { result, commit, date, .. } = kept;
        format!("{:<12} {verdict}  {result}; {commit}{}, {date}\n", row.name, age(kept, &kernels))
    });
    Ok(lines.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results() -> Results {
        let kept = |row: &str, passed, kernels: &str, date: &str| Kept {
            row: row.into(),
            passed,
            result: "3 passed, 0 failed".into(),
            with: "Mesa 22".into(),
            seconds: 12,
            commit: "abc".into(),
            kernels: kernels.into(),
            date: date.into(),
        };
        Results(vec![kept("lavapipe", true, "1", "2026-01-02 03:04"), kept("spirv", false, "2", "2026-01-03 00:00")])
    }

    #[test]
    fn a_table_marks_failures_and_results_with_other_kernels() {
        let whole = markdown(&results(), true);
        assert!(whole.contains(
            "| `lavapipe` | Vulkan | Mesa 22 | 3 passed, 0 failed | 12 | abc (other kernels) | 2026-01-02 |\n"
        ));
        assert!(whole.contains("| **3 passed, 0 failed** | 12 | abc | 2026-01-03 |\n"), "{whole}");
        let short = markdown(&results(), false);
        assert!(short.contains("| Vulkan | Mesa 22 |") && !short.contains("Vulkan's language"), "{short}");
    }

    #[test]
    fn a_table_replaces_the_old_one() {
        let text = format!("before\n{}old\n{}after\n", MARKS[0], MARKS[1]);
        let new = format!("before\n{}\nnew\n\n{}after\n", MARKS[0], MARKS[1]);
        assert_eq!(with_table(&text, "new\n"), Some(new));
        assert_eq!(with_table("no marks", "new\n"), None);
        assert_eq!(with_table(&format!("{}no end", MARKS[0]), "new\n"), None);
    }

    /// Fails if a table was changed by hand, or the results changed without their tables.
    #[test]
    fn the_committed_tables_match_the_results() {
        let results = Results::read().expect("docs/platforms.tsv holds rows");
        for (file, whole) in FILES {
            let text = fs::read_to_string(root().join(file)).expect("the file is there");
            let made = with_table(&text, &markdown(&results, *whole));
            assert!(
                made.is_some_and(|made| made == text),
                "the table of {file} does not match docs/platforms.tsv: run `cargo xtask platforms --tables`"
            );
        }
    }
}
