//! What the report is asked for, by `cargo xtask bench`.

use super::suite::list;
use std::path::PathBuf;

/// The arguments.
#[derive(Default)]
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
    /// The losses, by id; all of them where there is none.
    pub losses: Vec<String>,
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
                "--out" => arguments.out = words.next().ok_or("--out takes a folder")?.into(),
                "--about" => arguments.about = words.next().ok_or("--about takes a text")?,
                _ => arguments.losses.push(word),
            }
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
    /// Whether a loss is asked for.
    pub fn asks_for(&self, loss: &str) -> bool {
        self.losses.is_empty() || self.losses.iter().any(|asked| asked == loss)
    }
}
