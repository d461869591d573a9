//! How a walk over regions is cut: statistics, merge, gradient.

use super::pixels::{all_classes, few};
use super::positions::Fold;
use super::split::{Spans, Values};
use super::{Joint, Piece, Plan, Request, narrow, overrides, positions, scale_piece};
use crate::error::{Error, Result};
use crate::leaf::{Activation, Region, RegionSettings};
use crate::loss::Source;
use crate::options::OptionType;
use crate::role::Role;
use crate::shape::Classes;

/// The most classes: an invocation loops over those of a position.
const MOST_CLASSES: usize = 8192;

/// The most parts of a region that one lane merges: as many as the first lane of a workgroup has to add at the end.
const ALONE: usize = 16;

pub(super) fn plan(request: &Request<'_>, plan: &mut Plan, classes: Classes, leaf: &dyn Region) -> Result<()> {
    let settings = leaf.settings();
    if classes.c > MOST_CLASSES {
        let (needed, limit) = (classes.c as u64, MOST_CLASSES as u64);
        return Err(Error::TooLarge { what: "classes of a region loss".into(), needed, limit });
    }
    // an invocation sees up to 16 positions, four at a time; on a CPU, which has few workgroups at once, up to 64
    let (most, apart) = if request.on_cpu { (16, 1) } else { (4, 64) };
    let most = (1024 / classes.c).clamp(1, most);
    let rounds = (classes.s / (1024 * apart)).next_power_of_two().min(most);
    let chunk = 1024 * rounds;
    let chunks = classes.s.div_ceil(chunk);
    let gathered = (classes.n * chunks) as u64;
    let regions = (if settings.batch { 1 } else { classes.n } * classes.c) as u64;
    let params = &mut plan.params;
    (params.items, params.per_item) = (narrow(classes.n as u64), narrow(classes.s as u64));
    params.classes = narrow(classes.c as u64);
    (params.class_stride, params.position_stride) =
        (narrow(classes.class_stride as u64), narrow(classes.position_stride as u64));
    (params.chunk, params.chunks) = (narrow(chunk as u64), narrow(chunks as u64));
    let values = if settings.together { classes.n as u64 } else { regions };
    (params.tallies, params.first_tally) = (narrow(gathered + values), narrow(gathered));
    let merged =
        request.part.among.as_ref().map_or(chunks * if settings.batch { classes.n } else { 1 }, |all| all.shape()[0]);
    plan.longest_loop = plan.longest_loop.max((rounds * classes.c.next_multiple_of(4)) as u64).max(merged as u64 / 256);
    let whole = if settings.together { regions } else { 0 };
    plan.hold("region_sums", gathered * classes.c as u64 + whole);
    plan.hold("coefficients", regions);

    plan.spans = Spans::Regions(classes);
    let fours = classes.class_stride > 1 && classes.s.is_multiple_of(4);
    let rider = Riding::of(leaf, request.checked.labels.is_some());
    let positions = classes.positions();
    match &rider {
        Some(_) => {
            plan.hold("riders", positions as u64);
            hold_pixels(plan, positions, fours);
            scale_piece(request, plan, Piece::Ridden, None);
            let count = positions::count(request, Piece::Rider, positions);
            scale_piece(request, plan, Piece::Rider, Some(count).filter(|(_, _, tallies)| *tallies > 0));
        }
        None => {
            let softmax = settings.activation == Activation::Softmax;
            hold_pixels(plan, if softmax { positions } else { 0 }, fours);
            scale_piece(request, plan, Piece::Only, None);
        }
    }

    let walk = Walk { request, settings, rider, fours };
    // of each class four probabilities and slopes, or four logits and three sums
    let few = few(request, classes, 8).filter(|_| fours);
    let block = all_classes(classes);
    let choices = walk.choices();
    let values = Values::OfItems { per_item: classes.s, chunk, chunks };
    if gathered > 0 {
        let mut gather = walk.over_positions(&["lib/tally", "lib/workspace"]);
        gather.files(&["operand/sums", "geometry/region_sums", "geometry/region_blocks", "geometry/region_gather"]);
        let gather = gather.stage("region_gather", choices.clone(), 0).in_quads(fours).of_few(few);
        plan.stages.push(gather.through(values).over(block, gathered));
    }
    if request.statistics {
        let mut sums = walk.joint(&[]);
        sums.files(&["operand/sums", "operand/statistics_out", "geometry/places", "geometry/region"]);
        sums.files(&[
            "geometry/region_chunks",
            "geometry/region_lanes",
            "geometry/region_merge",
            "geometry/region_statistics",
        ]);
        if regions > 0 {
            plan.stages.push(sums.stage("region_statistics", choices, regions));
        }
        // there is no loss yet: the tallies are those of the labels
        plan.params.tallies = narrow(gathered);
        return Ok(());
    }
    // a value is scored where its sums are merged: a class's with its chunks, an item's with its classes
    let scored = |files: &[&str]| {
        let mut score = walk.joint(&["lib/tally", "lib/workspace"]);
        score.files(&["geometry/places", "geometry/region"]);
        score.optional("class_weight", request.player(Role::PerClass).is_some());
        score.optional("upstream", request.upstream_tensor());
        score.optional("losses", request.unreduced());
        score.files(&["operand/sums", "operand/coefficients", "fold/regions"]);
        score.sources.push(request.loss().header().shader);
        score.files(files);
        score
    };
    let merged_from: &[&str] = match request.among() {
        true => &["operand/statistics", "geometry/region_pieces"],
        false => &["geometry/region_chunks"],
    };
    if regions > 0 {
        let files =
            [merged_from, &["geometry/region_lanes", "geometry/region_merge", "geometry/region_settle"]].concat();
        // where there is as little to merge as a workgroup's first lane would be left with
        let alone = merged <= ALONE;
        let choices = [choices.clone(), vec![("ALONE".into(), f64::from(u8::from(alone)))]].concat();
        let groups = if alone { regions.div_ceil(256) } else { regions };
        plan.stages.push(scored(&files).stage("region_settle", choices, groups));
    }
    if regions > 0 && settings.together {
        let items = classes.n as u64;
        plan.stages.push(scored(&["geometry/region_lanes", "geometry/region_couple"]).stage(
            "region_couple",
            choices.clone(),
            items,
        ));
    }
    if let Some(wanted) = request.wanted.first().filter(|_| gathered > 0) {
        // what rides along has scales of its own
        let lib: &[&str] = if walk.rider.is_some() { &["lib/tally", "lib/workspace"] } else { &["lib/tally"] };
        let mut scatter = walk.over_positions(lib);
        scatter.files(&["operand/coefficients", "operand/dx0", "geometry/region_slopes", "geometry/slopes_again"]);
        scatter.files(&["geometry/region_scatter"]);
        let add = ("DX0_ADD".into(), f64::from(u8::from(wanted.add)));
        let strip = request.strip(fours);
        let together = 1024 * strip;
        let groups = positions.div_ceil(together) as u64;
        let stage = scatter.stage("region_scatter", [choices, vec![add]].concat(), 0).in_quads(fours).in_strips(strip);
        let stage = stage.of_few(few.filter(|_| strip == 1));
        let stage = stage.through(Values::Each(together)).writing(vec![("dx0".into(), wanted.output)]);
        plan.stages.push(stage.over(block, groups));
    }
    Ok(())
}

