//! `wgloss list`: finds tasks, losses, observations and metrics by words, and prints the tables of docs/choosing.md and
//! docs/losses.md.

mod call;

use crate::expression::compounds::{COMPOUNDS, Compound};
use crate::failure::Failure;
use call::{call, renamed};
use clap::Args;
use std::io::Write;
use wgloss::header::Kind;
use wgloss::{Loss, TASKS, Task, all};

/// The arguments of `wgloss list`.
#[derive(Args)]
pub struct List {
    /// Words to look for, or parts of words: segmentation, sentence, dice, outliers, perplexity, ... Lists what
    /// contains all of them, or else as many as possible. Without any, all is listed.
    words: Vec<String>,
    /// Print the tables of docs/choosing.md and docs/losses.md.
    #[arg(long, conflicts_with = "words")]
    markdown: bool,
}

/// A task, a loss or a number, as words find it.
struct Entry {
    /// Its names, and a loss's title. In a group, the entries whose heads contain more of the words come first.
    head: String,
    /// All of its text.
    text: String,
    /// How it is printed.
    shown: String,
}

/// A number that the program reports beside a loss, or without one.
struct Number {
    name: &'static str,
    title: &'static str,
    /// Other words that find the number, such as its other names.
    also: &'static str,
    call: &'static str,
}

/// The observations, and the scores of the metrics.
const NUMBERS: &[Number] = &[
    Number {
        name: "accuracy",
        title: "the share of positions that are predicted right",
        also: "top-1 error rate",
        call: "wgloss metric accuracy, or beside a loss: wgloss eval LOSS --observe accuracy",
    },
    Number {
        name: "top_5",
        title: "the share of positions whose label is among the 5 best classes, or any other number",
        also: "top-5 top_k topk accuracy",
        call: "wgloss eval LOSS --observe top_5",
    },
    Number {
        name: "entropy",
        title: "the mean entropy of the predicted probabilities",
        also: "uncertainty confidence",
        call: "wgloss eval LOSS --observe entropy",
    },
    Number {
        name: "perplexity",
        title: "the exponential of the mean cross-entropy",
        also: "language models tokens",
        call: "wgloss eval LOSS --observe perplexity",
    },
    Number {
        name: "iou",
        title: "the intersection over union of each class, and the mean IoU",
        also: "jaccard miou mean_iou segmentation",
        call: "wgloss metric confusion_matrix, or beside a loss of regions: wgloss eval LOSS --observe iou",
    },
    Number {
        name: "precision",
        title: "the share of the positions predicted to be of a class that are",
        also: "positive predictive value",
        call: "wgloss metric confusion_matrix, or beside a loss of regions: wgloss eval LOSS --observe precision",
    },
    Number {
        name: "recall",
        title: "the share of the positions of a class that are found, and the balanced accuracy",
        also: "sensitivity true positive rate balanced_accuracy",
        call: "wgloss metric confusion_matrix, or beside a loss of regions: wgloss eval LOSS --observe recall",
    },
    Number {
        name: "f1",
        title: "the Dice score of each class, and its mean, the macro F1",
        also: "dice score mean_dice f-score segmentation",
        call: "wgloss metric confusion_matrix",
    },
    Number {
        name: "confusion_matrix",
        title: "how many positions of each label are predicted to be of each class",
        also: "confusion matrix counts errors",
        call: "wgloss metric confusion_matrix",
    },
];

impl List {
    /// Prints what contains the words.
    pub fn run(&self, out: &mut impl Write) -> Result<(), Failure> {
        if self.markdown {
            return Ok(write!(out, "{}\n{}", tasks(), losses())?);
        }
        let words: Vec<String> =
            self.words.iter().flat_map(|word| word.split_whitespace()).map(str::to_lowercase).collect();
        let groups = [TASKS.iter().map(of_task).collect(), of_losses(), NUMBERS.iter().map(of_number).collect()];
        let most = groups.iter().flatten().map(|entry| contained(&words, &entry.text)).max().unwrap_or(0);
        if most == 0 && !words.is_empty() {
            let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            let why = format!("no task, loss, observation or metric contains {}", words.join(" or "));
            return Err(Failure::Input(format!("{why}; `wgloss list` shows all")));
        }
        if most < words.len() {
            writeln!(out, "Nothing contains all of these words; this contains {most} of {}:\n", words.len())?;
        }
        for group in &groups {
            let found: Vec<&Entry> = best(group, &words, most);
            found.iter().try_for_each(|entry| writeln!(out, "{}", entry.shown))?;
            if !found.is_empty() {
                writeln!(out)?;
            }
        }
        Ok(writeln!(out, "`wgloss describe LOSS` says what a loss takes, `wgloss eval LOSS --help` how it is called.")?)
    }
}

/// The entries of a group that contain exactly `most` words, sorted by how many of these are in the head.
fn best<'a>(group: &'a [Entry], words: &[String], most: usize) -> Vec<&'a Entry> {
    let mut found: Vec<&Entry> = group.iter().filter(|entry| contained(words, &entry.text) == most).collect();
    // the sort keeps the order of entries that are alike
    found.sort_by_key(|entry| std::cmp::Reverse(contained(words, &entry.head)));
    found
}

/// How many of the words a text contains.
fn contained(words: &[String], text: &str) -> usize {
    let text = text.to_lowercase();
    words.iter().filter(|word| text.contains(word.as_str())).count()
}

fn of_task(task: &Task) -> Entry {
    let Task { name, data, targets, code, note } = task;
    // `Perceptual` and `StyleTransfer` sum over layers of a network: the program has no name for such a sum
    let call = call(code).unwrap_or_else(|| format!("in Rust: {}", line(code)));
    Entry {
        head: name.to_string(),
        text: [*name, data, targets, code, note, &call].join(" "),
        shown: format!("{name}: {} against {}\n    {call}\n    {}", plain(data), plain(targets), renamed(note)),
    }
}

/// The losses, each with its documentation up to the example, and the ready-made sums.
fn of_losses() -> Vec<Entry> {
    let entry = |id: &str, title: &str, page: &str| Entry {
        head: format!("{id} {title}"),
        text: format!("{id} {title} {page}"),
        shown: format!("{id:<26} {title}"),
    };
    let of_loss = |loss: &dyn Loss| {
        let page = loss.page().split("# Example").next().unwrap_or_default();
        entry(loss.header().id, loss.header().title, page)
    };
    let losses = all().iter().map(|loss| of_loss(&**loss)).collect::<Vec<_>>();
    losses.into_iter().chain(COMPOUNDS.iter().map(|Compound { id, title, .. }| entry(id, title, ""))).collect()
}

fn of_number(Number { name, title, also, call }: &Number) -> Entry {
    Entry {
        head: format!("{name} {also}"),
        text: [*name, title, also, call].join(" "),
        shown: format!("{name:<26} {title}\n    {call}"),
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
    fn every_observation_is_listed() {
        for name in crate::eval::asked::OBSERVED {
            assert!(NUMBERS.iter().any(|number| number.name == name), "{name}");
        }
    }

    #[test]
    fn a_row_shows_operands_and_options() {
        let shown = row(&*wgloss::by_id("sigmoid_focal").unwrap());
        assert!(
            shown.contains("input∂ target alpha? sample_weight? mask?") && shown.contains("gamma 2, alpha 0.25"),
            "{shown}"
        );
    }
}
