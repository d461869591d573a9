//! Metrics of a training on Burn's dashboard: the loss, the accuracy, and the parts of a sum of losses.

use burn::backend::ExecutionError;
use burn::tensor::TensorReadError;
use burn::train::metric::state::{FormatOptions, NumericMetricState};
use burn::train::metric::{AccuracyInput, Adaptor, LossInput, Metric, MetricAttributes, MetricMetadata, MetricName};
use burn::train::metric::{Numeric, NumericAttributes, NumericEntry, SerializedEntry};
use burn::train::{ClassificationOutput, ItemLazy};
use wgloss_burn::Report;

/// The result of a step: what Burn's own metrics need, and for a sum of losses its report.
pub struct Step {
    pub output: ClassificationOutput,
    pub report: Option<Report>,
}

impl ItemLazy for Step {
    fn sync(self) -> Result<Step, ExecutionError> {
        Ok(Step { output: self.output.sync()?, ..self })
    }
}

impl Adaptor<AccuracyInput> for Step {
    fn adapt(&self) -> AccuracyInput {
        self.output.adapt()
    }
}

impl Adaptor<LossInput> for Step {
    fn adapt(&self) -> LossInput {
        self.output.adapt()
    }
}

impl Adaptor<Option<Report>> for Step {
    fn adapt(&self) -> Option<Report> {
        self.report.clone()
    }
}

/// A metric: the mean of one part of a sum of losses.
#[derive(Clone)]
pub struct Part {
    loss: MetricName,
    state: NumericMetricState,
}

impl Part {
    /// The part of the loss with this id.
    pub fn new(loss: &str) -> Part {
        Part { loss: MetricName::new(loss.to_owned()), state: NumericMetricState::default() }
    }
}

impl Metric for Part {
    type Input = Option<Report>;

    fn name(&self) -> MetricName {
        self.loss.clone()
    }

    fn attributes(&self) -> MetricAttributes {
        NumericAttributes { unit: None, higher_is_better: false }.into()
    }

    fn update(&mut self, report: &Option<Report>, _: &MetricMetadata) -> Result<SerializedEntry, TensorReadError> {
        let parts = report.as_ref().map_or(Ok(Vec::new()), Report::parts);
        let parts = parts.map_err(|error| ExecutionError::generic(error.to_string()))?;
        match parts.iter().find(|part| part.name == *self.loss) {
            None => Ok(SerializedEntry::not_available(None)),
            Some(part) => {
                self.state.update(part.sum / part.denominator, part.denominator as usize);
                Ok(self.state.compute_update(FormatOptions::new(self.name()).precision(3)))
            }
        }
    }

    fn compute(&mut self) -> Result<SerializedEntry, TensorReadError> {
        Ok(self.state.compute_final(FormatOptions::new(self.name()).precision(3)))
    }

    fn clear(&mut self) {
        self.state.reset();
    }
}

impl Numeric for Part {
    fn value(&self) -> Option<NumericEntry> {
        Some(self.state.current_value())
    }

    fn running_value(&self) -> Option<NumericEntry> {
        Some(self.state.running_value())
    }

    fn final_value(&self) -> NumericEntry {
        self.state.final_value()
    }
}
