//! `wgloss metric`: counts the predictions of tensors in files beside their labels.

use crate::device::{self, Device};
use crate::eval::answer::{MOST_PRINTED, Number, circumstances, print_json};
use crate::eval::many;
use crate::failure::{self, Failure};
use crate::files::{self, Opened, npy, output};
use clap::{Args, ValueEnum};
use serde_json::{Map, Value as Json, json};
use std::io::Write;
use std::time::Instant;
use wgloss::{Accuracy, Array, ConfusionMatrix, Error, Predictions};

/// The most bytes of operands that are counted at once.
const PIECE: usize = 64 << 20;

/// The arguments of `wgloss metric`.
#[derive(Args)]
pub struct Metric {
    /// What is counted.
    #[arg(value_enum)]
    metric: Kind,
    /// Logits, or predicted labels. A file is FILE.npy, FILE.npz:ARRAY, FILE.safetensors:TENSOR, or - for .npy on the standard
    /// input; a pattern such as 'logits/*.npy' means many, which are counted together.
    #[arg(long, value_name = "FILE")]
    input: String,
    /// The label of each position.
    #[arg(long, value_name = "FILE")]
    target: String,
    /// Leave out the positions where this is 0.
    #[arg(long, value_name = "FILE")]
    mask: Option<String>,
    /// Leave out the positions with this label.
    #[arg(long, value_name = "LABEL", allow_hyphen_values = true)]
    ignore_index: Option<i32>,
    /// The number of classes, which predicted labels do not tell.
    #[arg(long, value_name = "N")]
    classes: Option<usize>,
    /// Take the last axis of the logits as their class axis: NHWC images, `[B, T, V]` token logits.
    #[arg(long)]
    class_axis_last: bool,
    /// The device to count on.
    #[arg(long, value_enum, default_value = "gpu")]
    device: Device,
    /// The .npy file for the counts of a confusion matrix, u32: a row for each label, a column for each predicted class.
    #[arg(long, value_name = "FILE")]
    output: Option<String>,
    /// Print the metric with its counts, the device and the time as JSON.
    #[arg(long)]
    json: bool,
}

/// The metrics.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Kind {
    /// The share of positions whose predicted class is their label.
    Accuracy,
    /// How many positions of each label are predicted to be of each class, the scores of each class, and their means: the
    /// balanced accuracy is the mean recall of the classes that are a label, mean_iou and mean_dice are over the classes that
    /// are a label or a prediction.
    ConfusionMatrix,
}

impl Metric {
    /// Counts all files, and prints the metric.
    pub fn run(&self, out: &mut impl Write) -> Result<(), Failure> {
        let start = Instant::now();
        files::read_once(self.places().iter().map(|(_, place)| place.as_str()))?;
        self.check_output()?;
        let way = self.device.open()?.swap_remove(0);
        let mut map = match self.metric {
            Kind::Accuracy => {
                let accuracy = self.counted(|of| device::accuracy(&way, of), Accuracy::merge)?;
                if !self.json {
                    return print_accuracy(&accuracy, out);
                }
                json_of_accuracy(&accuracy)
            }
            Kind::ConfusionMatrix => {
                let matrix = self.counted(|of| device::confusion_matrix(&way, of), ConfusionMatrix::merge)?;
                if let Some(place) = &self.output {
                    output::write(&[(place, npy::bytes(&matrix.counts()))])?;
                }
                if !self.json {
                    return print_matrix(&matrix, out);
                }
                json_of_matrix(&matrix)
            }
        };
        circumstances(&mut map, &way, start.elapsed());
        Ok(print_json(out, map)?)
    }

    /// Refuses an output that cannot be written, that is read from, or that the metric does not have.
    fn check_output(&self) -> Result<(), Failure> {
        let Some(place) = &self.output else { return Ok(()) };
        if self.metric != Kind::ConfusionMatrix {
            return Err(Failure::Input("--output is for the counts of a confusion_matrix".into()));
        }
        let target = output::check(place, &[".npy"])?;
        let reads = |read: &String| files::source(read).is_some_and(|source| output::is_same(&target, &source));
        match self.places().iter().find(|(_, read)| reads(read)) {
            Some((name, _)) => Err(Failure::Input(format!("{place}: `{name}` is read from it"))),
            None => Ok(()),
        }
    }

