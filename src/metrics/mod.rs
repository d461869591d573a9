//! Metrics: counts of predictions compared with their labels. They have no gradients.

mod accuracy;
mod confusion_matrix;
mod metric;
mod predictions;

pub use accuracy::Accuracy;
pub use confusion_matrix::ConfusionMatrix;
pub(crate) use metric::Counting;
pub use metric::Metric;
pub use predictions::Predictions;
