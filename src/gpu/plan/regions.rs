//! How a walk over regions is cut: statistics, merge, gradient.

use super::{Joint, Plan, Request, narrow, overrides, scale_first, totals};
use crate::error::{Error, Result};
use crate::leaf::{Activation, RegionSettings};
use crate::options::OptionType;
use crate::role::Role;
use crate::shape::Classes;

/// The most classes: an invocation loops over those of a position.
const MOST_CLASSES: usize = 8192;

pub(super) fn plan(request: &Request<'_>, plan: &mut Plan, classes: Classes, settings: RegionSettings) -> Result<()> {
    if classes.c > MOST_CLASSES {
        let (needed, limit) = (classes.c as u64, MOST_CLASSES as u64);
        return Err(Error::TooLarge { what: "classes of a region loss".into(), needed, limit });
    }
    // an invocation sees up to 16 positions, as far as its loops over their classes stay short
    let most = (4096 / classes.c).clamp(1, 16);
    let rounds = (classes.s / (256 * 64)).next_power_of_two().min(most);
    let chunk = 256 * rounds;
    let chunks = classes.s.div_ceil(chunk);
    let gathered = (classes.n * chunks) as u64;
    let regions = (if settings.batch { 1 } else { classes.n } * classes.c) as u64;
    let params = &mut plan.params;
    (params.items, params.per_item) = (narrow(classes.n as u64), narrow(classes.s as u64));
    params.classes = narrow(classes.c as u64);
    (params.class_stride, params.position_stride) =
        (narrow(classes.class_stride as u64), narrow(classes.position_stride as u64));
    (params.chunk, params.chunks) = (narrow(chunk as u64), narrow(chunks as u64));
    (params.tallies, params.first_tally) = (narrow(gathered + regions), narrow(gathered));
    let merged = chunks * if settings.batch { classes.n } else { 1 };
    plan.longest_loop = plan.longest_loop.max((rounds * classes.c) as u64).max(merged as u64 / 256);
    plan.hold("region_sums", gathered * classes.c as u64);
    plan.hold("coefficients", regions);
    let positions = if settings.activation == Activation::Softmax { classes.positions() as u64 } else { 0 };
    plan.hold("pixels", positions);
    // nothing is counted here; what the caller gives on the GPU may still scale the gradients
    scale_first(request, plan, totals(request, "geometry/totals_scale", "totals_scale"), 0, 0);

    let walk = |stage: &str, lib: &[&str]| {
        let labelled = request.checked.labels.is_some();
        let mut joint = Joint::new(&["lib/params", "lib/math", "lib/label"]);
        joint.files(lib);
        joint.files(&["dtype/float", if labelled { "operand/labels" } else { "operand/dense" }]);
        if stage != "settle" {
            let activation = settings.activation.get().to_string();
            joint.files(&["operand/x0", "operand/pixels", &format!("activation/{activation}")]);
        }
        joint.files(&["geometry/places", "geometry/region"]);
        joint
    };
    let mut choices = overrides(request.loss());
    choices.extend([
        ("LABELLED".into(), f64::from(u8::from(request.checked.labels.is_some()))),
        ("SQUARED".into(), f64::from(u8::from(settings.squared))),
    ]);

    if gathered > 0 {
        let mut gather = walk("gather", &["lib/tally", "lib/workspace"]);
        gather.files(&["operand/sums", "geometry/region_gather"]);
        plan.stages.push(gather.stage("region_gather", choices.clone(), gathered));
    }
    if regions > 0 {
        let mut settle = walk("settle", &["lib/tally", "lib/workspace"]);
        settle.optional("class_weight", request.player(Role::PerClass).is_some());
        settle.optional("upstream", request.upstream_tensor());
        settle.optional("losses", request.unreduced());
        settle.files(&["operand/sums", "operand/coefficients", "fold/regions"]);
        settle.sources.push(request.loss().header().shader);
        settle.files(&["geometry/region_settle"]);
        plan.stages.push(settle.stage("region_settle", choices.clone(), regions));
    }
    if let Some(wanted) = request.wanted.first().filter(|_| gathered > 0) {
        let mut scatter = walk("scatter", &[]);
        scatter.files(&["operand/coefficients", "operand/dx0", "geometry/region_scatter"]);
        choices.push(("DX0_ADD".into(), f64::from(u8::from(wanted.add))));
        let groups = classes.positions().div_ceil(256) as u64;
        let stage = scatter.stage("region_scatter", choices, groups);
        plan.stages.push(stage.writing(vec![("dx0".into(), wanted.output)]));
    }
    Ok(())
}
