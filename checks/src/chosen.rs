//! The losses that a test takes: all, those that meet a condition, or one of each kind where the kind decides what is tested.
#![allow(dead_code, reason = "each test binary uses its own part of this")]

use wgloss::Loss;
use wgloss::custom::Leaf;

/// Every loss that tests go through: all, or those whose ids the environment variable `WGLOSS_LOSSES` lists, with commas, so
/// that whoever works on one loss does not wait for the others.
pub fn all() -> Vec<Box<dyn Loss>> {
    let listed = std::env::var("WGLOSS_LOSSES").unwrap_or_default();
    let asked = |id: &str| listed.is_empty() || listed.split(',').any(|listed| listed == id);
    wgloss::all().into_iter().filter(|loss| asked(loss.header().id)).collect()
}

/// The losses of [`all`] that meet a condition. At least `least` losses of the library have to meet it, since a test that runs
/// for none would pass.
pub fn losses(least: usize, condition: impl Fn(&dyn Loss) -> bool) -> Vec<Box<dyn Loss>> {
    let count = wgloss::all().iter().filter(|loss| condition(&***loss)).count();
    assert!(count >= least, "{count} losses meet a condition that {least} met before");
    all().into_iter().filter(|loss| condition(&**loss)).collect()
}

/// One of these losses for each walk, for tests of what depends on the walk and not on the leaf.
///
/// It takes all of them where the environment or a filter of the command line names losses, or `WGLOSS_EVERY_LOSS` is set.
pub fn of_each_walk(among: Vec<Box<dyn Loss>>) -> Vec<Box<dyn Loss>> {
    the_first_of(among, |one, other| one.walks_as(other))
}

/// One of these losses for each family, for tests of what depends on a family's plan or on the host. It takes all of them
/// where [`of_each_walk`] does.
pub fn of_each_family(among: Vec<Box<dyn Loss>>) -> Vec<Box<dyn Loss>> {
    the_first_of(among, |one, other| one.is_planned_as(other))
}

/// One of these losses for each kind of walk, for slow tests of how tensors are walked. It takes all of them where
/// [`of_each_walk`] does.
pub fn of_each_kind_of_walk(among: Vec<Box<dyn Loss>>) -> Vec<Box<dyn Loss>> {
    the_first_of(among, |one, other| kind_of_walk(one) == kind_of_walk(other))
}

/// The kind of a loss's walk, by what it goes over. Two walks of one kind differ in their fold, or in detail.
fn kind_of_walk(loss: &dyn Loss) -> &'static str {
    match loss.leaf() {
        Leaf::Pointwise(_) | Leaf::Boxes(_) | Leaf::Composite(_) => "elements",
        Leaf::Softmax(_) | Leaf::ClassSum(_) | Leaf::Divergence(_) => "positions",
        Leaf::Region(_) => "regions",
        Leaf::Vectors(_) => "rows",
        Leaf::Similarity(_) | Leaf::Hardest(_) | Leaf::Linear(_) | Leaf::LinearDivergence(_) | Leaf::Segments(_) => {
            "tiles of rows"
        }
        Leaf::Gram(_) => "tiles of channels",
        Leaf::Neighbours(_) => "neighbours",
        Leaf::Windows(_) => "windows",
        Leaf::Alignments(_) => "alignments",
    }
}

/// Whether the environment or a filter of the command line names losses, or asks for all of them.
pub fn asks_for_losses() -> bool {
    let names_one = |filter: String| wgloss::all().iter().any(|loss| filter.contains(loss.header().id));
    let named = ["WGLOSS_EVERY_LOSS", "WGLOSS_LOSSES"].into_iter().any(|name| std::env::var_os(name).is_some());
    named || std::env::args().skip(1).any(names_one)
}

/// The losses that are not like any loss before them in the list; or all of them, if the command asks for that.
fn the_first_of(among: Vec<Box<dyn Loss>>, alike: impl Fn(&dyn Loss, &dyn Loss) -> bool) -> Vec<Box<dyn Loss>> {
    if asks_for_losses() {
        return among;
    }
    let mut first: Vec<Box<dyn Loss>> = Vec::new();
    for loss in among {
        if !first.iter().any(|other| alike(&**other, &*loss)) {
            first.push(loss);
        }
    }
    first
}

/// The losses of these ids, whatever `WGLOSS_LOSSES` says.
pub fn named(ids: &[&str]) -> Vec<Box<dyn Loss>> {
    ids.iter().map(|id| wgloss::by_id(id).expect("a loss has this id")).collect()
}

/// Whether an earlier loss of the list has the same kernels, except for the leaf.
pub fn follows_another(loss: &dyn Loss) -> bool {
    let all = wgloss::all();
    let mut earlier = all.iter().take_while(|other| other.header().id != loss.header().id);
    earlier.any(|other| other.walks_as(loss))
}