/// What the softmax of each position needs to be remembered by.
fn hold_pixels(plan: &mut Plan, positions: usize, fours: bool) {
    match fours {
        true => plan.hold("pixel_fours", positions as u64 / 2),
        false => plan.hold("pixels", positions as u64),
    }
}

/// What the kernels have to know of a loss that rides along.
struct Riding {
    shader: Source,
    fold: Fold,
    choices: Vec<(String, f64)>,
}

impl Riding {
    fn of(leaf: &dyn Region, labelled: bool) -> Option<Riding> {
        let loss = leaf.rider()?.loss;
        let fold = Fold::of(loss.leaf());
        let mut choices = overrides(&*loss);
        choices.push(("SPREADS".into(), f64::from(u8::from(!labelled || fold.spreads))));
        Some(Riding { shader: loss.header().shader, fold, choices })
    }
}

/// What the kernels of a walk have in common.
struct Walk<'a> {
    request: &'a Request<'a>,
    settings: RegionSettings,
    rider: Option<Riding>,
    /// Whether a class of four neighbouring positions is one load.
    fours: bool,
}

impl Walk<'_> {
    fn joint(&self, lib: &[&str]) -> Joint {
        let labelled = self.request.checked.labels.is_some();
        let mut joint = Joint::new(&["lib/params", "lib/math", "lib/label"]);
        joint.files(lib);
        joint.files(&["dtype/float", if labelled { "operand/labels" } else { "operand/dense" }]);
        joint
    }

    /// A kernel that walks over positions, and with it what rides along.
    fn over_positions(&self, lib: &[&str]) -> Joint {
        let mut joint = self.joint(lib);
        joint.files(&["operand/x0", "geometry/places", "geometry/region"]);
        joint.files(&["geometry/class_range", "geometry/logits_read", "geometry/region_quads"]);
        match &self.rider {
            None => joint.files(&["absent/rider"]),
            Some(rider) => {
                joint.optional("class_weight", self.request.player(Role::PerClass).is_some());
                joint.files(&["lib/class", "absent/mask", "absent/losses", "operand/riders"]);
                joint.files(rider.fold.files);
                joint.sources.push(rider.shader);
                joint.files(&["geometry/positions_tally", "geometry/region_rider"]);
            }
        }
        let activation = self.settings.activation;
        joint.files(&[&format!("activation/{}", activation.get())]);
        if activation == Activation::Softmax {
            joint.files(&[if self.fours { "operand/pixel_fours" } else { "operand/pixels" }]);
        }
        joint
    }

    fn choices(&self) -> Vec<(String, f64)> {
        let flag = |flag: bool| f64::from(u8::from(flag));
        let mut choices = overrides(self.request.loss());
        choices.extend([
            ("LABELLED".into(), flag(self.request.checked.labels.is_some())),
            ("SQUARED".into(), flag(self.settings.squared)),
            ("TOGETHER".into(), flag(self.settings.together)),
            ("FOURS".into(), flag(self.fours)),
            self.request.team(),
        ]);
        choices.extend(self.rider.iter().flat_map(|rider| rider.choices.clone()));
        choices
    }
}
