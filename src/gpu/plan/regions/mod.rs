//! Plans a walk over regions: sums of chunks, scores of regions, gradients.
//!
//! If a binding cannot hold an item, dispatches go through the item's classes range by range, as in `ranges`. There are then
//! four steps: the softmaxes of positions, the sums, the sums over classes that a softmax's gradient needs, the gradients.

mod slots;

use super::factors;
use super::fused::Fused;
use super::pixels::kept_classes;
use super::positions;
use super::ranges::{most_elements, range, ranges};
use super::request::{Request, WalkLoss};
use super::scratch::Scratch;
use super::slots::slots;
use super::spans::{Spans, Values};
use super::stage::{Stage, Wanted};
use super::totals::scale;
use super::walk::{Counted, Sizes, Walk};
use crate::error::{Error, Result};
use crate::gpu::params::Block;
use crate::gpu::shaders::geometry::{region_parts, value_scales};
use crate::gpu::shaders::operand::dx;
use crate::gpu::shaders::scratch::{fused_states, softmaxes};
use crate::gpu::shaders::{Shader, choice, geometry, slot};
use crate::leaf::{Activation, Region, RegionSettings};
use crate::role::Role;
use crate::shape::{ClassAxis, Classes, without_classes};
use crate::term::Operand;

/// The most classes, because an invocation loops over the classes of a position.
const MOST_CLASSES: usize = 8192;

/// The most sums of a region that one lane merges alone. A workgroup would not be faster: to merge its lanes' sums, its first
/// lane adds about twice as many.
const ALONE: usize = 16;

pub(super) fn plan(request: &Request<'_>, classes: Classes, leaf: &dyn Region) -> Result<Walk> {
    if classes.c > MOST_CLASSES {
        let (needed, limit) = (classes.c as u64, MOST_CLASSES as u64);
        return Err(Error::TooLarge { what: "classes".into(), needed, limit });
    }
    let regions = Regions::new(request, classes, leaf);
    let (mut stages, counted) = regions.scale();
    if classes.positions() > 0 {
        stages.extend(regions.combined());
        stages.extend(regions.gather());
    }
    // the scale of a fused loss of elements is known once the first stage has counted the elements
    let (scaled, counted) = regions.scale_elements().unwrap_or((Vec::new(), counted));
    stages.extend(scaled);
    if request.statistics {
        stages.extend(regions.statistics());
    } else {
        stages.extend(regions.score());
        let wanted = request.wanted.first().filter(|_| classes.positions() > 0);
        stages.extend(wanted.into_iter().flat_map(|wanted| regions.backward(wanted)));
    }
    let sizes = Sizes { counted, ..regions.sizes() };
    Ok(Walk { sizes, stages, scratch: regions.scratch(), spans: regions.spans() })
}

/// A walk over regions, and what its kernels share.
struct Regions<'a> {
    request: &'a Request<'a>,
    settings: RegionSettings,
    fused: Option<Fused>,
    classes: Classes,
    /// How many quads of positions a lane of the first stage goes through.
    rounds: usize,
    /// Whether a lane loads four neighbouring positions of a class at once.
    quads: bool,
    /// How many classes a range has, if the walk goes through classes range by range.
    range: Option<usize>,
}

