//! Draws mutants from a seed, spread over files and rules.

use super::rules::Mutant;
use std::collections::BTreeMap;

/// A random number generator (splitmix64). A seed gives the same numbers on every machine.
struct Rng(u64);

impl Rng {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) % end.max(1) as u64) as usize
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        (1..items.len()).rev().for_each(|last| items.swap(last, self.below(last + 1)));
    }
}

/// Draws `count` mutants. Takes one of each file in turn, and in each file one of each rule in turn, so that neither
/// long files nor rules that fit many tokens crowd out the others.
pub fn draw(mutants: Vec<Mutant>, seed: u64, count: usize) -> Vec<Mutant> {
    let mut rng = Rng(seed);
    let mut files: BTreeMap<String, BTreeMap<&str, Vec<Mutant>>> = BTreeMap::new();
    for mutant in mutants {
        files.entry(mutant.file.clone()).or_default().entry(mutant.rule).or_default().push(mutant);
    }
    let mut files: Vec<Vec<Mutant>> = files
        .into_values()
        .map(|rules| {
            let mut rules: Vec<Vec<Mutant>> = rules.into_values().collect();
            rng.shuffle(&mut rules);
            rules.iter_mut().for_each(|rule| rng.shuffle(rule));
            in_turns(rules)
        })
        .collect();
    rng.shuffle(&mut files);
    let mut drawn = in_turns(files);
    drawn.truncate(count);
    drawn
}

/// Draws `count` mutants, all with equal probability.
pub fn uniform(mut mutants: Vec<Mutant>, seed: u64, count: usize) -> Vec<Mutant> {
    Rng(seed).shuffle(&mut mutants);
    mutants.truncate(count);
    mutants
}

/// Takes the first item of each list, then the second of each, and so on.
pub fn in_turns<T>(lists: Vec<Vec<T>>) -> Vec<T> {
    let mut lists: Vec<_> = lists.into_iter().map(Vec::into_iter).collect();
    let mut all = Vec::new();
    loop {
        let before = all.len();
        all.extend(lists.iter_mut().filter_map(Iterator::next));
        if all.len() == before {
            return all;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutants::rules::mutants;

    fn names(seed: u64, count: usize) -> Vec<String> {
        let many = "fn f() { a = b + c + d + e + f + g; h += 1u; }";
        let all = ["a", "b"].iter().flat_map(|file| mutants(file, many)).chain(mutants("c", "x + y")).collect();
        draw(all, seed, count).into_iter().map(|mutant| mutant.name).collect()
    }

    #[test]
    fn a_seed_repeats_its_draw_and_a_larger_draw_extends_it() {
        assert_eq!(names(1, 6), names(1, 6));
        assert_ne!(names(1, 20), names(2, 20));
        assert_eq!(names(1, 20)[..6], names(1, 6));
    }

    #[test]
    fn every_file_is_drawn_once_before_any_is_drawn_twice() {
        let files: std::collections::BTreeSet<String> = names(3, 3).iter().map(|name| name[..1].to_string()).collect();
        assert_eq!(files.len(), 3);
        let rules: std::collections::BTreeSet<String> = names(3, 20)
            .iter()
            .filter(|name| name.starts_with('a'))
            .take(4)
            .map(|name| name.replace(|c: char| c.is_ascii_digit(), ""))
            .collect();
        assert_eq!(rules.len(), 4, "{rules:?}");
    }
}
