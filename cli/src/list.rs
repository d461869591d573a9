//! `wgloss list`: says which loss is for which task, and prints the tables of docs/choosing.md and docs/losses.md.

use crate::failure::Failure;
use clap::Args;
use std::io::Write;
use wgloss::header::Kind;
use wgloss::{Loss, TASKS, Task, all};

/// The arguments of `wgloss list`.
#[derive(Args)]
pub struct List {
    /// A word in the task's name: segmentation, regression, sentence, ... All tasks if none is given.
    task: Vec<String>,
    /// Print the tables of docs/choosing.md and docs/losses.md.
    #[arg(long, conflicts_with = "task")]
    markdown: bool,
}

impl List {
    /// Prints the tasks whose names contain the words.
    pub fn run(&self, out: &mut impl Write) -> Result<(), Failure> {
        if self.markdown {
            return Ok(write!(out, "{}\n{}", tasks(), losses())?);
        }
        let meant = self.task.join(" ").to_lowercase();
        let tasks: Vec<&Task> = TASKS.iter().filter(|task| task.name.contains(&meant)).collect();
        if tasks.is_empty() {
            let names: Vec<&str> = TASKS.iter().map(|task| task.name).collect();
            return Err(Failure::Input(format!("no task contains {meant:?}; there are {}", names.join("; "))));
        }
        for Task { name, data, targets, code, note } in tasks {
            writeln!(out, "{name}: {} against {}", plain(data), plain(targets))?;
            writeln!(out, "    {}\n    {note}\n", line(code))?;
        }
        Ok(())
    }
}

/// The table of docs/choosing.md.
fn tasks() -> String {
    let row = |task: &Task| {
        format!("| {} | {} | {} | `{}` | {} |\n", task.name, task.data, task.targets, line(task.code), task.note)
    };
    let head = "| task | data | targets | loss | mind |\n|---|---|---|---|---|\n";
    head.to_string() + &TASKS.iter().map(row).collect::<String>()
}

/// The table of docs/losses.md.
fn losses() -> String {
    let head = "| loss | what | operands (∂ differentiable, ? optional) | options |\n|---|---|---|---|\n";
    head.to_string() + &all().iter().map(|loss| row(&**loss)).collect::<String>()
}

fn row(loss: &dyn Loss) -> String {
    let header = loss.header();
    let operand = |spec: &wgloss::header::OperandSpec| {
        let marks = [(spec.gradient, "∂"), (spec.optional, "?")];
        marks.iter().filter(|(has, _)| *has).fold(spec.name.to_string(), |name, (_, mark)| name + mark)
    };
    let option = |(spec, default): (wgloss::header::OptionSpec, wgloss::header::Value)| match spec.kind {
        Kind::Choice(names) => format!("{} {}", spec.name, names.join("\\|")),
        _ => format!("{} {default}", spec.name),
    };
    let operands: Vec<String> = header.operands.iter().map(operand).collect();
    let options: Vec<String> = loss.specs().into_iter().zip(loss.values()).map(option).collect();
    format!("| `{}` | {} | {} | {} |\n", header.id, header.title, operands.join(" "), options.join(", "))
}

/// Joins the lines of `code`: the compiler's `stringify!` may break them.
fn line(code: &str) -> String {
    code.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Removes the Markdown marks around code.
fn plain(text: &str) -> String {
    text.replace('`', "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use wgloss::Reduction;

    #[test]
    fn the_documents_show_these_tables() {
        let print = "`wgloss list --markdown` prints what it has to show";
        assert!(include_str!("../../docs/choosing.md").contains(&tasks()), "docs/choosing.md: {print}");
        assert!(include_str!("../../docs/losses.md").contains(&losses()), "docs/losses.md: {print}");
    }

    #[test]
    fn the_list_of_losses_says_which_take_which_reductions() {
        let page = include_str!("../../docs/losses.md").split_whitespace().collect::<Vec<_>>().join(" ");
        let losses = all();
        let with = |reduction, takes: bool| {
            let headers = losses.iter().map(|loss| loss.header());
            headers.filter(move |header| header.reductions.contains(&reduction) == takes).map(|header| header.id)
        };
        assert_eq!(with(Reduction::Mean, false).chain(with(Reduction::Sum, false)).count(), 0);
        let said = |from: &str, to: &str| -> Vec<&str> {
            let text = page.split_once(from).and_then(|(_, rest)| rest.split_once(to)).expect(from).0;
            let mut ids: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
            ids.sort_unstable();
            ids
        };
        let sorted = |ids: &mut dyn Iterator<Item = &'static str>| {
            let mut ids: Vec<&str> = ids.collect();
            ids.sort_unstable();
            ids
        };
        assert_eq!(said("All but", "take `none`;"), sorted(&mut with(Reduction::None, false)));
        assert_eq!(said("take `none`;", "take `batch_mean`"), sorted(&mut with(Reduction::BatchMean, true)));
    }

    #[test]
    fn a_row_shows_operands_and_options() {
        let shown = row(&*wgloss::by_id("sigmoid_focal").unwrap());
        assert!(shown.contains("input∂ target mask?") && shown.contains("alpha 0.25, gamma 2"), "{shown}");
    }
}
