//! The arguments of the report, which `cargo xtask bench` passes.

use crate::suite::case::Case;
use crate::suite::list;
use std::path::{Path, PathBuf};
use wgloss::DType;

/// The arguments.
pub struct Arguments {
    /// The folder for all results.
    pub out: PathBuf,
    /// A line with versions and the date.
    pub about: String,
    /// Whether to use small batches and few runs.
    pub quick: bool,
    /// Whether to measure time against size too.
    pub cost: bool,
    /// Whether to write the inputs for peers too.
    pub inputs: bool,
    /// Whether this is a test, in which everything runs once, on small inputs.
    pub test: bool,
    /// Whether to measure the other cases after a wrong result.
    pub keep_going: bool,
    /// Whether to measure only the most informative cases, most important first.
    pub headline: bool,
    /// How floats are stored.
    pub dtype: DType,
    /// Whether to measure in the tuned environment.
    pub tuned: bool,
    /// A folder with the results of `benches/pack/run.sh`, to join into one table. Nothing is measured then.
    pub merge: Option<PathBuf>,
    /// The ids of the losses; all losses if empty.
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
            tuned: false,
            merge: None,
            losses: Vec::new(),
        }
    }
}

impl Arguments {
    /// Parses the arguments of the benchmark `report`. `None` if they ask for no report. A test writes to the folder
    /// `temporary`.
    pub fn parse(mut words: impl Iterator<Item = String>, temporary: &str) -> Result<Option<Arguments>, String> {
        let mut arguments = Arguments::default();
        // cargo bench passes --bench, cargo test does not
        let mut bench = false;
        while let Some(word) = words.next() {
            match word.as_str() {
                "--bench" => bench = true,
                "--quick" => arguments.quick = true,
                "--cost" => arguments.cost = true,
                "--inputs" => arguments.inputs = true,
                "--keep-going" => arguments.keep_going = true,
                "--headline" => arguments.headline = true,
                "--tuned" => arguments.tuned = true,
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
            // without --out, the words are filters for Criterion, not losses
            let out = Path::new(temporary).join("report");
            let losses = ["mse", "dice", "info_nce"].map(Into::into).to_vec();
            return Ok((!bench).then_some(Arguments {
                out,
                losses,
                test: true,
                inputs: true,
                cost: true,
                ..Arguments::default()
            }));
        }
        arguments.check().map(|()| Some(arguments))
    }

    /// Refuses losses that have no case.
    ///
    /// # Errors
    /// A message that lists the losses that have cases.
    pub fn check(&self) -> Result<(), String> {
        let mut known: Vec<&str> = list::cases().into_iter().map(|case| case.loss).collect();
        known.dedup();
        match self.losses.iter().find(|loss| !known.contains(&loss.as_str())) {
            Some(loss) => Err(format!("no case is of `{loss}`; there are cases of {}", known.join(", "))),
            None => Ok(()),
        }
    }

    /// The cases to measure.
    pub fn cases(&self) -> Vec<Case> {
        let mut cases = if self.headline { list::headline() } else { list::cases() };
        cases.retain(|case| self.asks_for(case.loss));
        cases.iter_mut().for_each(|case| case.dtype = self.dtype);
        if self.test {
            // floats of 16 bits have their own kernels
            let halves = cases.iter().map(|case| Case { dtype: DType::F16, ..case.clone() });
            cases.extend(halves.collect::<Vec<_>>());
        }
        cases
    }

    /// Whether to measure a loss.
    pub fn asks_for(&self, loss: &str) -> bool {
        self.losses.is_empty() || self.losses.iter().any(|named| named == loss)
    }
}
