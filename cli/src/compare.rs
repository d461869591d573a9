//! `wgloss compare`: evaluates one loss on the predictions of several checkpoints, side by side.

use crate::eval::answer::{EvalAnswer, circumstances, print_json};
use crate::eval::asked::Asked;
use crate::eval::many::{self, Row};
use crate::eval::{Evaluation, Wanted, warnings};
use crate::failure::Failure;
use crate::files;
use clap::Args;
use serde_json::{Map, Value as Json, json};
use std::io::Write;
use std::time::Instant;

/// The arguments of `wgloss compare`.
#[derive(Args)]
pub struct Compare {
    #[command(flatten)]
    asked: Asked,
    /// The predictions of each checkpoint: FILE.npy, FILE.npz:ARRAY or FILE.safetensors:TENSOR; or a pattern such as
    /// 'a/*.npy', whose files are evaluated together, and paired with those of a pattern of --target.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    /// The name of the predictions in the files that give none.
    #[arg(long, value_name = "NAME")]
    tensor: Option<String>,
    /// Print the losses, their parts, the device and the time as JSON.
    #[arg(long)]
    json: bool,
}

impl Compare {
    /// Evaluates the loss of each file, and prints a row for each.
    pub fn run(&self, out: &mut impl Write) -> Result<(), Failure> {
        let start = Instant::now();
        let shared: Vec<(String, String)> = self.asked.places().collect();
        let read = self.files.iter().chain(shared.iter().map(|(_, place)| place)).map(String::as_str);
        files::read_once(read.chain(self.asked.denominator()))?;
        let call = self.asked.call()?;
        call.check_operands(shared.iter().map(|(name, _)| name.as_str()))?;
        if !call.is_reduced() {
            return Err(Failure::Input("the reduction none gives no number to compare".into()));
        }
        // the prediction of the first loss
        let operand = call.operands().swap_remove(0);
        let evaluation = self.asked.evaluation(call)?;
        let answer = |file: &String| {
            let places = [&[(operand.clone(), self.place(file))], &shared[..]].concat();
            let rows = many::matched(&places)?.unwrap_or_else(|| vec![Row::of(file, places)]);
            let mut all: Option<EvalAnswer> = None;
            for row in rows {
                let next = evaluation.of_files(&row.places, &Wanted::default());
                let next = next.map_err(|failure| row.failure(&evaluation.call, failure))?;
                all = Some(match all {
                    Some(all) => evaluation.merged(all, next)?,
                    None => next,
                });
            }
            let answer = all.ok_or_else(|| Failure::Input(format!("{file}: no file matches")))?;
            warnings::of_nan(&evaluation.call, &answer, Some(file));
            Ok(answer)
        };
        let answers = self.files.iter().map(answer).collect::<Result<Vec<_>, Failure>>()?;
        let rows: Vec<(&str, EvalAnswer)> = self.files.iter().map(String::as_str).zip(answers).collect();
        if !self.json {
            return table(&rows, &evaluation, out);
        }
        let row = |(file, answer): &(&str, EvalAnswer)| {
            let mut map = answer.json(evaluation.is_f32());
            map.insert("file".into(), json!(file));
            Json::Object(map)
        };
        let mut map = Map::from_iter([("files".to_string(), rows.iter().map(row).collect::<Json>())]);
        circumstances(&mut map, &evaluation.way, start.elapsed());
        Ok(print_json(out, map)?)
    }

    /// Appends `--tensor` to a file that holds many tensors and names none.
    fn place(&self, file: &str) -> String {
        let holds_many = [".safetensors", ".npz"].iter().any(|end| file.ends_with(end));
        match &self.tensor {
            Some(tensor) if holds_many && files::split(file).1.is_none() => format!("{file}:{tensor}"),
            _ => file.into(),
        }
    }
}

/// Prints a row for each file: its loss, the difference from the first file's loss, its parts if there are several, and its
/// observations.
fn table(rows: &[(&str, EvalAnswer)], evaluation: &Evaluation, out: &mut impl Write) -> Result<(), Failure> {
    let Some(first) = rows.first().map(|(_, answer)| answer.loss()) else { return Ok(()) };
    let columns = rows[0].1.totals.columns().map(|(name, _)| name);
    let head = ["file", "loss", "difference"].into_iter().chain(columns).map(String::from).collect();
    let mut table: Vec<Vec<String>> = vec![head];
    for (place, (file, answer)) in rows.iter().enumerate() {
        let difference = match place {
            0 => String::new(),
            _ => format!("{:+.6}", answer.loss() - first),
        };
        let mut row = evaluation.cells(answer.loss(), &answer.totals);
        row.insert(1, difference);
        row.insert(0, file.to_string());
        table.push(row);
    }
    let width = |column: usize| table.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..table[0].len()).map(width).collect();
    for row in &table {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}"));
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}
