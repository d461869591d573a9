//! Writes the parameters of a part: the sizes of its walk, where its results go, its factors and its numbers. A number that only
//! the GPU finds out, such as a count, enters the factors as 1, since kernels apply it later.

use super::options::numbers;
use super::request::Request;
use super::walk::{Sizes, in_32_bits};
use crate::check::Divisor;
use crate::error::Result;
use crate::gpu::params::Params;
use crate::term::{Observation, Scale};

/// The parameters of a part whose walk has these sizes.
pub(super) fn params(request: &Request<'_>, sizes: Sizes) -> Result<Params> {
    let mut params = Params::new();
    sizes.write(&mut params)?;
    params.first_outcome_row = in_32_bits("rows of the outcome", request.first_outcome_row)?;
    params.loss_slot = in_32_bits("elements of the tensor for the loss", request.loss_slot)?;
    params.outcome_rows = in_32_bits("rows of the outcome", request.outcome_rows)?;
    params.first_sums_entry = in_32_bits("rows of the parts' sums", request.first_sums_entry)?;
    params.first_observed_row = in_32_bits("rows of the outcome", request.first_observed_row)?;
    params.first_observed_entry = in_32_bits("rows of the parts' sums", request.first_observed_entry)?;
    let top = |observation: &Observation| if let Observation::TopK(k) = observation { Some(*k) } else { None };
    params.top_k = request.part.observations.iter().find_map(top).unwrap_or(0);
    let spread = request.part.classes_from;
    params.first_class = in_32_bits("classes of all shards", spread.map_or(0, |classes| classes.first))?;
    params.all_classes = in_32_bits("classes of all shards", spread.map_or(sizes.classes, |classes| classes.of))?;
    params.shards = in_32_bits("shards", request.part.among.as_ref().map_or(0, |all| all.shape()[0]))?;
    params.has_extra = u32::from(request.part.outcome_rows().iter().any(|row| row.extra.is_some()));
    let upstream = if let Scale::Number(number) = request.part.upstream { number } else { 1.0 };
    // the weight; the divisor, or the factor of what the GPU counts; upstream·weight/divisor, with 1 for what the GPU finds out
    let scales = |weight: f32, divisor: Divisor| {
        let (number, share) = match divisor {
            // a mean over nothing has a gradient of 0
            Divisor::Number(0.0) => (0.0, 0.0),
            Divisor::Number(number) => (number, 1.0 / number),
            Divisor::Count { each } => (each, 1.0),
            Divisor::Weights | Divisor::Tensor => (1.0, 1.0),
        };
        (weight, number as f32, (f64::from(upstream) * f64::from(weight) * share) as f32)
    };
    let mut rows = request.part.outcome_rows().into_iter().map(|row| row.weight);
    let mut of = |divisor: Divisor| scales(rows.next().unwrap_or(1.0), divisor);
    (params.weight, params.divisor, params.factor) = of(request.checked.divisor);
    if let Some(divisor) = request.checked.fused_divisor {
        (params.fused_weight, params.fused_divisor, params.fused_factor) = of(divisor);
    }
    params.options = numbers(request.loss());
    if let Some(labels) = &request.checked.labels {
        params.label_count = in_32_bits("classes", labels.count)?;
        params.ignores = u32::from(labels.ignored.is_some());
        params.ignore_index = labels.ignored.unwrap_or(0);
    }
    Ok(params)
}
