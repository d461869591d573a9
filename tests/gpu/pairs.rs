//! Pairwise covering: few combinations in which every level of a factor meets every level of every other factor.

use crate::draw::Rng;
use crate::harness::tests;
use libtest_mimic::Trial;

pub fn tests() -> Vec<Trial> {
    tests![every_pair_of_levels_is_covered_by_few_combinations]
}

/// How many combinations are tried for a pair before it is assumed that no valid one contains it.
const TRIES: usize = 40;

/// Returns combinations of one level for each factor, which together contain every pair of levels of two factors.
///
/// If no valid combination is found for a pair, an invalid one is returned, so that its refusal is tested too.
pub fn pairs(levels: &[usize], rng: &mut Rng, mut valid: impl FnMut(&[usize]) -> bool) -> Vec<Vec<usize>> {
    let mut open = Open::new(levels);
    let mut rows = Vec::new();
    while let Some(pair) = open.first() {
        // greedy choices can fail in the same way repeatedly, so later tries are increasingly random
        let mut tries = (0..TRIES).map(|tried| open.row(pair, tried, rng));
        match tries.find(|row| valid(row)) {
            Some(row) => {
                open.close_all(&row);
                rows.push(row);
            }
            None => {
                let row = open.row(pair, TRIES, rng);
                open.close(pair);
                rows.push(row);
            }
        }
    }
    rows
}

/// Two factors with a level of each.
type Pair = [(usize, usize); 2];

/// The pairs that are not covered yet.
struct Open {
    levels: Vec<usize>,
    first: Vec<usize>,
    open: Vec<Vec<bool>>,
}

impl Open {
    fn new(levels: &[usize]) -> Open {
        let first: Vec<usize> = levels
            .iter()
            .scan(0, |sum, &n| {
                *sum += n;
                Some(*sum - n)
            })
            .collect();
        let total = levels.iter().sum();
        let factor_of: Vec<usize> =
            levels.iter().enumerate().flat_map(|(factor, &n)| std::iter::repeat_n(factor, n)).collect();
        let open = (0..total).map(|a| (0..total).map(|b| factor_of[a] < factor_of[b]).collect()).collect();
        Open { levels: levels.to_vec(), first, open }
    }

    fn is_open(&self, a: (usize, usize), b: (usize, usize)) -> bool {
        let (low, high) = if a.0 < b.0 { (a, b) } else { (b, a) };
        self.open[self.first[low.0] + low.1][self.first[high.0] + high.1]
    }

    fn close(&mut self, [a, b]: Pair) {
        self.open[self.first[a.0] + a.1][self.first[b.0] + b.1] = false;
    }

    fn close_all(&mut self, row: &[usize]) {
        for a in 0..row.len() {
            for b in a + 1..row.len() {
                self.close([(a, row[a]), (b, row[b])]);
            }
        }
    }

    fn first(&self) -> Option<Pair> {
        let at = |flat: usize| {
            let factor = self.first.iter().rposition(|&first| first <= flat).unwrap();
            (factor, flat - self.first[factor])
        };
        let a = self.open.iter().position(|row| row.contains(&true))?;
        let b = self.open[a].iter().position(|&open| open)?;
        Some([at(a), at(b)])
    }

    /// Returns a combination that contains a pair and, by greedy choice in random order, many other open pairs. Of every
    /// `TRIES` choices about `random` are random instead of greedy.
    fn row(&self, pair: Pair, random: usize, rng: &mut Rng) -> Vec<usize> {
        let mut row: Vec<Option<usize>> = vec![None; self.levels.len()];
        pair.iter().for_each(|&(factor, level)| row[factor] = Some(level));
        let mut factors: Vec<usize> = (0..self.levels.len()).filter(|&factor| row[factor].is_none()).collect();
        while !factors.is_empty() {
            let factor = factors.swap_remove(rng.below(factors.len()));
            let gain = |level: usize| {
                let set = row.iter().enumerate().filter_map(|(other, level)| level.map(|level| (other, level)));
                set.filter(|&other| self.is_open((factor, level), other)).count()
            };
            // a random start breaks ties at random
            let start = rng.below(self.levels[factor]);
            let order = (0..self.levels[factor]).map(|k| (start + k) % self.levels[factor]);
            row[factor] = if rng.below(TRIES) < random { Some(start) } else { order.max_by_key(|&level| gain(level)) };
        }
        row.into_iter().map(Option::unwrap_or_default).collect()
    }
}

fn every_pair_of_levels_is_covered_by_few_combinations() {
    let levels = [3, 2, 5, 4, 2, 2, 3];
    let rows = pairs(&levels, &mut Rng::new(1), |row| row[0] != 1 || row[1] != 1);
    for a in 0..levels.len() {
        for b in a + 1..levels.len() {
            for (la, lb) in (0..levels[a]).flat_map(|la| (0..levels[b]).map(move |lb| (la, lb))) {
                let covers = |row: &&Vec<usize>| row[a] == la && row[b] == lb;
                assert!(rows.iter().any(|row| covers(&row)), "factors {a} and {b} lack the levels {la} and {lb}");
            }
        }
    }
    assert!(rows.len() < 40, "{} combinations where 20 are the least", rows.len());
    assert_eq!(rows.iter().filter(|row| row[0] == 1 && row[1] == 1).count(), 1, "the pair that is never valid");
}
