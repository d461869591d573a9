//! `wgloss list`: finds tasks and losses by words, and prints the tables of docs/choosing.md and docs/losses.md.

use crate::expression::compounds::{COMPOUNDS, Compound};
use crate::failure::Failure;
use clap::Args;
use std::io::Write;
use wgloss::header::Kind;
use wgloss::{Loss, TASKS, Task, all};

/// The arguments of `wgloss list`.
#[derive(Args)]
pub struct List {
    /// Words that a task or a loss has to contain: segmentation, sentence, dice, outliers, ... Without any, all are listed.
    words: Vec<String>,
    /// Print the tables of docs/choosing.md and docs/losses.md.
    #[arg(long, conflicts_with = "words")]
    markdown: bool,
}

impl List {
    /// Prints the tasks and the losses that contain the words.
    pub fn run(&self, out: &mut impl Write) -> Result<(), Failure> {
        if self.markdown {
            return Ok(write!(out, "{}\n{}", tasks(), losses())?);
        }
        let words: Vec<String> =
            self.words.iter().flat_map(|word| word.split_whitespace()).map(str::to_lowercase).collect();
        let contains = |text: String| words.iter().all(|word| text.to_lowercase().contains(word.as_str()));
        let mut found = false;
        for task in TASKS.iter().filter(|task| contains(searched(task))) {
            let Task { name, data, targets, code, note } = task;
            writeln!(out, "{name}: {} against {}", plain(data), plain(targets))?;
            writeln!(out, "    {}\n    {note}\n", line(code))?;
            found = true;
        }
        let all = all();
        for header in all.iter().filter(|loss| contains(about(&***loss))).map(|loss| loss.header()) {
            writeln!(out, "{:<26} {}", header.id, header.title)?;
            found = true;
        }
        for Compound { id, title, .. } in COMPOUNDS.iter().filter(|sum| contains(format!("{} {}", sum.id, sum.title))) {
            writeln!(out, "{id:<26} {title}")?;
            found = true;
        }
        match found {
            true => Ok(writeln!(out, "\n`wgloss describe LOSS` says what a loss takes.")?),
            false => Err(Failure::Input(format!("no task and no loss contains {:?}", self.words.join(" ")))),
        }
    }
}

/// The text that is searched for words about a task.
fn searched(Task { name, data, targets, code, note }: &Task) -> String {
    [*name, data, targets, code, note].join(" ")
}

/// The text that is searched for words about a loss: its id, its title, and its page up to the example.
fn about(loss: &dyn Loss) -> String {
    let page = loss.page().split("# Example").next().unwrap_or_default();
    format!("{} {} {page}", loss.header().id, loss.header().title)
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
        // the default stands first
        Kind::Choice(names) => {
            let default = default.to_string();
            let others = names.iter().map(|name| name.to_string()).filter(|name| *name != default);
            let all: Vec<String> = std::iter::once(default.clone()).chain(others).collect();
            format!("{} {}", spec.name, all.join("\\|"))
        }
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
    use std::fs;
    use std::path::Path;
    use wgloss::Reduction;

    /// The text of a page of docs/; `None` in the published package, which has no docs.
    fn document(page: &str) -> Option<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
        folder.is_dir().then(|| fs::read_to_string(folder.join(page)).expect("a page of the docs"))
    }

    #[test]
    fn the_comparison_with_other_libraries_has_a_row_for_each_loss() {
        let Some(page) = document("comparison.md") else { return };
        for id in all().iter().map(|loss| loss.header().id) {
            let rows = page.lines().filter(|line| line.starts_with(&format!("| `{id}` |"))).count();
            assert_eq!(rows, 1, "docs/comparison.md: rows of {id}");
        }
    }

    #[test]
    fn the_documents_show_these_tables() {
        let print = "`wgloss list --markdown` prints what it has to show";
        let (Some(choosing), Some(losses_page)) = (document("choosing.md"), document("losses.md")) else { return };
        assert!(choosing.contains(&tasks()), "docs/choosing.md: {print}");
        assert!(losses_page.contains(&losses()), "docs/losses.md: {print}");
    }

    #[test]
    fn the_list_of_losses_says_which_take_which_reductions() {
        let Some(page) = document("losses.md") else { return };
        let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
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
        assert_eq!(
            said("take `batch_mean`;", "take `sequence_mean`"),
            sorted(&mut with(Reduction::SequenceMean, true))
        );
    }

    #[test]
    fn a_row_shows_operands_and_options() {
        let shown = row(&*wgloss::by_id("sigmoid_focal").unwrap());
        assert!(
            shown.contains("input∂ target alpha? sample_weight? mask?") && shown.contains("alpha 0.25, gamma 2"),
            "{shown}"
        );
    }
}
