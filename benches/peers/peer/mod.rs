//! What the peers in Rust share: a case's operands, how it is measured, the table that `cargo xtask bench --peers` reads.

mod npy;

use npy::{Array, Data};
use std::collections::HashMap;
use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What may fail, as libraries' own errors do.
pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// A loss of operands that are on the device.
pub type Loss<Value> = Box<dyn Fn() -> Result<Value>>;

/// A library.
pub trait Peer {
    /// What it is called in the table.
    const NAME: &str;
    /// A loss that remembers what it was made of.
    type Value;
    /// Gradients, which may own much memory.
    type Gradients;

    /// The loss of a case, where there is one here.
    fn prepare(&self, case: &Case) -> Result<Option<Loss<Self::Value>>>;

    /// The gradients of a loss, once they are there.
    fn gradients(&self, value: &Self::Value) -> Result<Self::Gradients>;

    /// A loss as a number.
    fn read(&self, value: Self::Value) -> Result<f32>;
}

/// A loss and its operands.
pub struct Case {
    /// The loss, by id.
    pub loss: String,
    differentiated: Vec<String>,
    arrays: HashMap<String, Array>,
}

impl Case {
    /// The sizes and the elements of an operand that holds numbers.
    pub fn floats(&self, name: &str) -> (&[usize], &[f32]) {
        match self.arrays.get(name) {
            Some(Array { shape, data: Data::Floats(floats) }) => (shape, floats),
            _ => panic!("the operand {name} is missing or holds labels"),
        }
    }

    /// The same of one that holds labels.
    pub fn labels(&self, name: &str) -> (&[usize], &[i32]) {
        match self.arrays.get(name) {
            Some(Array { shape, data: Data::Labels(labels) }) => (shape, labels),
            _ => panic!("the operand {name} is missing or holds numbers"),
        }
    }

    /// Whether an operand's gradient is asked for.
    pub fn differentiates(&self, name: &str) -> bool {
        self.differentiated.iter().any(|differentiated| differentiated == name)
    }

    fn read(folder: &Path, loss: &str, differentiated: &str) -> Result<Case> {
        let files = fs::read_dir(folder)?.map(|file| {
            let path = file?.path();
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            Ok((name, npy::read(&path)?))
        });
        let differentiated = differentiated.split(' ').map(str::to_owned).collect();
        Ok(Case { loss: loss.to_owned(), differentiated, arrays: files.collect::<Result<_>>()? })
    }
}

/// Measures the cases that the command line names, and writes a row for each: case,peer,value,ms,least_ms,runs.
pub fn run<P: Peer>(peer: &P) -> Result<()> {
    let (mut inputs, mut out, mut seconds, mut name) = (PathBuf::new(), PathBuf::new(), 1.0, P::NAME.to_owned());
    let mut words = std::env::args().skip(1);
    while let (Some(word), value) = (words.next(), words.next().unwrap_or_default()) {
        match word.as_str() {
            "--inputs" => inputs = value.into(),
            "--out" => out = value.into(),
            "--seconds" => seconds = value.parse()?,
            "--label" => name = format!("{} {value}", P::NAME),
            _ => return Err(format!("unexpected `{word}`: there are --inputs, --out, --seconds and --label").into()),
        }
    }
    let mut table = fs::File::create(&out)?;
    writeln!(table, "case,peer,value,ms,least_ms,runs")?;
    for line in fs::read_to_string(inputs.join("cases.csv"))?.lines().skip(1) {
        let [case, loss, differentiated] = line.split(',').collect::<Vec<_>>()[..] else {
            return Err(format!("`{line}` is no case: it takes three cells").into());
        };
        let operands = Case::read(&inputs.join(case), loss, differentiated)?;
        // what there is no room for, as for the scores of all pairs, takes nothing from the others
        match peer.prepare(&operands).and_then(|loss| loss.map(|loss| measure(peer, &loss, seconds)).transpose()) {
            Ok(Some((value, times))) => {
                let [ms, least] = [times[times.len() / 2], times[0]].map(|seconds| 1e3 * seconds);
                writeln!(table, "{case},{name},{value:.9e},{ms:.4},{least:.4},{}", times.len())?;
            }
            Ok(None) => {}
            Err(why) => eprintln!("{name} leaves out {case}: {}", why.to_string().lines().next().unwrap_or_default()),
        }
    }
    Ok(())
}

/// The value, and in order the seconds that value and gradients took in at least 7 runs.
fn measure<P: Peer>(peer: &P, loss: &Loss<P::Value>, seconds: f64) -> Result<(f32, Vec<f64>)> {
    let run = || {
        let start = Instant::now();
        let value = loss()?;
        let gradients = peer.gradients(&value)?;
        let time = start.elapsed().as_secs_f64();
        // a training step has yet to use them, so that to free them is no part of the time
        drop(gradients);
        Ok::<_, Box<dyn Error>>((time, value))
    };
    // kernels are compiled, and then the best of several chosen; what fails is told by a read
    peer.read(run()?.1)?;
    run()?;
    let (first, value) = run()?;
    // at once: what it was made of would take room from the runs
    let value = peer.read(value)?;
    let mut times = vec![first];
    let runs = (seconds / first).clamp(7.0, 99.0) as usize;
    while times.len() < runs {
        times.push(run()?.0);
    }
    times.sort_by(f64::total_cmp);
    Ok((value, times))
}
