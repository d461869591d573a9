//! The tensors that a job writes the observations of positions to: the caller's, or the job's own.

use super::assert_defined;
use super::call::Call;
use crate::gpu;
use crate::harness::tests;
use crate::judge;
use libtest_mimic::Trial;
use wgloss::Observation::{LogProb, Predicted};
use wgloss::{ClassAxis, CrossEntropy, DType, Error, Outcome, Outputs, Tensor, Term};

pub(super) fn tests() -> Vec<Trial> {
    tests![
        a_job_writes_them_to_the_tensors_of_the_caller,
        a_job_for_other_tensors_keeps_its_own,
        outputs_that_do_not_fit_are_refused,
    ]
}

/// A call on the GPU, a u32 tensor and an f32 tensor of its labels' shape, and the call on the host.
fn prepared() -> (Term<Tensor>, Tensor, Tensor, Call) {
    let call = Call::new([3, 6, 5], ClassAxis::Second, DType::F32);
    let [x, labels, mask] = [&call.x, &call.labels, &call.mask].map(|array| gpu().upload_array(array).unwrap());
    let term = CrossEntropy::default().of(&x, &labels).mask(&mask);
    let term = term.observe(Predicted).observe(LogProb);
    (term, gpu().upload(&[7u32; 15], [3, 5]).unwrap(), gpu().empty([3, 5]).unwrap(), call)
}

fn a_job_writes_them_to_the_tensors_of_the_caller() {
    let (term, predicted, _, call) = prepared();
    let rows = call.rows(true);
    // both tensors lie in one buffer, of which nothing else may be written
    let page = gpu().upload(&[7u32; 40], [40]).unwrap();
    let inside = |first: u64, dtype| {
        let bytes = 4 * first..4 * (first + 15);
        gpu().wrap(page.buffer().0.slice(bytes), [3, 5], dtype).unwrap()
    };
    let both = [inside(2, DType::U32), inside(19, DType::F32)];
    // the job makes the tensors that are not given
    for given in [vec![], vec![predicted.clone()], both.to_vec()] {
        let job = gpu().prepare(&term, &Outputs { observed: given, ..Outputs::default() }).unwrap();
        job.run().unwrap();
        assert_defined("the outcome", &rows, &[3, 5], &judge::observed(&job.run().unwrap()).unwrap());
    }
    let read = |tensor: &Tensor| tensor.read().wait().unwrap();
    assert_defined("the caller's", &rows, &[3, 5], &both.map(|tensor| read(&tensor)));
    let words = read(&page).to_f64();
    let between = words[..2].iter().chain(&words[17..19]).chain(&words[34..]);
    assert!(between.into_iter().all(|word| *word == 7.0), "{words:?}");
}

fn a_job_for_other_tensors_keeps_its_own() {
    let (term, predicted, _, call) = prepared();
    let rows = call.rows(true);
    let own = |outcome: &Outcome, place: usize| outcome.observed()[place].1.buffer().0.clone();
    let job = gpu().prepare(&term, &Outputs::default()).unwrap();
    let next = job.rebind(&term, &Outputs::default()).unwrap();
    for place in [0, 1] {
        assert_eq!(own(&job.outcome(), place), own(&next.outcome(), place));
    }
    // two parts of one name have a tensor each
    let twice = gpu().prepare(&(term.clone() + term.clone()), &Outputs::default()).unwrap();
    let next = twice.rebind(&(term.clone() + term.clone()), &Outputs::default()).unwrap();
    for place in 0..4 {
        assert_eq!(own(&twice.outcome(), place), own(&next.outcome(), place));
    }
    assert_ne!(own(&next.outcome(), 0), own(&next.outcome(), 2));
    // the next job doesn't keep a tensor that the caller gave
    let given = job.rebind(&term, &Outputs { observed: vec![predicted.clone()], ..Outputs::default() }).unwrap();
    assert_eq!(own(&given.outcome(), 0), *predicted.buffer().0);
    let last = given.rebind(&term, &Outputs::default()).unwrap();
    assert_ne!(own(&last.outcome(), 0), *predicted.buffer().0);
    assert_defined("the last", &rows, &[3, 5], &judge::observed(&last.run().unwrap()).unwrap());
    // nor a tensor of another type, which held another observation
    let [x, labels] = [&call.x, &call.labels].map(|array| gpu().upload_array(array).unwrap());
    let [classes, logs] = [Predicted, LogProb].map(|one| CrossEntropy::default().of(&x, &labels).observe(one));
    let job = gpu().prepare(&classes, &Outputs::default()).unwrap().rebind(&logs, &Outputs::default()).unwrap();
    assert_eq!(job.outcome().observed()[0].1.dtype(), DType::F32);
}

fn outputs_that_do_not_fit_are_refused() {
    let (term, predicted, log_prob, _) = prepared();
    let refused = |observed: &[&Tensor]| {
        let observed = observed.iter().map(|tensor| (*tensor).clone()).collect();
        gpu().prepare(&term, &Outputs { observed, ..Outputs::default() }).unwrap_err()
    };
    let other = gpu().upload(&[0u32; 15], [15]).unwrap();
    let (loss, named) = ("cross_entropy", |name: &str| format!("cross_entropy.{name}"));
    let expected = "[3, 5]".to_string();
    assert_eq!(refused(&[&other]), Error::ShapeMismatch { loss, operand: named("predicted"), expected, got: vec![15] });
    assert_eq!(
        refused(&[&log_prob]),
        Error::UnsupportedDtype { loss, operand: named("predicted"), got: DType::F32, expected: "u32".into() }
    );
    assert_eq!(
        refused(&[&predicted, &predicted]),
        Error::UnsupportedDtype { loss, operand: named("log_prob"), got: DType::U32, expected: "f32".into() }
    );
    assert_eq!(
        refused(&[&predicted, &log_prob, &log_prob]),
        Error::InvalidOperand {
            loss,
            operand: "observed".into(),
            reason: "has 3 tensors, and the term has 2 observations of positions".into()
        }
    );
    let one = gpu().upload(&[0u32; 15], [3, 5]).unwrap();
    let (buffer, bytes) = (one.buffer().0, 0..60);
    let both = [DType::U32, DType::F32].map(|dtype| gpu().wrap(buffer.slice(bytes.clone()), [3, 5], dtype).unwrap());
    assert!(matches!(refused(&[&both[0], &both[1]]), Error::OverlappingBuffers { .. }));
}
