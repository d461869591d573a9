//! What the peers in Rust share: reading a case's operands, measuring it, and writing the table for `cargo xtask bench
//! --peers`.

mod npy;

use npy::Array;
pub use npy::Data;
use std::collections::HashMap;
use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// A result with any library's error.
pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Computes a loss of operands that are on the device.
pub type Loss<Value> = Box<dyn Fn() -> Result<Value>>;

/// A library to measure.
pub trait Peer {
    /// Its name in the table.
    const NAME: &str;
    /// The value of a loss, with what its gradients need.
    type Value;
    /// The gradients of a loss.
    type Gradients;

    /// The loss of a case; `None` if this peer does not have it.
    fn prepare(&self, case: &Case) -> Result<Option<Loss<Self::Value>>>;

    /// The gradients of a loss. Returns when the device has computed them.
    fn gradients(&self, value: &Self::Value) -> Result<Self::Gradients>;

    /// Reads the value of a loss.
    fn read(&self, value: Self::Value) -> Result<f32>;
}

/// A loss and its operands.
pub struct Case {
    /// The id of the loss.
    pub loss: String,
    differentiated: Vec<String>,
    arrays: HashMap<String, Array>,
}

impl Case {
    /// The shape and the elements of an operand of floats.
    pub fn floats(&self, name: &str) -> (&[usize], &[f32]) {
        match self.arrays.get(name) {
            Some(Array { shape, data: Data::Floats(floats) }) => (shape, floats),
            _ => panic!("the operand {name} is missing or holds labels"),
        }
    }

    /// The shape and the elements of an operand of labels.
    pub fn labels(&self, name: &str) -> (&[usize], &[i32]) {
        match self.arrays.get(name) {
            Some(Array { shape, data: Data::Labels(labels) }) => (shape, labels),
            _ => panic!("the operand {name} is missing or holds numbers"),
        }
    }

    /// The names of the operands.
    pub fn operands(&self) -> impl Iterator<Item = String> {
        self.arrays.keys().cloned()
    }

    /// The shape and the elements of an operand.
    pub fn operand(&self, name: &str) -> (&[usize], &Data) {
        let array = &self.arrays[name];
        (&array.shape, &array.data)
    }

    /// Whether the case needs the gradient of an operand.
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

/// Measures the cases in the folder `--inputs`, and writes a row for each: case,peer,value,ms,least_ms,runs.
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
        // a case that fails, for example for lack of memory, is left out, and the others still run
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

/// Measures at least 7 runs of value and gradients. Returns the value, and the sorted times in seconds.
fn measure<P: Peer>(peer: &P, loss: &Loss<P::Value>, seconds: f64) -> Result<(f32, Vec<f64>)> {
    let run = || {
        let start = Instant::now();
        let value = loss()?;
        let gradients = peer.gradients(&value)?;
        let time = start.elapsed().as_secs_f64();
        // freeing the gradients is not measured, because a training step would use them first
        drop(gradients);
        Ok::<_, Box<dyn Error>>((time, value))
    };
    // the first runs compile and tune kernels; reading the value reports errors
    peer.read(run()?.1)?;
    run()?;
    let (first, value) = run()?;
    // read before the next runs, which need the memory that the value holds
    let value = peer.read(value)?;
    let mut times = vec![first];
    let runs = (seconds / first).clamp(7.0, 99.0) as usize;
    while times.len() < runs {
        times.push(run()?.0);
    }
    times.sort_by(f64::total_cmp);
    Ok((value, times))
}
