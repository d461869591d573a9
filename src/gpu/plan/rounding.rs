//! Rounds a 16-bit gradient that several places of a term contribute to: these add up in f32, and only the sum is rounded. A
//! sum also goes to each output of an operand whose gradient has several.

use super::dtypes::with_dtypes;
use super::request::Request;
use super::slots::slots;
use super::spans::{Spans, Values};
use super::split::split;
use super::stage::{Plan, Stage, Wanted};
use super::walk::in_32_bits;
use crate::error::Result;
use crate::gpu::choices::Choices;
use crate::gpu::params::Params;
use crate::gpu::shaders::operand::dx;
use crate::gpu::shaders::{choice, geometry};

/// The elements of a workgroup.
const ELEMENTS: u64 = 1024;

/// Plans the rounding of the request's one gradient, which has `elements` elements.
pub(crate) fn rounding(request: &Request<'_>, elements: usize) -> Result<Plan> {
    let stage = |&Wanted { output, add, .. }: &Wanted| {
        let mut slots = slots(request);
        slots.fill_dx(0, dx::WORDS);
        let adds = Choices::default().flag(choice::DX0_ADD, add);
        let stage = Stage::new(geometry::GRADIENT_ROUND, slots, adds, (elements as u64).div_ceil(ELEMENTS));
        let stage = stage.reading_quads(true).through(Values::Each(ELEMENTS)).looping(4);
        stage.writing(vec![("dx0".into(), output)])
    };
    let plan = Plan {
        params: Params { items: in_32_bits("elements", elements)?, ..Params::new() },
        stages: request.wanted.iter().filter(|_| elements > 0).map(stage).collect(),
        scratch: Vec::new(),
        columns: None,
        broadcast: None,
        operands: Vec::new(),
        outputs: request.outputs(),
        spans: Spans::Elements { components: [1; 4], columns: 1, by_item: false, broadcast: Vec::new() },
    };
    split(request.target, &|bound| request.dtype(bound), with_dtypes(request, plan))
}
