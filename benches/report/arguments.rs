//! What the report is asked for, by `cargo xtask bench`.

use super::suite::case::Case;
use super::suite::list;
use std::path::PathBuf;
use wgloss::DType;

/// The arguments.
pub struct Arguments {
    /// The folder that everything is written to.
    pub out: PathBuf,
    /// What is to be said about versions and the day.
    pub about: String,
    /// Whether batches are small and runs few.
    pub quick: bool,
    /// Whether time is measured against size instead.
    pub cost: bool,
    /// Whether the inputs are written too.
    pub inputs: bool,
    /// Whether this is a test.
    pub test: bool,
    /// Whether a wrong answer leaves the other cases to be measured.
    pub keep_going: bool,
    /// Whether the cases are those that say most, in order of worth.
    pub headline: bool,
    /// How floats are stored.
    pub dtype: DType,
    /// The folder of a pack's results that are to be joined into one table, in the place of all else.
    pub merge: Option<PathBuf>,
    /// The losses, by id; all of them where there is none.
    pub losses: Vec<String>,
}

impl Default for Arguments {
    fn default() -> Arguments {
        Arguments {
            out: PathBuf::new(),
            about: String::new(),
            quick: false,
            cost: false,
            inputs: false,
            test: false,
            keep_going: false,
            headline: false,
            dtype: DType::F32,
            merge: None,
            losses: Vec::new(),
        }
    }
}

impl Arguments {
    /// Reads them; nothing where nobody asked for a report.
    pub fn parse(mut words: impl Iterator<Item = String>) -> Result<Option<Arguments>, String> {
        let mut arguments = Arguments::default();
        // cargo bench says --bench by itself, and cargo test does not
        let mut bench = false;
        while let Some(word) = words.next() {
            match word.as_str() {
                "--bench" => bench = true,
                "--quick" => arguments.quick = true,
                "--cost" => arguments.cost = true,
                "--inputs" => arguments.inputs = true,
                "--keep-going" => arguments.keep_going = true,
                "--headline" => arguments.headline = true,
                "--f16" => arguments.dtype = DType::F16,
                "--merge" => arguments.merge = Some(words.next().ok_or("--merge takes a folder")?.into()),
                "--out" => arguments.out = words.next().ok_or("--out takes a folder")?.into(),
                "--about" => arguments.about = words.next().ok_or("--about takes a text")?,
                _ => arguments.losses.push(word),
            }
        }
        if arguments.merge.is_some() {
            return Ok(Some(arguments));
        }
        if arguments.out.as_os_str().is_empty() {
            // a filter for Criterion is none of the report's losses
            let out = concat!(env!("CARGO_TARGET_TMPDIR"), "/report").into();
            let losses = ["mse", "dice", "info_nce"].map(Into::into).to_vec();
            return Ok((!bench).then_some(Arguments { out, losses, test: true, inputs: true, ..Arguments::default() }));
        }
        let mut known: Vec<&str> = list::cases().into_iter().map(|case| case.loss).collect();
        known.dedup();
        match arguments.losses.iter().find(|loss| !known.contains(&loss.as_str())) {
            Some(loss) => Err(format!("no case is of `{loss}`; there are cases of {}", known.join(", "))),
            None => Ok(Some(arguments)),
        }
    }

    /// The cases that are asked for.
    pub fn cases(&self) -> Vec<Case> {
        let mut cases = if self.headline { list::headline() } else { list::cases() };
        cases.retain(|case| self.asks_for(case.loss));
        cases.iter_mut().for_each(|case| case.dtype = self.dtype);
        if self.test {
            // 16 bits go their own way
            let halves = cases.iter().map(|case| Case { dtype: DType::F16, ..case.clone() });
            cases.extend(halves.collect::<Vec<_>>());
        }
        cases
    }

    /// Whether a loss is asked for.
    pub fn asks_for(&self, loss: &str) -> bool {
        self.losses.is_empty() || self.losses.iter().any(|asked| asked == loss)
    }
}