    /// The operands' names, and the files they are read from.
    fn places(&self) -> Vec<(String, String)> {
        let given = [("input", Some(&self.input)), ("target", Some(&self.target)), ("mask", self.mask.as_ref())];
        given.into_iter().filter_map(|(name, place)| Some((name.to_string(), place?.clone()))).collect()
    }

    /// Counts all files, and all pieces of each, and merges the counts.
    fn counted<M>(
        &self,
        count: impl Fn(&Predictions<Array>) -> wgloss::Result<M>,
        merge: impl Fn(&mut M, &M) -> wgloss::Result<()>,
    ) -> Result<M, Failure> {
        let places = self.places();
        let rows = many::matched(&places)?.map(|rows| rows.into_iter().map(|row| row.places).collect());
        let (mut all, many): (Option<M>, bool) = (None, rows.is_some());
        for places in rows.unwrap_or_else(|| vec![places]) {
            let mut first = 0;
            for operands in Pieces::open(&places)? {
                let operands = operands?;
                let next = count(&self.predictions(&operands));
                let next = next.map_err(|error| self.refused(error, &operands, first, many.then_some(&places)))?;
                first += operands[0].shape().first().unwrap_or(&0);
                match &mut all {
                    Some(all) => merge(all, &next)?,
                    None => all = Some(next),
                }
            }
        }
        all.ok_or_else(|| Failure::Input("there is nothing to count".into()))
    }

    /// The failure of a piece that begins with item `first`. `files` names the files, if there are many.
    fn refused(
        &self,
        error: Error,
        operands: &[Array],
        first: usize,
        files: Option<&Vec<(String, String)>>,
    ) -> Failure {
        let place =
            failure::operand(&error).and_then(|(_, own)| self.places().iter().position(|(name, _)| name == own));
        let ignored = match &error {
            Error::LabelOutOfRange { operand, value, ignored: None, .. } if operand == "target" => Some(*value),
            _ => None,
        };
        let shape = place.map_or(&[][..], |place| operands[place].shape());
        let mut refused = Failure::at(error, shape, first);
        if let Some(label) = ignored {
            refused = refused.advised(format!("`--ignore-index {label}` leaves such labels out"));
        }
        match files {
            Some(files) => refused.within(files[place.unwrap_or(0)].1.as_str()),
            None => refused,
        }
    }

    /// The predictions of a piece. `operands` are input, target and mask, in the order of [`places`](Self::places).
    fn predictions(&self, operands: &[Array]) -> Predictions<Array> {
        let input = operands[0].clone();
        let input = if self.class_axis_last { input.class_axis_last() } else { input };
        let mut predictions = Predictions::of(&input, &operands[1]);
        if let Some(mask) = operands.get(2) {
            predictions = predictions.mask(mask);
        }
        if let Some(label) = self.ignore_index {
            predictions = predictions.ignore_index(label);
        }
        if let Some(classes) = self.classes {
            predictions = predictions.classes(classes);
        }
        predictions
    }
}

/// Operands in files, read piece by piece along their first axis.
struct Pieces {
    /// The files with their places. If all items are one piece, none is left once it is read.
    files: Vec<(String, Opened)>,
    /// The number of items in a piece, and the number of items left; `None` if all items are one piece.
    items: Option<(usize, usize)>,
}

impl Pieces {
    fn open(places: &[(String, String)]) -> Result<Pieces, Failure> {
        let open = |(_, place): &(String, String)| Ok((place.clone(), files::open(place)?));
        let files = places.iter().map(open).collect::<Result<Vec<_>, Failure>>()?;
        let first = |file: &Opened| file.shape().first().copied();
        let alike = files.iter().all(|(_, file)| file.can_be_cut() && first(file) == first(&files[0].1));
        let bytes = |(_, file): &(String, Opened)| {
            file.shape().iter().skip(1).fold(file.dtype().size(), |bytes, &axis| bytes.saturating_mul(axis))
        };
        let of_item = files.iter().map(bytes).fold(0usize, usize::saturating_add);
        let items = (PIECE / of_item.max(1)).max(1);
        // if the lengths differ, all is one piece, which the library refuses
        let items = first(&files[0].1).filter(|all| alike && *all > items).map(|all| (items, all));
        Ok(Pieces { files, items })
    }
}

