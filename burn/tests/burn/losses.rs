//! Compares every loss with the twin, over all pairs of options, reductions, layouts, dtypes and operands.

use crate::autodiff;
use crate::case::{Case, Door, Inputs, Wanted};
use crate::chosen::all;
use crate::draw::{Rng, Setting, stored_as};
use crate::factors::Factors;
use crate::harness::tests_of;
use crate::judge::{self, Failures};
use crate::on_burn::{Uploaded, array, floats, with_rank};
use crate::pairs::pairs;
use crate::samples::samples;
use burn::tensor::{Gradients, Tensor};
use libtest_mimic::Trial;
use wgloss::{Array, ClassAxis, DType, Loss, Reduction, Scale, Term, cpu};
use wgloss_burn::{BurnTerm, Error, Operand};

pub fn tests() -> Vec<Trial> {
    tests_of![all(); every_pair_of_choices]
}

/// Every pair of choices occurs in a case, for which Burn's autodiff must give the twin's value and gradients.
fn every_pair_of_choices(loss: &dyn Loss) {
    let factors = Factors::of((loss.header().default)()).of_one_size();
    let case = |row: &[usize]| small(loss, factors.case(row));
    let mut failures = Failures::default();
    let rows = pairs(&factors.choices(), &mut Rng::new(1), |row| case(row).is_valid());
    rows.iter().map(|row| case(row)).for_each(|case| failures.note(&case, compare(&case)));
    failures.raise();
}

/// Makes of a case one that Burn can run. The shape is small, since these tests are not about the sizes of kernels.
fn small(loss: &dyn Loss, case: Case) -> Case {
    let mut shape = samples(loss).masked.to_vec();
    if shape.len() == 1 {
        // with one axis, an operand with one element for each row would have no axes, which Burn's tensors can't have
        shape.push(3);
    }
    if case.setting.axis == ClassAxis::Last {
        let classes = shape.remove(1);
        shape.push(classes);
    }
    let setting = Setting::new(loss, &shape, case.setting.axis, case.setting.target);
    Case { setting, wanted: Wanted::Stored, door: Door::Uploaded, ..case }
}

fn compare(case: &Case) -> Result<(), String> {
    let inputs = case.inputs();
    let want = cpu::gradient_list(&case.term(&inputs), &case.differentiated(&inputs));
    match (want, on_burn(case, &inputs)) {
        (Ok(want), Ok((got, report))) => {
            let want = judge::Given::by_twin(want);
            // an unreduced loss has no report
            let (parts, observed) = report.unwrap_or_else(|| (want.parts.clone(), want.observed.clone()));
            case.judge(&inputs, &judge::Given { parts, observed, ..got }, &want)
        }
        (Err(want), Err(Error::Loss(got))) if want == got => Ok(()),
        (want, got) => Err(format!("{:?}, the twin {:?}", got.err(), want.err())),
    }
}

/// The parts of a report, and its observations that have a number for each position.
type Read = Option<(Vec<wgloss::PartOutcome>, Vec<Array>)>;

/// Computes a case with wgloss-burn. Returns the results, and what the report holds, if there is one. The upstream gradient
/// comes from the operations after the loss.
fn on_burn(case: &Case, inputs: &Inputs<Array>) -> Result<(judge::Given, Read), Error> {
    let device = autodiff();
    let tracked = |name: &str| case.given().any(|spec| spec.name == name && spec.gradient);
    let uploaded = inputs.operands.iter().map(|(name, array)| (*name, Uploaded::new(array, tracked(name), &device)));
    let uploaded: Vec<_> = uploaded.collect();
    let operands = uploaded.iter().map(|(name, uploaded)| (*name, uploaded.operand.clone())).collect();
    let divide_by = inputs.divide_by.as_ref().map(|scale| match scale {
        Scale::Number(number) => Scale::Number(*number),
        Scale::Tensor(array) => Scale::Tensor(Uploaded::new(array, false, &device).operand),
    });
    let term = case.term(&Inputs { operands, upstream: None, divide_by });
    let (tensor, gradients, read) = match case.reduction {
        Reduction::None => {
            let rank = term.loss_shape()?.len();
            with_rank!(rank, unreduced(&term, inputs.upstream.as_ref()))?
        }
        _ => {
            let (loss, report) = term.loss_and_report()?;
            let gradients = times(loss.clone(), inputs.upstream.as_ref()).backward();
            let observed = report.observed()?.into_iter().map(|(_, array)| array).collect();
            (array(loss.into_data()), gradients, Some((report.parts()?, observed)))
        }
    };
    let wanted = case.given().filter(|spec| spec.gradient);
    let operand = |name: &str| &uploaded.iter().find(|(given, _)| *given == name).expect("it is given").1;
    let gradients = wanted.map(|spec| operand(spec.name).gradient(&gradients)).collect();
    let reduced = read.is_some();
    let tensor = if reduced { Array::new(&tensor.to_f32(), []).unwrap() } else { tensor };
    let loss = reduced.then(|| tensor.to_f64()[0]);
    Ok((judge::Given { loss, tensor, parts: Vec::new(), observed: Vec::new(), gradients }, read))
}

fn unreduced<const D: usize>(
    term: &Term<Operand>,
    upstream: Option<&Scale<Array>>,
) -> Result<(Array, Gradients, Read), Error> {
    let losses = term.losses::<D>()?;
    let gradients = times(losses.clone(), upstream).sum().backward();
    Ok((array(losses.into_data()), gradients, None))
}

fn times<const D: usize>(loss: Tensor<D>, upstream: Option<&Scale<Array>>) -> Tensor<D> {
    match upstream {
        None => loss,
        Some(Scale::Number(number)) => loss * *number,
        // the loss is f32, whatever the dtype of its operands
        Some(Scale::Tensor(array)) => loss * floats::<D>(&stored_as(array, DType::F32), &autodiff()),
    }
}
