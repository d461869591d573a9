//! Rounds a gradient of several parts once: the parts add up in f32, and only the sum is rounded to 16 bits.

use super::request::{Request, dtypes, slots};
use super::spans::{Spans, Values};
use super::split::split;
use super::stage::{Plan, Stage, Wanted, narrow};
use crate::error::Result;
use crate::gpu::choices::Choices;
use crate::gpu::params::Params;
use crate::gpu::shaders::operand::dx;
use crate::gpu::shaders::{choice, geometry};

/// The elements of a workgroup.
const ELEMENTS: u64 = 1024;

/// Plans the rounding of the request's one gradient, which has `elements` elements.
pub(crate) fn rounding(request: &Request<'_>, elements: usize) -> Result<Plan> {
    let mut plan = Plan {
        params: Params { items: narrow(elements as u64), ..Params::new() },
        stages: Vec::new(),
        scratch: Vec::new(),
        longest_loop: 4,
        columns: None,
        operands: Vec::new(),
        outputs: request.wanted.iter().map(|wanted| (wanted.output, wanted.operand)).collect(),
        tallies: 0,
        spans: Spans::Elements { components: [1; 4], columns: 1, by_item: false },
    };
    for &Wanted { output, add, .. } in request.wanted.iter().filter(|_| elements > 0) {
        let mut slots = slots(request);
        slots.fill_dx(0, dx::WORDS);
        let adds = Choices::default().flag(choice::DX0_ADD, add);
        let stage = Stage::new(geometry::GRADIENT_ROUND, slots, adds, (elements as u64).div_ceil(ELEMENTS));
        let stage = stage.reading_quads(true).through(Values::Each(ELEMENTS));
        plan.stages.push(stage.writing(vec![("dx0".into(), output)]));
    }
    dtypes(request, &mut plan);
    split(request, &mut plan)?;
    Ok(plan)
}
