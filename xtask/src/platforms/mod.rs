//! `cargo xtask platforms`: tests the kernels, the library and the program on every platform that Debian can emulate.

mod direct_x;
mod drivers;
mod fingerprint;
mod kept;
pub mod machine;
mod place;
mod rows;
mod sid;
mod syntax;
mod table;
mod targets;
mod texts;
mod validation;
mod windows;

use std::time::{Duration, Instant};

use crate::args::Install;
use crate::run::{Stop, spoken};
use fingerprint::Origin;
use kept::{Kept, Results};
use machine::Halt;
use place::{Outcome, Place};
use rows::{ROWS, Row};
use sid::Sid;

pub use drivers::path_inside;

/// Whether there is a row named `name`.
pub fn is_row(name: &str) -> bool {
    rows::named(name).is_some()
}

/// Debian unstable, if an earlier run of a row has made it and this user may enter it.
pub fn made_sid() -> Option<Sid> {
    Sid::made(&Place::new(Install::Forbidden).path("sid"), Install::Forbidden).ok()
}

/// Prints the rows, what each installs, and how long its last run took.
pub fn list() -> Result<(), Stop> {
    let results = Results::read()?;
    for row in ROWS {
        let took = match results.rows().find(|(other, _)| other.name == row.name) {
            Some((_, kept)) => format!("took {} on {}", spoken(Duration::from_secs(kept.seconds)), kept.day()),
            None => "has not run yet".to_owned(),
        };
        println!("{:<12} {}: {}", row.name, row.platform, row.runs);
        println!("{:<12} installs {}; {took}", "", row.installs);
    }
    Ok(())
}

/// Writes the tables of the results again, for example after a merge changed the results.
pub fn tables() -> Result<(), Stop> {
    Ok(table::write(&Results::read()?)?)
}

/// Runs the rows named, or all rows, and keeps their results.
pub fn platforms(install: Install, named: &[String]) -> Result<(), Stop> {
    let chosen: Vec<&Row> = ROWS.iter().filter(|row| named.is_empty() || named.iter().any(|n| n == row.name)).collect();
    let mut place = Place::new(install);
    let mut results = Results::read()?;
    let (mut failed, mut left_out) = (Vec::new(), 0);
    for row in &chosen {
        place.row = row.name;
        println!("[{}] {}: {}", row.name, row.platform, row.runs);
        let (start, origin) = (Instant::now(), Origin::now()?);
        let outcome = match (row.run)(&place) {
            Err(Halt::LeftOut(why)) => {
                left_out += 1;
                println!("[{}] left out: {why}", row.name);
                continue;
            }
            Err(Halt::Failed(why)) => {
                println!("[{}] {why}", row.name);
                Outcome::none(&why)
            }
            Ok(outcome) => outcome,
        };
        let time = start.elapsed();
        println!("[{}] {} ({}), {}", row.name, outcome.result, spoken(time), outcome.with);
        if !outcome.passed {
            failed.push(row.name);
        }
        results.keep(Kept::of(row.name, &outcome, time, origin.to(&Origin::now()?))?)?;
    }
    println!("\n{}", table::printed(&results)?);
    if left_out > 0 {
        println!("{left_out} left out, see above");
    }
    match failed.is_empty() {
        true => Ok(()),
        false => Err(Stop::Failed(format!("{} (target/platforms/logs says why)", failed.join(", ")))),
    }
}

impl From<Halt> for Stop {
    fn from(halt: Halt) -> Self {
        let (Halt::LeftOut(why) | Halt::Failed(why)) = halt;
        Self::Failed(why)
    }
}