impl<'a> Regions<'a> {
    fn new(request: &'a Request<'a>, classes: Classes, leaf: &dyn Region) -> Regions<'a> {
        let (most, apart) = request.target.region_rounds();
        let most = (1024 / classes.c).clamp(1, most);
        Regions {
            request,
            settings: leaf.settings(),
            // the statistics of a shard are those of regions, without the fused loss
            fused: Fused::of(leaf, request.checked.labels.is_some()).filter(|_| !request.statistics),
            classes,
            rounds: (classes.s / (1024 * apart)).next_power_of_two().min(most),
            quads: request.target.by_quads(classes.class_stride > 1 && classes.s.is_multiple_of(4)),
            range: range(request, classes),
        }
    }

    fn softmax(&self) -> bool {
        self.settings.activation == Activation::Softmax
    }

    /// The positions of a workgroup of the first stage.
    fn chunk(&self) -> usize {
        1024 * self.rounds
    }

    /// How many chunks an item has.
    fn chunks(&self) -> usize {
        self.classes.s.div_ceil(self.chunk())
    }

    /// The workgroups of the first stage.
    fn gathered(&self) -> usize {
        self.classes.n * self.chunks()
    }

    /// How many regions each class has: one for each item, or one for the whole batch.
    fn items(&self) -> usize {
        if self.settings.batch { 1 } else { self.classes.n }
    }

    fn regions(&self) -> usize {
        self.items() * self.classes.c
    }

    fn spans(&self) -> Spans {
        Spans::Regions { classes: self.classes, masks_elements: self.masks_elements() }
    }

    /// Whether the mask has a number for each element rather than for each position. With one channel the two are the same.
    fn masks_elements(&self) -> bool {
        let positions = without_classes(self.request.part.leader().map_or(&[][..], |x| x.shape()), self.axis());
        self.classes.c > 1 && self.request.of_role(Role::Mask).is_some_and(|mask| mask.shape() != positions)
    }

    fn axis(&self) -> ClassAxis {
        self.request.part.leader().map_or(ClassAxis::Second, |x| x.class_axis())
    }

    fn masks_positions(&self) -> bool {
        self.request.of_role(Role::Mask).is_some() && !self.masks_elements()
    }

    /// Whether mask, sample weights and scales are combined: with a binding for each, the kernels of a fused loss would bind
    /// too many buffers.
    fn combines(&self) -> bool {
        self.fused.is_some() && (self.masks_positions() || self.request.of_role(Role::SampleWeight).is_some())
    }

    /// Combines mask, sample weight and scales of each position, once the scales of the fused loss are known.
    fn combined(&self) -> Option<Stage> {
        let positions = self.classes.positions() as u64;
        self.combines().then(|| factors::stage(self.request, positions, 1, self.masks_positions(), value_scales::FUSED))
    }

    /// How many sums are merged for a region.
    fn merged(&self) -> usize {
        let chunks = self.chunks() * if self.settings.batch { self.classes.n } else { 1 };
        self.request.part.among.as_ref().map_or(chunks, |all| all.shape()[0])
    }

    fn sizes(&self) -> Sizes {
        // one tally for each value: a workgroup scores a region, or an item if its classes are summed together
        let values = if self.settings.together { self.items() } else { self.regions() };
        // statistics have no loss yet, so only the labels leave tallies
        let values = if self.request.statistics { 0 } else { values };
        let (first_tally, tallies) = (self.gathered(), self.gathered() + values);
        Sizes { chunk: self.chunk(), chunks: self.chunks(), tallies, first_tally, ..Sizes::of(self.classes) }
    }

    fn scratch(&self) -> Vec<Scratch> {
        let (positions, regions) = (self.classes.positions() as u64, self.regions() as u64);
        let of_chunks = (self.gathered() * self.classes.c) as u64;
        // the counts of observations lie behind the sums of chunks and of regions
        let beside = match (self.request.observes(), self.settings.together) {
            (true, _) => regions + of_chunks,
            (false, true) => regions,
            (false, false) => 0,
        };
        let sums = Scratch::new("region_sums", of_chunks + beside);
        let mut scratch = vec![sums, Scratch::new("coefficients", regions)];
        if self.softmax() {
            // two elements hold four positions
            let (name, _) = self.kept_softmaxes();
            scratch.push(Scratch::new(name, if name == "softmax_quads" { positions / 2 } else { positions }));
        }
        let fold = self.fused.as_ref().filter(|fused| fused.fold.is_some());
        scratch.extend(fold.map(|_| Scratch::new(self.fused_memory(), positions)));
        scratch.extend(self.combines().then(|| Scratch::new("value_factors", positions)));
        scratch
    }

    /// The scratch memory that keeps the softmaxes of positions, and the file that accesses it.
    fn kept_softmaxes(&self) -> (&'static str, Shader) {
        match self.range {
            Some(_) => ("ranged_softmaxes", softmaxes::RANGES),
            None if self.quads => ("softmax_quads", softmaxes::QUADS),
            None => ("softmaxes", softmaxes::EACH),
        }
    }

    /// The scratch memory that keeps the states of the fused loss.
    fn fused_memory(&self) -> &'static str {
        if self.range.is_some() { "ranged_fused_states" } else { "fused_states" }
    }

    /// Computes the scales of the gradients.
    fn scale(&self) -> (Vec<Stage>, Counted) {
        if self.fused.is_none() {
            return scale(self.request, WalkLoss::Only, None);
        }
        let (mut stages, _) = scale(self.request, WalkLoss::Main, None);
        if self.scores_classes() {
            return (stages, Counted::default());
        }
        let count = positions::counted(self.request, WalkLoss::Fused, self.classes.positions());
        let count = Some(count).filter(|(_, counted)| counted.tallies > 0);
        let (fused, counted) = scale(self.request, WalkLoss::Fused, count);
        stages.extend(fused);
        (stages, counted)
    }

    /// Whether the fused loss scores each class of a position by itself.
    fn scores_classes(&self) -> bool {
        self.fused.as_ref().is_some_and(|fused| fused.fold.is_none())
    }

    /// Computes the scales of the gradients of a fused loss of elements, from the tallies of the first stage.
    fn scale_elements(&self) -> Option<(Vec<Stage>, Counted)> {
        if !self.scores_classes() {
            return None;
        }
        let tallies = if self.classes.positions() > 0 { self.gathered() } else { 0 };
        let (mut stages, _) = scale(self.request, WalkLoss::Fused, None);
        if let Some(scaling) = stages.pop() {
            stages.push(scaling.looping(tallies.div_ceil(256)));
            stages.extend(self.combined().filter(|_| tallies > 0));
        }
        Some((stages, Counted { chunk: self.chunk(), tallies }))
    }

    /// How many classes there are, if a lane can keep them all. It keeps four probabilities and four slopes of each, or
    /// four logits and three sums.
    fn kept_classes(&self) -> Option<u32> {
        kept_classes(self.request, self.classes, 8).filter(|_| self.quads && self.range.is_none())
    }

    fn ranges(&self) -> impl Iterator<Item = Block> + use<> {
        ranges(self.classes, self.range.unwrap_or(self.classes.c))
    }

    /// Computes the sums of chunks.
    fn gather(&self) -> Vec<Stage> {
        let groups = self.gathered() as u64;
        let values = Values::OfItems { per_item: self.classes.s, chunk: self.chunk(), chunks: self.chunks() };
        let stage = |folds: bool, sums: bool| {
            let choices = self.choices().flag(choice::FOLDS, folds).flag(choice::SUMS, sums);
            let stage = Stage::new(geometry::REGION_GATHER, self.over_positions(), choices, 0);
            let stage = stage.in_quads(self.quads).keeping_classes(self.kept_classes()).through(values);
            stage.looping(self.rounds * self.classes.c.next_multiple_of(4))
        };
        let mut stages = Vec::new();
        if self.range.is_none() {
            stages.extend(self.ranges().map(|block| stage(true, true).over(block, groups)));
            return stages;
        }
        let folds_fused = self.fused.is_some() && !self.scores_classes();
        if folds_fused && self.request.checked.labels.is_some() {
            let slots = self.over_positions().with(slot::LABEL_LOGITS, fused_states::RANGES);
            let find = Stage::new(geometry::PIXELS_FIND, slots, self.choices(), 0).through(values);
            stages.extend(self.ranges().map(|block| find.over(block, groups)));
        }
        // the softmaxes need all ranges before the sums; without a softmax this stage only checks labels, once, with
        // the last range
        let together = self.softmax() || folds_fused;
        let (folds, sums) = (stage(true, false), stage(false, true));
        let folded = self.ranges().filter(|block| together || block.other_end as usize == self.classes.c);
        stages.extend(folded.map(|block| folds.over(block, groups)));
        stages.extend(self.ranges().map(|block| sums.over(block, groups)));
        stages
    }

    /// Writes the statistics of a shard.
    fn statistics(&self) -> Option<Stage> {
        let slots = slots(self.request).with(slot::REGION_PARTS, region_parts::CHUNKS);
        let stage = Stage::new(geometry::REGION_STATISTICS, slots, self.choices(), self.regions() as u64);
        (self.regions() > 0).then(|| stage.looping(self.merged() / 256))
    }

    /// Scores regions, or items whose regions are summed together, and computes the slopes of their sums.
    fn score(&self) -> Vec<Stage> {
        let regions = self.regions() as u64;
        if regions == 0 {
            return Vec::new();
        }
        let merged_from = if self.request.among() { region_parts::SHARDS } else { region_parts::CHUNKS };
        let slots = slots(self.request).with(slot::REGION_PARTS, merged_from);
        // one lane for each region, if it has few sums
        let alone = self.merged() <= ALONE;
        let choices = self.choices().flag(choice::ALONE, alone);
        let groups = if alone { regions.div_ceil(256) } else { regions };
        let score = Stage::new(geometry::REGIONS_SCORE, slots.clone(), choices, groups);
        let mut stages = vec![score.looping(self.merged() / 256)];
        if self.settings.together {
            stages.push(Stage::new(geometry::REGION_COUPLE, slots, self.choices(), self.items() as u64));
        }
        stages
    }

    /// Computes the gradients.
    fn backward(&self, wanted: &Wanted) -> Vec<Stage> {
        let classes = self.classes;
        let strip = self.request.target.strip(self.quads, classes.positions());
        let together = 1024 * strip;
        // a workgroup that goes on into the next items needs them bound too
        let reached = (together / classes.s + 2) as u64 * (classes.c * classes.s) as u64;
        let by_item = classes.class_stride > 1 && reached > most_elements(self.request);
        let chunks = classes.s.div_ceil(together);
        let (groups, values) = match by_item {
            true => (classes.n * chunks, Values::OfItems { per_item: classes.s, chunk: together, chunks }),
            false => (classes.positions().div_ceil(together), Values::Each(together as u64)),
        };
        let stage = |means: bool, writes: bool| {
            let mut slots = self.over_positions();
            slots.fill_dx(0, if writes { dx::WORDS } else { dx::NOWHERE });
            let choices = self.choices().flag(choice::BY_ITEM, by_item).flag(choice::DX0_ADD, wanted.add);
            let choices = choices.flag(choice::MEAN_SLOPES, means).flag(choice::WRITES, writes);
            let stage = Stage::new(geometry::REGION_BACKWARD, slots, choices, 0);
            let stage =
                stage.in_quads(self.quads).in_strips(strip).keeping_classes(self.kept_classes().filter(|_| strip == 1));
            let gradients = writes.then(|| ("dx0".into(), wanted.output));
            stage.through(values).writing(gradients.into_iter().collect())
        };
        let groups = groups as u64;
        if self.range.is_none() {
            return self.ranges().map(|block| stage(true, true).over(block, groups)).collect();
        }
        let mut stages = Vec::new();
        if self.softmax() {
            let means = stage(true, false);
            stages.extend(self.ranges().map(|block| means.over(block, groups)));
        }
        let writes = stage(false, true);
        stages.extend(self.ranges().map(|block| writes.over(Block { fresh: 0, ..block }, groups)));
        stages
    }
}
