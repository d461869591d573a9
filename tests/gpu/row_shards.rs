//! Shards of a batch that is its own negatives: they add up to the whole, and for each shard the GPU gives the twin's
//! results.

use crate::harness::{Subject, tests, tests_of};
use crate::judge::{Failures, Given, close};
use crate::terms::numbers;
use crate::{fresh_gpu, gpu};
use libtest_mimic::Trial;
use wgloss::{
    Array, Extra, Gpu, Gradient, InfoNce, Outputs, Reduction, Siglip, SupCon, Tensor, Term, TripletHard, cpu,
};

pub fn tests() -> Vec<Trial> {
    let mut tests = tests![two_directions_by_halves_are_the_symmetric_loss, all_rows_are_a_shard];
    tests.extend(tests_of![
        batches();
        shards_add_up_to_the_whole,
        a_shard_gives_what_its_twin_gives,
        values_of_shards_are_the_whole_s_in_a_row,
        the_blocks_of_a_shard_do_not_change_a_bit
    ]);
    tests
}

/// The batch, and its shards: some on tile boundaries, some not, a single row, and no rows.
const BATCH: usize = 130;
const WIDTH: usize = 21;
const SPLITS: [&[usize]; 3] = [&[64, 1, 65], &[50, 37, 43], &[0, 129, 1]];

/// The relative difference between f64 sums in two orders.
const EXACT: f64 = 1e-12;

/// A loss of a batch: the rows that are cut into shards, and the operands that every shard has whole, with the keys first.
struct Batch {
    name: &'static str,
    rows: Array,
    shared: Vec<Array>,
    /// Whether the keys are the rows, so that the whole has no separate keys.
    itself: bool,
    /// The loss of all rows, or of a shard whose first row has the given index.
    term: fn(&Array, &[Array], Option<usize>) -> Term<Array>,
}

impl Subject for Batch {
    type Given = Batch;

    fn name(&self) -> String {
        self.name.into()
    }

    fn given(&self) -> &Batch {
        self
    }
}

fn shard(term: Term<Array>, first: Option<usize>) -> Term<Array> {
    first.into_iter().fold(term, Term::rows_from)
}

/// Five labels, unevenly distributed, and for every eighth row, such as row 64, a label of its own.
fn labels() -> Array {
    let label = |i: usize| if i.is_multiple_of(8) { 1000 + i } else { (i * i + i / 60) % 5 };
    Array::new(&(0..BATCH).map(|i| label(i) as i32).collect::<Vec<_>>(), [BATCH]).unwrap()
}

fn batches() -> Vec<Batch> {
    let (queries, keys, negatives) =
        (numbers(1, &[BATCH, WIDTH]), numbers(2, &[BATCH, WIDTH]), numbers(3, &[33, WIDTH]));
    let (scale, bias) = (Array::new(&[7.0f32], [1]).unwrap(), Array::new(&[-3.0f32], [1]).unwrap());
    let batch = |name, shared: &[&Array], term| {
        let shared = shared.iter().map(|&array| array.clone()).collect();
        Batch { name, rows: queries.clone(), shared, itself: false, term }
    };
    vec![
        batch("info_nce", &[&keys], |own, shared, first| shard(InfoNce::default().of(own, &shared[0]), first)),
        batch("info_nce_not_normalized", &[&keys], |own, shared, first| {
            let loss = InfoNce { normalize: false, temperature: 1.5, ..Default::default() };
            shard(loss.of(own, &shared[0]), first)
        }),
        batch("info_nce_with_all", &[&keys, &negatives, &scale], |own, shared, first| {
            let term = InfoNce::default().of(own, &shared[0]).with(Extra::Negatives, &shared[1]);
            shard(term.with(Extra::LogitScale, &shared[2]), first)
        }),
        batch("siglip", &[&keys, &scale, &bias], |own, shared, first| {
            shard(Siglip::default().of(own, &shared[0], &shared[1], &shared[2]), first)
        }),
        Batch {
            itself: true,
            ..batch("sup_con", &[&queries], |own, shared, first| {
                let whole = SupCon::default().of(&shared[0], &labels());
                match first {
                    None => whole,
                    Some(first) => whole.with(Extra::Anchors, own).rows_from(first),
                }
            })
        },
        Batch {
            itself: true,
            ..batch("triplet_hard", &[&queries], |own, shared, first| {
                let whole = TripletHard::default().of(&shared[0], &labels());
                match first {
                    None => whole,
                    Some(first) => whole.with(Extra::Anchors, own).rows_from(first),
                }
            })
        },
    ]
}

/// Rows `first..end` of an array.
fn cut(array: &Array, first: usize, end: usize) -> Array {
    let width = array.shape()[1];
    Array::new(&array.to_f32()[first * width..end * width], [end - first, width]).unwrap()
}

/// The first row and the end of each shard.
fn bounds(split: &[usize]) -> Vec<(usize, usize)> {
    let end = |k: usize| split[..k].iter().sum();
    (0..split.len()).map(|k| (end(k), end(k + 1))).collect()
}

