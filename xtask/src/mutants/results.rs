//! The results file: a line for each mutant, so that a later run can continue, and a summary of all lines.

use super::rules::Mutant;
use super::tokens::tokens;
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
    /// The fingerprint of the mutant's file. The line counts only while the file has it.
    pub of: String,
}

/// The hash of a file's tokens (FNV-1a), so that comments don't change it.
pub fn fingerprint(text: &str) -> String {
    let bytes = tokens(text).into_iter().flat_map(|token| token.text.bytes().chain([b' ']));
    let hash =
        bytes.fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
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
            let [name, fate, by, seconds, shown, of] = fields.as_slice() else { return None };
            let (fate, _) = Fate::ALL.iter().find(|(_, name)| name == fate)?;
            let line = Line {
                fate: *fate,
                by: (*by).to_string(),
                seconds: seconds.parse().ok()?,
                shown: (*shown).to_string(),
                of: (*of).to_string(),
            };
            Some(((*name).to_string(), line))
        };
        Results { path: path.to_path_buf(), lines: text.lines().filter_map(line).collect() }
    }

    /// Forgets the results of mutants whose files have changed since.
    pub fn forget_changed(&mut self, mutants: &[Mutant], texts: &BTreeMap<String, String>) {
        for mutant in mutants {
            let is_old = |line: &Line| texts.get(&mutant.file).is_none_or(|text| fingerprint(text) != line.of);
            if self.lines.get(&mutant.name).is_some_and(is_old) {
                self.lines.remove(&mutant.name);
            }
        }
    }

    /// Appends a line to the file at once, so that an interrupted run loses nothing. The last line of a mutant counts.
    pub fn add(&mut self, mutant: &Mutant, line: Line) -> Result<(), Stop> {
        let Line { fate, by, seconds, shown, of } = &line;
        let text = format!("{}\t{}\t{by}\t{seconds:.1}\t{shown}\t{of}\n", mutant.name, fate.name());
        let file = OpenOptions::new().create(true).append(true).open(&self.path);
        file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(Stop::at(&self.path))?;
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
        let of = fingerprint("x = 1u;");
        let line = |fate| Line { fate, by: "x".to_string(), seconds: 1.5, shown: "a => b".to_string(), of: of.clone() };
        let mut results = Results::read(&path);
        let fates = [Fate::Survived, Fate::Survived, Fate::Tests, Fate::Stillborn];
        all.iter().zip(fates).for_each(|(mutant, fate)| results.add(mutant, line(fate)).expect("it is written"));
        results.add(&all[0], line(Fate::Verify)).expect("it is written");
        let again = Results::read(&path);
        assert_eq!(again.lines, results.lines);
        assert_eq!(again.lines[&names[0]].fate, Fate::Verify);
        let texts = |text: &str| BTreeMap::from([("f".to_string(), text.to_string())]);
        let kept = |text: &str| {
            let mut results = Results::read(&path);
            results.forget_changed(&all, &texts(text));
            results.lines.len()
        };
        assert_eq!([kept("x = 1u; // why"), kept("x = 2u;")], [4, 0]);
        fs::remove_file(&path).expect("it was written");
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
