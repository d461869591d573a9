//! Many faults in one text, which asks at run time which of them is on. So a fault costs no build of the sources, and no
//! compilation of the kernels.

pub mod shaders;
pub mod sources;

use super::rules::Mutant;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// The environment variable with the number of the fault that is on.
pub const ON: &str = "WGLOSS_MUTANT";

/// A file with faults.
#[derive(Default)]
pub struct Joined {
    pub text: String,
    /// Where each fault is in `text`, by its number. Faults that can't be joined are missing.
    pub regions: Vec<(usize, Range<usize>)>,
}

/// The faults of a file with their numbers, but for those to be planted alone. No fault has the number 0.
pub fn numbered<'a>(chosen: &'a [Mutant], file: &str, alone: &BTreeSet<usize>) -> Vec<(usize, &'a Mutant)> {
    (1..).zip(chosen).filter(|(number, mutant)| mutant.file == file && !alone.contains(number)).collect()
}

/// The numbers of the joined faults, by name.
pub fn numbers<'a>(joined: impl IntoIterator<Item = &'a Joined>, chosen: &[Mutant]) -> BTreeMap<String, usize> {
    let regions = joined.into_iter().flat_map(|joined| &joined.regions);
    regions.map(|(number, _)| (chosen[number - 1].name.clone(), *number)).collect()
}

impl Joined {
    /// The number of the fault that an error at this byte of `text` is about: the innermost there, or the next one.
    pub fn fault_at(&self, byte: usize) -> Option<usize> {
        let around = self.regions.iter().filter(|(_, region)| region.contains(&byte));
        let next = self.regions.iter().filter(|(_, region)| region.start >= byte);
        let number = |(number, _): &(usize, Range<usize>)| *number;
        around.min_by_key(|(_, region)| region.len()).or(next.min_by_key(|(_, region)| region.start)).map(number)
    }

    /// The number of the first fault in a line of `text`, the lines counted from 1.
    pub fn fault_in_line(&self, line: usize) -> Option<usize> {
        let start = self.text.split_inclusive('\n').take(line - 1).map(str::len).sum();
        let end = self.text[start..].find('\n').map_or(self.text.len(), |end| start + end);
        self.regions.iter().find(|(_, region)| region.start < end && region.end > start).map(|(number, _)| *number)
    }
}