/// Evaluates a term, on the GPU or by the twin.
type Evaluate<'a> = &'a dyn Fn(&Term<Array>, &[&Array]) -> Result<Given, String>;

fn on_host(term: &Term<Array>, of: &[&Array]) -> Result<Given, String> {
    cpu::gradient_list(term, of).map(Given::by_twin).map_err(|error| error.to_string())
}

fn on_gpu(term: &Term<Array>, of: &[&Array]) -> Result<Given, String> {
    Given::by_gpu(gpu(), term, of).map_err(|error| error.to_string())
}

impl Batch {
    fn whole(&self, evaluate: Evaluate) -> Result<Given, String> {
        let of: Vec<&Array> = self.shared.iter().chain((!self.itself).then_some(&self.rows)).collect();
        evaluate(&(self.term)(&self.rows, &self.shared, None), &of)
    }

    /// Returns loss, count and gradients summed over all shards, where each shard is divided by the count of all.
    fn shards(&self, split: &[usize], evaluate: Evaluate) -> Result<(f64, f64, Vec<Vec<f64>>), String> {
        let shards = bounds(split).into_iter().map(|(first, end)| (cut(&self.rows, first, end), first));
        let shards: Vec<(Array, usize)> = shards.collect();
        let term = |(own, first): &(Array, usize)| (self.term)(own, &self.shared, Some(*first));
        let mut count = 0.0;
        for shard in &shards {
            count += evaluate(&term(shard), &[])?.parts[0].denominator;
        }
        let (mut loss, mut own) = (0.0, Vec::new());
        let mut sums: Vec<Vec<f64>> = self.shared.iter().map(|array| vec![0.0; array.len()]).collect();
        for shard in &shards {
            let of: Vec<&Array> = self.shared.iter().chain([&shard.0]).collect();
            let given = evaluate(&term(shard).divide_by(count as f32), &of)?;
            loss += given.loss.ok_or("not reduced")?;
            let (last, shared) = given.gradients.split_last().ok_or("no gradients")?;
            own.extend(last.to_f64());
            for (sum, gradient) in sums.iter_mut().zip(shared) {
                sum.iter_mut().zip(gradient.to_f64()).for_each(|(sum, d)| *sum += d);
            }
        }
        match self.itself {
            true => sums[0].iter_mut().zip(&own).for_each(|(sum, d)| *sum += d),
            false => sums.push(own),
        }
        Ok((loss, count, sums))
    }

    /// Compares the sums over all shards with the whole.
    fn compare(
        &self,
        split: &[usize],
        evaluate: Evaluate,
        near: fn(&[f64], &[f64]) -> Result<(), String>,
    ) -> Result<(), String> {
        let (whole, (loss, count, gradients)) = (self.whole(evaluate)?, self.shards(split, evaluate)?);
        if count != whole.parts[0].denominator {
            return Err(format!("the shards count {count}, the whole {}", whole.parts[0].denominator));
        }
        near(&[loss], &whole.loss.into_iter().collect::<Vec<_>>()).map_err(|why| format!("loss: {why}"))?;
        for (place, (got, want)) in gradients.iter().zip(&whole.gradients).enumerate() {
            near(got, &want.to_f64()).map_err(|why| format!("gradient {place}: {why}"))?;
        }
        Ok(())
    }
}

/// As [`close`], to the precision of f64.
fn exact(got: &[f64], want: &[f64]) -> Result<(), String> {
    let most = want.iter().fold(0.0f64, |most, w| most.max(w.abs()));
    let off = got.iter().zip(want).map(|(g, w)| (g - w).abs()).fold(0.0, f64::max);
    // written so that a NaN fails
    let good = got.len() == want.len() && most > 0.0 && got.iter().all(|g| g.is_finite()) && off <= EXACT * most;
    if good { Ok(()) } else { Err(format!("off by {off:e} of {most}, {} numbers of {}", got.len(), want.len())) }
}

fn shards_add_up_to_the_whole(batch: &Batch) {
    let mut failures = Failures::default();
    for split in SPLITS {
        failures.note(&(batch.name, split, "twin"), batch.compare(split, &on_host, exact));
        failures.note(&(batch.name, split, "GPU"), batch.compare(split, &on_gpu, close));
    }
    failures.raise();
}

fn a_shard_gives_what_its_twin_gives(batch: &Batch) {
    let mut failures = Failures::default();
    for (first, end) in SPLITS.into_iter().flat_map(bounds) {
        let own = cut(&batch.rows, first, end);
        let of: Vec<&Array> = batch.shared.iter().chain([&own]).collect();
        for reduction in [Reduction::Mean, Reduction::Sum] {
            let term = (batch.term)(&own, &batch.shared, Some(first)).reduce(reduction);
            let result = on_host(&term, &of).and_then(|want| on_gpu(&term, &of)?.judge(&want));
            failures.note(&(batch.name, first, end, reduction), result);
        }
    }
    failures.raise();
}

