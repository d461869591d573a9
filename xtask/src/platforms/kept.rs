//! The results of rows, kept in docs/platforms.tsv with the commit, the kernels and the day.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::fingerprint::Origin;
use super::machine::Halt;
use super::place::{Outcome, file_error};
use super::rows::{ROWS, Row, named};
use super::table;
use crate::run::{output, root};

/// The columns of the file.
const COLUMNS: &str = "row\tpassed\tresult\twith\tseconds\tcommit\tkernels\tdate";

/// The result of a row's last run.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    pub row: String,
    pub passed: bool,
    pub result: String,
    pub with: String,
    pub seconds: u64,
    /// The commit, with a plus if the work tree differed from it.
    pub commit: String,
    /// The fingerprint of the kernels.
    pub kernels: String,
    /// The minute, in UTC.
    pub date: String,
}

impl Kept {
    /// The result of a row that ran now.
    pub fn of(row: &str, outcome: &Outcome, time: Duration, origin: Origin) -> Result<Self, Halt> {
        Ok(Self {
            row: row.into(),
            passed: outcome.passed,
            result: outcome.result.clone(),
            with: outcome.with.clone(),
            seconds: time.as_secs(),
            commit: origin.commit,
            kernels: origin.kernels,
            date: output(Command::new("date").args(["-u", "+%Y-%m-%d %H:%M"]))?.trim().into(),
        })
    }

    /// The day on which it ran.
    pub fn day(&self) -> &str {
        self.date.split(' ').next().unwrap_or_default()
    }

    fn read(line: &str) -> Option<Self> {
        let [row, passed, result, with, seconds, commit, kernels, date] = line.split('\t').collect::<Vec<_>>()[..]
        else {
            return None;
        };
        Some(Self {
            row: named(row)?.name.into(),
            passed: passed == "yes",
            result: result.into(),
            with: with.into(),
            seconds: seconds.parse().ok()?,
            commit: commit.into(),
            kernels: kernels.into(),
            date: date.into(),
        })
    }

    fn line(&self) -> String {
        let Self { row, passed, result, with, seconds, commit, kernels, date } = self;
        let passed = if *passed { "yes" } else { "no" };
        let words = [row, passed, result, with, &seconds.to_string(), commit, kernels, date];
        words.map(|word| word.replace(['\t', '\n'], " ")).join("\t")
    }
}

/// The contents of the file.
#[derive(Debug, Default)]
pub struct Results(pub Vec<Kept>);

impl Results {
    /// Reads the file. Without a file there are no results.
    pub fn read() -> Result<Self, Halt> {
        let path = path();
        match fs::read_to_string(&path) {
            Ok(text) => {
                Self::parse(&text).map_err(|line| Halt::Failed(format!("{}: `{line}` is no row", path.display())))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(file_error(&path, &error)),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let lines = text.lines().filter(|line| *line != COLUMNS);
        lines.map(|line| Kept::read(line).ok_or(line.to_owned())).collect::<Result<_, _>>().map(Self)
    }

    /// Replaces the row's result, and writes the file and the tables.
    pub fn keep(&mut self, kept: Kept) -> Result<(), Halt> {
        // read again, because another run may have written results meanwhile
        *self = Self::read()?;
        self.0.retain(|other| other.row != kept.row);
        self.0.push(kept);
        self.0.sort_by_key(|kept| ROWS.iter().position(|row| row.name == kept.row));
        let path = path();
        fs::write(&path, self.text()).map_err(|error| file_error(&path, &error))?;
        table::write(self)
    }

    fn text(&self) -> String {
        let lines = self.0.iter().map(Kept::line);
        [COLUMNS.to_owned()].into_iter().chain(lines).map(|line| line + "\n").collect()
    }

    /// The rows that have a result, each with its result.
    pub fn rows(&self) -> impl Iterator<Item = (&'static Row, &Kept)> {
        self.0.iter().filter_map(|kept| Some((named(&kept.row)?, kept)))
    }

    /// The fingerprint of the kernels of the latest result. The tables mark results with other kernels.
    pub fn latest_kernels(&self) -> &str {
        self.0.iter().max_by_key(|kept| &kept.date).map_or("", |kept| &kept.kernels)
    }
}

fn path() -> PathBuf {
    root().join("docs/platforms.tsv")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(row: &str, kernels: &str, date: &str) -> Kept {
        Kept {
            row: row.into(),
            passed: true,
            result: "3 passed, 0 failed".into(),
            with: "Mesa 22".into(),
            seconds: 12,
            commit: "abc".into(),
            kernels: kernels.into(),
            date: date.into(),
        }
    }

    #[test]
    fn results_are_read_as_they_are_written() {
        let results = Results(vec![kept("lavapipe", "1", "2026-01-02 03:04"), kept("gl", "2", "2026-01-02 03:05")]);
        let read = Results::parse(&results.text()).expect("it was written a moment ago");
        assert_eq!(read.0, results.0);
        assert_eq!(read.latest_kernels(), "2");
        assert_eq!(Results::default().latest_kernels(), "");
        for line in ["no-such-row\tyes\ta\tb\t1\tc\td\te", "gl\tyes\ta", "gl\tyes\ta\tb\tlong\tc\td\te"] {
            assert_eq!(Results::parse(line).unwrap_err(), line);
        }
    }

    #[test]
    fn the_committed_file_can_be_read() {
        Results::read().expect("docs/platforms.tsv holds rows");
    }
}
