//! Runs one case in each of several ways, and counts results.

use crate::accuracy::{Accuracy, LOSS};
use crate::case::{Body, Case, Expected};
use crate::judge::judge;
use crate::way::{Answer, Job, Way};

/// The results of several cases.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts {
    /// The cases that passed.
    pub passed: usize,
    /// The cases that failed.
    pub failed: usize,
    /// The worst error of all cases, as a share of its tolerance.
    pub worst: f64,
}

impl Counts {
    /// Adds the results of other cases.
    pub fn add(&mut self, other: Counts) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.worst = self.worst.max(other.worst);
    }

    /// Adds the result of a case.
    pub fn count(&mut self, trial: &Trial) {
        let passed = trial.failures.is_empty();
        self.add(Counts { passed: passed.into(), failed: (!passed).into(), worst: trial.worst });
    }
}

/// The result of one case.
#[derive(Debug, Default)]
pub struct Trial {
    /// The worst error, as a share of its tolerance.
    pub worst: f64,
    /// The relative errors.
    pub accuracy: Accuracy,
    /// The differences from what was expected; none if the case passed.
    pub failures: Vec<String>,
}

impl Trial {
    /// Runs a case in each of `ways`, once with its gradients and once for the value alone.
    pub async fn run(ways: &[Way], case: &Case) -> Trial {
        let mut trial = Trial::default();
        match &case.body {
            Err(why) => trial.failures.push(why.clone()),
            Ok(body) => {
                let gradients = gradients(body);
                let value_alone: &[&str] = &[];
                for way in ways {
                    trial.call(way, body, &gradients).await;
                    if !gradients.is_empty() {
                        trial.call(way, body, value_alone).await;
                    }
                }
            }
        }
        trial
    }

    async fn call(&mut self, way: &Way, body: &Body, gradients: &[&str]) {
        let outputs = if gradients.is_empty() { "value alone" } else { "with gradients" };
        let answer = way.evaluate(&body.job, gradients).await;
        let differences = match (&body.expected, answer) {
            (Expected::Refusal(kind), Err(error)) if error.kind() == kind => Vec::new(),
            (Expected::Refusal(kind), Err(error)) => vec![format!("refused, but not as {kind}: {error}")],
            (Expected::Refusal(kind), Ok(_)) => vec![format!("not refused as {kind}")],
            (Expected::Numbers { .. }, Err(error)) => vec![format!("refused: {error}")],
            (expected, Ok(answer)) => self.differences(expected, &answer),
        };
        self.failures.extend(differences.iter().map(|what| format!("{}, {outputs}: {what}", way.name())));
    }

    fn differences(&mut self, expected: &Expected, answer: &Answer) -> Vec<String> {
        let Expected::Numbers { tolerance, loss, gradients } = expected else { return Vec::new() };
        let mut differences = Vec::new();
        let pairs = answer.gradients.iter().zip(gradients).map(|(got, (name, want))| (Some(name), got, want));
        for (operand, got, want) in [(None, &answer.loss, loss)].into_iter().chain(pairs) {
            let judged = judge(got, want, *tolerance);
            self.worst = self.worst.max(judged.share);
            self.accuracy.count(operand.map_or(LOSS, String::as_str), &judged);
            let name = operand.map_or(LOSS.into(), |name| format!("gradient of `{name}`"));
            differences.extend(judged.miss.map(|miss| format!("{name}: {miss}")));
        }
        differences
    }
}

/// The operands whose gradients to ask for. A case that expects an error has none, but has to fail with gradients too.
fn gradients(body: &Body) -> Vec<&str> {
    match &body.expected {
        Expected::Numbers { gradients, .. } => gradients.iter().map(|(name, _)| name.as_str()).collect(),
        Expected::Refusal(_) => first_differentiable(&body.job).into_iter().collect(),
    }
}

fn first_differentiable(job: &Job) -> Option<&str> {
    let given = job.operands.iter().map(|(name, _)| name.as_str());
    given.into_iter().find(|name| job.loss.operand(name).is_some_and(|spec| spec.gradient))
}