fn values_of_shards_are_the_whole_s_in_a_row(batch: &Batch) {
    let mut failures = Failures::default();
    let unreduced = |term: Term<Array>| {
        let term = term.reduce(Reduction::None);
        let on_gpu = gpu().value(&term).unwrap().tensor().read().wait().unwrap();
        [cpu::value(&term).unwrap().tensor().clone(), on_gpu]
    };
    let whole = unreduced((batch.term)(&batch.rows, &batch.shared, None));
    for split in SPLITS {
        let mut values = [Vec::new(), Vec::new()];
        for (first, end) in bounds(split) {
            let given = unreduced((batch.term)(&cut(&batch.rows, first, end), &batch.shared, Some(first)));
            for (values, given) in values.iter_mut().zip(given) {
                assert_eq!(given.shape(), [end - first], "{}", batch.name);
                values.extend(given.to_f64());
            }
        }
        failures.note(&(batch.name, split, "twin"), exact(&values[0], &whole[0].to_f64()));
        failures.note(&(batch.name, split, "GPU"), close(&values[1], &whole[1].to_f64()));
    }
    failures.raise();
}

fn two_directions_by_halves_are_the_symmetric_loss() {
    let (queries, keys) = (numbers(1, &[BATCH, WIDTH]), numbers(2, &[BATCH, WIDTH]));
    let whole = InfoNce { symmetric: true, ..Default::default() }.of(&queries, &keys);
    let mut shards = Vec::new();
    for (first, end) in bounds(SPLITS[1]) {
        let turned =
            |own: &Array, all: &Array| 0.5 * InfoNce::default().of(&cut(own, first, end), all).rows_from(first);
        shards.push(turned(&queries, &keys) + turned(&keys, &queries));
    }
    let shards = shards.into_iter().reduce(|sum, shard| sum + shard).unwrap().divide_by(BATCH as f32);
    let loss =
        |term: &Term<Array>| [on_host(term, &[]).unwrap().loss.unwrap(), on_gpu(term, &[]).unwrap().loss.unwrap()];
    let (got, want) = (loss(&shards), loss(&whole));
    exact(&got[..1], &want[..1]).unwrap();
    close(&got[1..], &want[1..]).unwrap();
}

/// All features are anchors, given as the same tensor. Without `rows_from` the anchors begin at row 0.
fn all_rows_are_a_shard() {
    let (features, labels) = (numbers(1, &[BATCH, WIDTH]), labels());
    let whole = SupCon::default().of(&features, &labels);
    let shard = whole.clone().with(Extra::Anchors, &features);
    for term in [shard.clone(), shard.rows_from(0)] {
        let (host, want) = (on_host(&term, &[&features]).unwrap(), on_host(&whole, &[&features]).unwrap());
        exact(&host.gradients[0].to_f64(), &want.gradients[0].to_f64()).unwrap();
        exact(&[host.loss.unwrap()], &[want.loss.unwrap()]).unwrap();
        on_gpu(&term, &[&features]).unwrap().judge(&host).unwrap();
    }
}

/// The bits of a shard's loss and gradients, and the bytes of its workspace.
fn bits(gpu: &Gpu, term: &Term<Array>, of: &[&Array]) -> (u64, Vec<Vec<u32>>) {
    let tensors: Vec<(&Array, Tensor)> = of.iter().map(|array| (*array, gpu.upload_array(array).unwrap())).collect();
    let on_gpu = |array: &Array| match tensors.iter().find(|(known, _)| wgloss::Operand::is(*known, array)) {
        Some((_, tensor)) => Ok(tensor.clone()),
        None => gpu.upload_array(array),
    };
    let into: Vec<Tensor> = of.iter().map(|array| gpu.empty(array.shape()).unwrap()).collect();
    let gradients = tensors.iter().zip(&into).map(|((_, of), into)| Gradient::store(of, into)).collect();
    let job = gpu.prepare(&term.map(on_gpu).unwrap(), &Outputs { gradients, ..Outputs::default() }).unwrap();
    let loss = job.run().unwrap().tensor().read().wait().unwrap();
    let all = std::iter::once(loss).chain(into.iter().map(|into| into.read().wait().unwrap()));
    (job.workspace(), all.map(|array| array.to_f32().into_iter().map(f32::to_bits).collect()).collect())
}

fn the_blocks_of_a_shard_do_not_change_a_bit(batch: &Batch) {
    const BOUND: u64 = 60_000;
    let gpu = fresh_gpu();
    let own = cut(&batch.rows, 23, 110);
    let of: Vec<&Array> = batch.shared.iter().chain([&own]).collect();
    let term = (batch.term)(&own, &batch.shared, Some(23));
    let (whole, want) = bits(&gpu, &term, &of);
    assert!(whole > BOUND, "{} takes {whole} bytes in whole blocks", batch.name);
    gpu.set_workspace_bound(BOUND);
    let (small, got) = bits(&gpu, &term, &of);
    assert!(small <= BOUND, "{} takes {small} bytes", batch.name);
    assert!(got == want, "{} differs in bits", batch.name);
}