impl Iterator for Pieces {
    type Item = Result<Vec<Array>, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        let refuse = |place: &str, why| Failure::Input(format!("{place}: {why}"));
        let Some((items, left)) = &mut self.items else {
            let files = std::mem::take(&mut self.files);
            let whole = |(place, mut file): (String, Opened)| file.rest().map_err(|why| refuse(&place, why));
            return (!files.is_empty()).then(|| files.into_iter().map(whole).collect());
        };
        if *left == 0 {
            return None;
        }
        *left = left.saturating_sub(*items);
        Some(self.files.iter_mut().map(|(place, file)| file.next(*items).map_err(|why| refuse(place, why))).collect())
    }
}

/// A share, which is NaN if nothing was counted.
fn share(value: f64) -> Number {
    Number { value, is_f32: false }
}

fn print_accuracy(accuracy: &Accuracy, out: &mut impl Write) -> Result<(), Failure> {
    writeln!(out, "{}", share(accuracy.value()).text())?;
    for (name, count) in counts_of(accuracy) {
        writeln!(out, "{name} {count}")?;
    }
    Ok(())
}

fn counts_of(accuracy: &Accuracy) -> [(&'static str, u32); 3] {
    [("right", accuracy.right()), ("positions", accuracy.positions()), ("unpredicted", accuracy.unpredicted())]
}

fn json_of_accuracy(accuracy: &Accuracy) -> Map<String, Json> {
    let counts = counts_of(accuracy).into_iter().map(|(name, count)| (name.to_string(), json!(count)));
    [("accuracy".to_string(), share(accuracy.value()).json())].into_iter().chain(counts).collect()
}

/// The scores of classes, by name.
fn scores(matrix: &ConfusionMatrix) -> [(&'static str, Vec<f64>); 4] {
    [("precision", matrix.precision()), ("recall", matrix.recall()), ("iou", matrix.iou()), ("dice", matrix.dice())]
}

/// The means of the scores over classes, by name.
fn means(matrix: &ConfusionMatrix) -> [(&'static str, f64); 3] {
    [
        ("balanced_accuracy", matrix.balanced_accuracy()),
        ("mean_iou", matrix.mean_iou()),
        ("mean_dice", matrix.mean_dice()),
    ]
}

/// The counts row by row.
fn rows(matrix: &ConfusionMatrix) -> Vec<Vec<u32>> {
    let counts = matrix.counts().to_f64();
    counts.chunks_exact(matrix.classes()).map(|row| row.iter().map(|&count| count as u32).collect()).collect()
}

/// Prints the accuracy, the means over classes, and a row for each label: its counts, if there are few classes, and its scores.
fn print_matrix(matrix: &ConfusionMatrix, out: &mut impl Write) -> Result<(), Failure> {
    let shown = if matrix.classes() > MOST_PRINTED { 0 } else { matrix.classes() };
    let (scores, rows) = (scores(matrix), rows(matrix));
    writeln!(out, "{}", share(matrix.accuracy()).text())?;
    for (name, mean) in means(matrix) {
        writeln!(out, "{name} {}", share(mean).text())?;
    }
    let columns = (0..shown).map(|k| k.to_string()).chain(["unpredicted".to_string()]);
    let columns = columns.chain(scores.iter().map(|(name, _)| name.to_string()));
    writeln!(out, "label\t{}", columns.collect::<Vec<_>>().join("\t"))?;
    for (label, (row, unpredicted)) in rows.iter().zip(matrix.unpredicted()).enumerate() {
        let counts = row.iter().take(shown).chain([unpredicted]).map(u32::to_string);
        let scores = scores.iter().map(|(_, scores)| share(scores[label]).text());
        writeln!(out, "{label}\t{}", counts.chain(scores).collect::<Vec<_>>().join("\t"))?;
    }
    Ok(())
}

fn json_of_matrix(matrix: &ConfusionMatrix) -> Map<String, Json> {
    let mut map = Map::new();
    map.insert("accuracy".into(), share(matrix.accuracy()).json());
    map.insert("positions".into(), json!(matrix.positions()));
    map.insert("counts".into(), json!(rows(matrix)));
    map.insert("unpredicted".into(), json!(matrix.unpredicted()));
    for (name, mean) in means(matrix) {
        map.insert(name.into(), share(mean).json());
    }
    for (name, scores) in scores(matrix) {
        map.insert(name.into(), scores.into_iter().map(|score| share(score).json()).collect());
    }
    map
}
