//! Runs the fuzz targets on stable Rust: over the corpus, and for a given time over mutations of it.
//!
//! It does not measure coverage. libFuzzer does, and finds more: `cargo fuzz run TARGET`, which needs a nightly
//! compiler.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, fs, io};
use wgloss_fuzz::{TARGETS, Target};

const USAGE: &str = "\
Usage: runner [--minutes N] [TARGET]...

Runs every input of fuzz/corpus/TARGET, for all targets if none is named. Then
runs mutations of these inputs, for N minutes for each target. An input that
fails is kept in fuzz/artifacts/TARGET. Exit status: 0 success; 1 an input
failed; 2 a wrong command line.
";

/// The longest time for one input. It leaves room for a busy machine.
const SLOW: Duration = Duration::from_secs(20);

/// The longest mutated input.
const LONGEST: usize = 4096;

fn main() -> ExitCode {
    let (minutes, targets) = match parse(env::args().skip(1)) {
        Ok(parsed) => parsed,
        Err(complaint) => {
            eprint!("{complaint}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let mut failed = false;
    for target in targets {
        match run(target, minutes) {
            Ok(line) => println!("{line}"),
            Err(line) => {
                eprintln!("{line}");
                failed = true;
            }
        }
    }
    if failed { ExitCode::from(1) } else { ExitCode::SUCCESS }
}

fn parse(mut words: impl Iterator<Item = String>) -> Result<(f64, Vec<&'static Target>), String> {
    let (mut minutes, mut targets) = (0.0, Vec::new());
    while let Some(word) = words.next() {
        if word == "--minutes" {
            let number = words.next().and_then(|number| number.parse::<f64>().ok());
            minutes = number.filter(|minutes| (0.0..1e6).contains(minutes)).ok_or("`--minutes` takes a number")?;
            continue;
        }
        let known = TARGETS.iter().find(|(name, ..)| *name == word);
        targets.push(known.ok_or_else(|| {
            let names: Vec<&str> = TARGETS.iter().map(|(name, ..)| *name).collect();
            format!("there is no target `{word}`; there are {}", names.join(", "))
        })?);
    }
    Ok((minutes, if targets.is_empty() { TARGETS.iter().collect() } else { targets }))
}

/// Runs a target. Returns a summary, or a line about the input that failed.
fn run((name, target, words): &Target, minutes: f64) -> Result<String, String> {
    let start = Instant::now();
    let corpus = corpus(name).map_err(|error| format!("{name}: the corpus cannot be read: {error}"))?;
    if corpus.is_empty() {
        return Err(format!("{name}: there is no corpus"));
    }
    let mut slowest = Duration::ZERO;
    for (path, bytes) in &corpus {
        slowest = slowest.max(one(*target, bytes).map_err(|why| format!("{name}: {path} {why}"))?);
    }
    let of_corpus = start.elapsed();
    let seed =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64);
    let mut random = Random(seed);
    let inputs: Vec<&Vec<u8>> = corpus.values().collect();
    let (mut mutated, begun) = (0u64, Instant::now());
    while begun.elapsed().as_secs_f64() < 60.0 * minutes {
        let bytes = mutate(&inputs, words, &mut random);
        let took = one(*target, &bytes).map_err(|why| match keep(name, &bytes) {
            Ok(path) => format!("{name}: {} {why}", path.display()),
            Err(error) => format!("{name}: {bytes:?} {why}, and could not be kept: {error}"),
        });
        slowest = slowest.max(took?);
        mutated += 1;
    }
    let count = corpus.len();
    let of_mutated = if minutes > 0.0 { format!(", {mutated} mutations in {minutes} min") } else { String::new() };
    let (of_corpus, slowest) = (of_corpus.as_secs_f64(), slowest.as_secs_f64());
    Ok(format!("{name}: {count} inputs in {of_corpus:.1} s{of_mutated}, the slowest {slowest:.2} s"))
}

/// Runs one input. Returns how long it took, or how it failed.
fn one(target: fn(&[u8]), bytes: &[u8]) -> Result<Duration, String> {
    let start = Instant::now();
    // the message of the panic is already on standard error
    catch_unwind(AssertUnwindSafe(|| target(bytes))).map_err(|_| "panicked, as said above".to_string())?;
    let took = start.elapsed();
    if took > SLOW { Err(format!("took {took:?}")) } else { Ok(took) }
}

/// The inputs of a target's corpus, by path.
fn corpus(name: &str) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let folder = folder("corpus", name);
    let mut inputs = BTreeMap::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        inputs.insert(path.display().to_string(), fs::read(&path)?);
    }
    Ok(inputs)
}

fn folder(kind: &str, name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(kind).join(name)
}

/// Writes an input that failed to a file.
fn keep(name: &str, bytes: &[u8]) -> io::Result<PathBuf> {
    let folder = folder("artifacts", name);
    fs::create_dir_all(&folder)?;
    let hash = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let path = folder.join(format!("crash-{hash:016x}"));
    fs::write(&path, bytes)?;
    Ok(path)
}

/// A random number generator (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end.max(1) as u64) as usize
    }
}

/// An input of the corpus, changed in a few places.
fn mutate(inputs: &[&Vec<u8>], words: &[&str], random: &mut Random) -> Vec<u8> {
    let mut bytes = inputs[random.below(inputs.len())].clone();
    for _ in 0..=random.below(6) {
        let at = random.below(bytes.len() + 1);
        match random.below(9) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            1 if at < bytes.len() => bytes[at] = random.below(256) as u8,
            2 if at < bytes.len() => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][random.below(5)],
            3 => bytes.insert(at, random.below(256) as u8),
            4 => bytes.truncate(at),
            5 => {
                let end = (at + 1 + random.below(8)).min(bytes.len());
                bytes.drain(at.min(end)..end);
            }
            // replace the end by the end of another input
            6 => {
                let other = inputs[random.below(inputs.len())];
                let from = random.below(other.len() + 1);
                bytes.truncate(at);
                bytes.extend(&other[from..]);
            }
            7 => {
                let end = (at + random.below(32)).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                let to = random.below(bytes.len() + 1);
                bytes.splice(to..to, copy);
            }
            _ if !words.is_empty() => {
                let word = words[random.below(words.len())].bytes();
                bytes.splice(at..at, word);
            }
            _ => bytes.extend((0..random.below(16)).map(|_| random.below(256) as u8)),
        }
    }
    bytes.truncate(LONGEST);
    bytes
}
