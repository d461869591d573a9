//! How rows are walked against the classes of a projection, whose logits are never held.

use super::tiles::{Against, Ending, Pass, Scores, Side, Tiles, endings, windows};
use super::{Joint, Plan, Request, narrow};
use crate::check::Pairs;
use crate::error::Result;
use crate::leaf::Softmax;
use crate::role::Role;

pub(super) fn plan(request: &Request<'_>, plan: &mut Plan, pairs: Pairs, leaf: &dyn Softmax) -> Result<()> {
    let header = request.loss().header();
    let name = |role| header.player(role).map_or("", |spec| spec.name);
    let rows = Side { operand: name(Role::Rows), rows: pairs.rows, base: 0, from: 0 };
    let classes = Side { operand: name(Role::Projection), rows: pairs.others, base: pairs.rows, from: 0 };
    let turned = |turned: bool| vec![("OTHER_SCORES".to_string(), f64::from(u8::from(turned)))];
    let of_rows = Against { own: rows, others: vec![(classes, turned(false))] };
    let of_classes = Against { own: classes, others: vec![(rows, turned(true))] };

    let mut written = Vec::new();
    let classes_end = [(classes.operand, Ending::Rows), (name(Role::PerProjection), Ending::Sums)];
    let sides = [(of_rows.clone(), &[(rows.operand, Ending::Rows)][..]), (of_classes, &classes_end)];
    let passes = sides.map(|(against, of)| Pass { against, endings: endings(request, of, &mut written) });
    let passes: Vec<Pass> = passes.into_iter().filter(|pass| !pass.endings.is_empty()).collect();

    plan.hold("factors", pairs.rows as u64 + pairs.others as u64);
    plan.hold("whole_states", pairs.rows as u64);
    plan.hold("hits", pairs.rows as u64);
    plan.hold("records", if passes.is_empty() { 0 } else { pairs.rows as u64 });
    (plan.params.items, plan.params.per_item) = (narrow(pairs.rows as u64), narrow(pairs.width as u64));
    plan.params.classes = narrow(pairs.others as u64);
    plan.tally(pairs.rows.div_ceil(256) as u64);
    let choices = vec![("SPREADS".into(), f64::from(u8::from(leaf.spreads())))];
    let statistics = [of_rows];
    let scores = scores(request, choices.clone());
    let tiles = Tiles::new(request, plan, pairs.width, scores, &statistics, &passes)?;

    tiles.factors(plan, rows);
    tiles.factors(plan, classes);
    tiles.statistics(plan, &statistics[0]);
    let groups = pairs.rows.div_ceil(256) as u64;
    if pairs.rows > 0 {
        let mut score = joint(request);
        score.optional("losses", request.unreduced());
        score.files(&["lib/class", "fold/softmax_classes", "geometry/positions_tally", "geometry/linear_score"]);
        plan.stages.push(score.stage("linear_score", choices.clone(), groups));
    }
    if !passes.is_empty() {
        tiles.scale(plan);
    }
    if !passes.is_empty() && pairs.rows > 0 {
        let mut settle = joint(request);
        settle.optional("upstream", request.upstream_tensor());
        settle.files(&["operand/records", "geometry/linear_settle"]);
        plan.stages.push(settle.stage("linear_settle", choices, groups));
    }
    tiles.passes(plan, &passes);
    windows(request, plan, pairs.width);
    Ok(())
}

fn scores(request: &Request<'_>, overrides: Vec<(String, f64)>) -> Scores {
    let mut pairs = Joint::default();
    pairs.optional("bias", request.player(Role::PerProjection).is_some());
    pairs.files(&["geometry/linear_pairs"]);
    let mut absorb = Joint::new(&["operand/labels", "fold/softmax", "operand/hits"]);
    absorb.sources.push(request.loss().header().shader);
    absorb.files(&["geometry/linear_absorb"]);
    Scores {
        scale: Joint::new(&["absent/similarity", "absent/logit_scale"]),
        pairs,
        absorb,
        slope: Joint::new(&["operand/records", "geometry/linear_slope"]),
        overrides,
    }
}

/// What the kernels over rows are joined of.
fn joint(request: &Request<'_>) -> Joint {
    let mut joint = Joint::new(&[
        "lib/component",
        "lib/params",
        "lib/math",
        "lib/label",
        "lib/tally",
        "lib/workspace",
        "dtype/float",
    ]);
    joint.files(&["operand/labels", "fold/softmax", "operand/whole_states", "operand/hits"]);
    joint.optional("mask", request.player(Role::Mask).is_some());
    joint.sources.push(request.loss().header().shader);
    joint
}
