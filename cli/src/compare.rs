//! `wgloss compare`: evaluates one loss on the predictions of several checkpoints, side by side.

use crate::eval::answer::{Answer, circumstances, print_json};
use crate::eval::asked::Asked;
use crate::eval::{Evaluation, Wanted};
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
    /// The predictions of each checkpoint: FILE.npy, FILE.npz:ARRAY or FILE.safetensors:TENSOR.
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
        let (start, call) = (Instant::now(), self.asked.call()?);
        if !call.is_reduced() {
            return Err(Failure::Input("the reduction none gives no number to compare".into()));
        }
        // the prediction of the first loss
        let operand = call.operands().swap_remove(0);
        let evaluation = self.asked.evaluation(call)?;
        let shared: Vec<(String, String)> = self.asked.places().collect();
        let answer = |file: &String| {
            let places = [&[(operand.clone(), self.place(file))], &shared[..]].concat();
            evaluation.of_files(&places, &Wanted::default())
        };
        let answers = self.files.iter().map(answer).collect::<Result<Vec<_>, Failure>>()?;
        let rows: Vec<(&str, Answer)> = self.files.iter().map(String::as_str).zip(answers).collect();
        if !self.json {
            return table(&rows, &evaluation, out);
        }
        let row = |(file, answer): &(&str, Answer)| {
            let mut map = answer.json();
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

/// Prints a row for each file: its loss, the difference from the first file's loss, and its parts if there are several.
fn table(rows: &[(&str, Answer)], evaluation: &Evaluation, out: &mut impl Write) -> Result<(), Failure> {
    let loss = |answer: &Answer| answer.loss.map_or(f64::NAN, |loss| loss.value);
    let Some(first) = rows.first().map(|(_, answer)| loss(answer)) else { return Ok(()) };
    let parts: Vec<String> = rows[0].1.totals.shares().map(|(name, _)| name.into()).collect();
    let parts = if parts.len() > 1 { parts } else { Vec::new() };
    let head = ["file", "loss", "difference"].map(String::from).into_iter().chain(parts.clone()).collect();
    let mut table: Vec<Vec<String>> = vec![head];
    for (place, (file, answer)) in rows.iter().enumerate() {
        let difference = match place {
            0 => String::new(),
            _ => format!("{:+.6}", loss(answer) - first),
        };
        let shares = answer.totals.shares().map(|(_, share)| evaluation.number(share).text());
        let text = answer.loss.map_or(String::new(), |loss| loss.text());
        table.push([file.to_string(), text, difference].into_iter().chain(shares.take(parts.len())).collect());
    }
    let width = |column: usize| table.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..table[0].len()).map(width).collect();
    for row in &table {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}"));
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}
