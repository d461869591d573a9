//! The inputs of a formula, by name and in the order that the formula wants.

use crate::big::Big;
use std::collections::BTreeMap;
use wgloss::header::Value;

/// The inputs of a formula.
#[derive(Clone)]
pub struct Inputs {
    pub floats: BTreeMap<&'static str, Vec<Big>>,
    /// The floats before a finite difference moves one. Formulas use them for factors that the gradient treats as constant.
    pub held: BTreeMap<&'static str, Vec<Big>>,
    pub labels: BTreeMap<&'static str, Vec<i64>>,
    pub options: BTreeMap<&'static str, Value>,
    /// The shape of the first operand.
    pub shape: Vec<usize>,
}

impl Inputs {
    pub(super) fn of(&self, name: &str) -> &[Big] {
        &self.floats[name]
    }

    pub(super) fn x(&self, name: &str, i: usize) -> Big {
        self.of(name)[i].clone()
    }

    pub(super) fn number(&self, name: &str) -> f64 {
        match self.options[name] {
            Value::Number(x) => x,
            ref other => panic!("{name} is {other}"),
        }
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.options[name] == Value::Flag(true)
    }

    pub(super) fn name(&self, name: &str) -> String {
        self.options[name].to_string()
    }

    /// A value for each element.
    pub(super) fn each(&self, leader: &str, f: impl Fn(usize) -> Big) -> Vec<Big> {
        (0..self.of(leader).len()).map(f).collect()
    }

    /// Items, classes and positions.
    pub(super) fn classes(&self) -> [usize; 3] {
        let [n, c, rest @ ..] = &self.shape[..] else { panic!("{:?} has no classes", self.shape) };
        [*n, *c, rest.iter().product()]
    }

    /// For each position, the numbers of its classes. The positions are in the order of the labels.
    pub(super) fn rows(&self, name: &str) -> Vec<Vec<Big>> {
        let [n, c, s] = self.classes();
        let row = |i: usize, j: usize| (0..c).map(|k| self.x(name, (i * c + k) * s + j)).collect();
        (0..n).flat_map(|i| (0..s).map(move |j| (i, j))).map(|(i, j)| row(i, j)).collect()
    }

    /// Rows of vectors.
    pub(super) fn vectors(&self, name: &str) -> Vec<Vec<Big>> {
        self.of(name).chunks(self.shape[1]).map(<[Big]>::to_vec).collect()
    }

    /// For each position, the target of each class: probabilities, or 1 at the label and 0 elsewhere; `None` where the
    /// label is ignored.
    pub(super) fn targets(&self, name: &str, ignored: Option<i64>) -> Vec<Option<Vec<Big>>> {
        let [_, c, _] = self.classes();
        let Some(labels) = self.labels.get(name) else { return self.rows(name).into_iter().map(Some).collect() };
        let hot = |label: i64| (0..c as i64).map(|k| Big::from(f64::from(u8::from(k == label)))).collect();
        labels.iter().map(|&label| (Some(label) != ignored).then(|| hot(label))).collect()
    }
}
