//! `wgloss-mpi eval`: one loss over shards in files, on every rank of `mpirun`, printed once.

use lexopt::prelude::*;
use npyz::{Deserialize, NpyFile, Order};
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::ops::Range;
use std::process::ExitCode;
use wgloss_mpi::Spread::Batch;
use wgloss_mpi::wgloss::{Array, Element, Gpu, Term, by_id, header};
use wgloss_mpi::{Comm, Spreads};

const USAGE: &str = "\
Usage: mpirun -n RANKS wgloss-mpi eval LOSS --shards OPERAND=FILE... [--option NAME=VALUE]...

Evaluates a loss over a batch that is spread over all ranks, and prints it once.

  --shards OPERAND=FILE...  the operands, in .npy files of little-endian f2, f4, f8, i4, i8, u1 or u4. A name with {rank} in it is
                            a file for each rank. Any other file is the whole: each rank reads its own range of axis 0, or
                            all of it where the operand belongs to all values, as a weight for each class does
  --option NAME=VALUE       an option of the loss, or reduction=sum
  -h, --help                print this text

`wgloss describe LOSS`, of the program wgloss, lists operands and options.
";

type Failure = Box<dyn std::error::Error>;

/// What the command line asks for.
struct Asked {
    loss: String,
    operands: Vec<(String, String)>,
    options: Vec<(String, String)>,
}

fn main() -> ExitCode {
    let asked = match asked() {
        Ok(Some(asked)) => asked,
        Ok(None) => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(complaint) => {
            eprint!("{complaint}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match evaluate(&asked) {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            let text = failure.to_string();
            // another rank prints an error that all ranks have
            if !text.is_empty() {
                eprintln!("{text}");
            }
            ExitCode::FAILURE
        }
    }
}

/// Reads the command line. Returns `None` if it asks for help.
fn asked() -> Result<Option<Asked>, Failure> {
    let mut asked = Asked { loss: String::new(), operands: Vec::new(), options: Vec::new() };
    let mut words = Vec::new();
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("shards") => {
                for pair in parser.values()? {
                    asked.operands.push(pair_of(&pair.string()?)?);
                }
            }
            Long("option") => asked.options.push(pair_of(&parser.value()?.string()?)?),
            Value(word) => words.push(word.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    match &words[..] {
        [eval, loss] if eval == "eval" => asked.loss.clone_from(loss),
        _ => return Err("say what to do: `eval LOSS`".into()),
    }
    if asked.operands.is_empty() { Err("`--shards` wants operands".into()) } else { Ok(Some(asked)) }
}

fn pair_of(text: &str) -> Result<(String, String), Failure> {
    let (name, value) = text.split_once('=').ok_or(format!("`{text}` is not NAME=VALUE"))?;
    Ok((name.into(), value.into()))
}

/// Returns the text to print on rank 0, and an empty text on the other ranks. An error that all ranks have alike also has its
/// text on rank 0 only. A lost rank may be rank 0, so every rank tells of it.
fn evaluate(asked: &Asked) -> Result<String, Failure> {
    let comm = Comm::start(Gpu::new()?)?;
    let once = |text: String| if comm.rank() == 0 { text } else { String::new() };
    let told = |error: wgloss_mpi::Error| match error {
        wgloss_mpi::Error::PeerLost { .. } => format!("rank {}: {error}", comm.rank()),
        error => once(error.to_string()),
    };
    let term = term(asked, &comm);
    // where one rank can't read its files, all ranks fail
    let own = term.as_ref().err().map(ToString::to_string).unwrap_or_default();
    let complaints = comm.gather(own.as_bytes()).map_err(told)?;
    if let Some(rank) = complaints.iter().position(|complaint| !complaint.is_empty()) {
        return Err(once(format!("rank {rank}: {}", String::from_utf8_lossy(&complaints[rank]))).into());
    }
    let outcome = comm.value(&term?.spread(Batch)).map_err(told)?;
    let mut text = format!("{}\n", outcome.loss());
    for part in outcome.parts() {
        text += &format!("  {}: {} / {}\n", part.name, part.sum, part.denominator);
    }
    Ok(once(text))
}

/// This rank's shard.
fn term(asked: &Asked, comm: &Comm) -> Result<Term<Array>, Failure> {
    let loss = by_id(&asked.loss).ok_or(format!("there is no loss `{}`", asked.loss))?;
    let mut operands = Vec::new();
    for (name, place) in &asked.operands {
        let spec = loss.header().operand(name).ok_or(format!("`{}` has no operand `{name}`", asked.loss))?;
        let file = place.replace("{rank}", &comm.rank().to_string());
        let whole = spec.role.is_shared() || file != *place;
        let array = read(&file, |rows| if whole { 0..rows } else { own(comm, rows) });
        operands.push((name.as_str(), array.map_err(|error| format!("{file}: {error}"))?));
    }
    let kind = |name: &str| loss.specs().iter().find(|spec| spec.name == name).map(|spec| spec.kind);
    let options: Vec<(&str, header::Value)> =
        asked.options.iter().map(|(name, text)| (name.as_str(), header::Value::of_text(text, kind(name)))).collect();
    Ok(Term::from_options(loss, options, operands.iter().map(|(name, array)| (*name, array)))?)
}

/// The rows that this rank reads of a file that all ranks share.
fn own(comm: &Comm, rows: usize) -> Range<usize> {
    let first = |rank: usize| rank * (rows / comm.size()) + rank.min(rows % comm.size());
    first(comm.rank())..first(comm.rank() + 1)
}

/// Reads only this range of axis 0.
fn read(file: &str, range: impl Fn(usize) -> Range<usize>) -> Result<Array, Failure> {
    let npy = NpyFile::new(BufReader::new(File::open(file)?))?;
    if npy.order() != Order::C {
        return Err("is in Fortran's order; save it with `numpy.ascontiguousarray`".into());
    }
    let mut shape: Vec<usize> = npy.shape().iter().map(|&length| length as usize).collect();
    let rows = shape.first().copied().unwrap_or(1);
    let range = if shape.is_empty() { 0..1 } else { range(rows) };
    let row: usize = shape.iter().skip(1).product();
    if let Some(first) = shape.first_mut() {
        *first = range.len();
    }
    let places = range.start * row..range.end * row;
    match npy.dtype().descr().trim_matches('\'') {
        "<f2" => elements::<half::f16>(npy, places, shape),
        "<f4" => elements::<f32>(npy, places, shape),
        "<f8" => elements::<f64>(npy, places, shape),
        "<i4" => elements::<i32>(npy, places, shape),
        "<i8" => elements::<i64>(npy, places, shape),
        "<u4" => elements::<u32>(npy, places, shape),
        "|u1" => elements::<u8>(npy, places, shape),
        other => Err(format!("holds {other}, expected little-endian f2, f4, f8, i4, i8, u1 or u4").into()),
    }
}

fn elements<E: Element + Deserialize>(
    npy: NpyFile<impl Read + Seek>,
    places: Range<usize>,
    shape: Vec<usize>,
) -> Result<Array, Failure> {
    let mut elements = npy.data::<E>()?;
    if !places.is_empty() {
        elements.seek_to(places.start as u64)?;
    }
    let elements = elements.take(places.len()).collect::<Result<Vec<E>, _>>()?;
    Ok(Array::new(&elements, shape)?)
}
