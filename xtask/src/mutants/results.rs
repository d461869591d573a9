//! The results file: a line for each mutant, so that a later run can continue, and a summary of all lines.

use super::rules::Mutant;
use crate::run::Stop;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The result of a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// The conformance cases of `wgloss verify`, or the calls that it draws, killed it.
    Verify,
    /// A test killed it. `wgloss verify` did not.
    Tests,
    /// `wgloss verify` did not kill it, and no test has run yet.
    Passed,
    /// Nothing killed it.
    Survived,
    /// It does not compile, so it says nothing about the tests.
    Stillborn,
    /// No kernel for this machine's adapter contains its file.
    Unreached,
}

impl Fate {
    const ALL: [(Fate, &str); 6] = [
        (Fate::Verify, "verify"),
        (Fate::Tests, "tests"),
        (Fate::Passed, "passed"),
        (Fate::Survived, "survived"),
        (Fate::Stillborn, "stillborn"),
        (Fate::Unreached, "unreached"),
    ];

    fn name(self) -> &'static str {
        Fate::ALL.iter().find(|(fate, _)| *fate == self).map_or("", |(_, name)| name)
    }
}

/// A mutant's line in the results file.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub fate: Fate,
    /// The killer, with the case or test that failed.
    pub by: String,
    pub seconds: f64,
    /// The source line without and with the fault.
    pub shown: String,
}

/// The lines of all mutants.
pub struct Results {
    path: PathBuf,
    pub lines: BTreeMap<String, Line>,
}

impl Results {
    /// Reads the results of earlier runs.
    pub fn read(path: &Path) -> Results {
        let text = fs::read_to_string(path).unwrap_or_default();
        let line = |line: &str| {
            let fields: Vec<&str> = line.split('\t').collect();
            let [name, fate, by, seconds, shown] = fields.as_slice() else { return None };
            let (fate, _) = Fate::ALL.iter().find(|(_, name)| name == fate)?;
            let line = Line {
                fate: *fate,
                by: (*by).to_string(),
                seconds: seconds.parse().ok()?,
                shown: (*shown).to_string(),
            };
            Some(((*name).to_string(), line))
        };
        Results { path: path.to_path_buf(), lines: text.lines().filter_map(line).collect() }
    }

    /// Appends a line to the file at once, so that an interrupted run loses nothing. The last line of a mutant counts.
    pub fn add(&mut self, mutant: &Mutant, line: Line) -> Result<(), Stop> {
        let text = format!("{}\t{}\t{}\t{:.1}\t{}\n", mutant.name, line.fate.name(), line.by, line.seconds, line.shown);
        let file = OpenOptions::new().create(true).append(true).open(&self.path);
        file.and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|error| Stop::Failed(format!("{}: {error}", self.path.display())))?;
        self.lines.insert(mutant.name.clone(), line);
        Ok(())
    }

    /// The survivors among the named mutants, and the counts. Equivalent mutants do not count in the shares.
    pub fn summary(&self, names: &[String], equivalent: &BTreeMap<String, String>) -> String {
        let ran: Vec<(&String, &Line)> = names.iter().filter_map(|name| self.lines.get_key_value(name)).collect();
        let of = |fate: Fate| ran.iter().filter(|(_, line)| line.fate == fate).count();
        let (verify, tests) = (of(Fate::Verify), of(Fate::Tests));
        // an equivalent mutant counts as equivalent even if the tests have not run on it
        let lives = |line: &Line| matches!(line.fate, Fate::Survived | Fate::Passed);
        let lives: Vec<_> = ran.iter().filter(|(_, line)| lives(line)).collect();
        let (argued, open): (Vec<_>, Vec<_>) = lives.into_iter().partition(|(name, _)| equivalent.contains_key(*name));
        let (open, passed): (Vec<_>, Vec<_>) = open.into_iter().partition(|(_, line)| line.fate == Fate::Survived);
        let passed = passed.len();
        let counted = verify + tests + passed + open.len();
        let share = |part: usize| 100.0 * part as f64 / counted.max(1) as f64;
        let mut text = String::new();
        for (name, line) in &open {
            let _ = writeln!(text, "survived: {name}\n    {}", line.shown);
        }
        let _ = write!(
            text,
            "{} of {} mutants ran: {} stillborn, {} unreached, {} equivalent; of the other {counted}, killed by the cases of \
             `wgloss verify` {verify} ({:.1} %), by tests alone {tests}, by both {:.1} %, survivors {}, not tested yet {passed}",
            ran.len(),
            names.len(),
            of(Fate::Stillborn),
            of(Fate::Unreached),
            argued.len(),
            share(verify),
            share(verify + tests),
            open.len(),
        );
        text
    }
}

/// The lines of a list without comments, split at tabs.
pub fn table(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(|line| line.split('\t').collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutants::rules::mutants;

    #[test]
    fn results_are_kept_in_the_file_and_counted() {
        let path = std::env::temp_dir().join(format!("wgloss-mutants-{}.tsv", std::process::id()));
        let _ = fs::remove_file(&path);
        let all = mutants("f", "a + b + c + d + e + g");
        let names: Vec<String> = all.iter().map(|mutant| mutant.name.clone()).collect();
        let line = |fate| Line { fate, by: "x".to_string(), seconds: 1.5, shown: "a => b".to_string() };
        let mut results = Results::read(&path);
        let fates = [Fate::Survived, Fate::Survived, Fate::Tests, Fate::Stillborn];
        all.iter().zip(fates).for_each(|(mutant, fate)| results.add(mutant, line(fate)).expect("it is written"));
        results.add(&all[0], line(Fate::Verify)).expect("it is written");
        let again = Results::read(&path);
        fs::remove_file(&path).expect("it was written");
        assert_eq!(again.lines, results.lines);
        assert_eq!(again.lines[&names[0]].fate, Fate::Verify);
        let argued = BTreeMap::from([(names[1].clone(), "why".to_string())]);
        let summary = again.summary(&names, &argued);
        assert!(
            summary.starts_with("4 of 5 mutants ran: 1 stillborn, 0 unreached, 1 equivalent; of the other 2"),
            "{summary}"
        );
        assert!(
            summary.contains("1 (50.0 %), by tests alone 1, by both 100.0 %, survivors 0, not tested yet 0"),
            "{summary}"
        );
        assert!(again.summary(&names, &BTreeMap::new()).starts_with(&format!("survived: {}\n    a => b", names[1])));
    }
}
