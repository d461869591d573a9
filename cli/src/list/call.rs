//! A task's line of Rust as a call of the program.

use crate::describe::flag;
use crate::expression::compounds;
use crate::losses;
use heck::ToSnakeCase;
use std::collections::HashSet;
use wgloss::{Loss, by_id};

/// The command line of `wgloss eval` for the call in a line of Rust; `None` if the program has no such loss.
pub fn call(code: &str) -> Option<String> {
    let code = super::line(code);
    let (mut sum, mut flags): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for part in code.split(" + ") {
        let (factor, part) = part.split_once(" * ").map_or((String::new(), part), |(x, rest)| (format!("{x}*"), rest));
        let (before_of, after_of) = part.split_once(".of(")?;
        let class = before_of.split(|c: char| !c.is_alphanumeric()).next()?.to_lowercase();
        let id = losses::names().into_iter().find(|id| id.replace('_', "") == class)?;
        if compounds::named(id).is_some() {
            return Some(format!("wgloss eval {id} ..., the sum that `wgloss describe {id}` shows"));
        }
        let loss = by_id(id)?;
        let options = options(&*loss, before_of, after_of).join(", ");
        sum.push(if options.is_empty() { factor + id } else { format!("{factor}{id}({options})") });
        let is_given = |name: &str| after_of.contains(&format!(".{name}("));
        let specs = loss.header().operands.iter().filter(|spec| !spec.optional || is_given(spec.name));
        flags.extend(specs.map(|spec| flag(spec.name)));
        flags.extend(after_of.contains(".class_axis_last()").then(|| "--class-axis-last".into()));
    }
    let mut seen = HashSet::new();
    flags.retain(|flag| seen.insert(flag.clone()));
    let sum = sum.join(" + ");
    let is_word = sum.chars().all(|c| c.is_alphanumeric() || c == '_');
    let sum = if is_word { sum } else { format!("'{sum}'") };
    Some(format!("wgloss eval {sum} {}", flags.join(" ")))
}

/// The options that a line of Rust sets, as the program takes them. `before_of` is what comes before its call of
/// `of`, `after_of` the rest.
fn options(loss: &dyn Loss, before_of: &str, after_of: &str) -> Vec<String> {
    let mut options: Vec<String> = Vec::new();
    for name in loss.specs().iter().map(|spec| spec.name) {
        // in a chain of methods, or as the field of a struct
        let value = before_of.split_once(&format!(".{name}(")).and_then(|(_, rest)| rest.split_once(')'));
        let field = || before_of.split_once(&format!("{{ {name}: ")).and_then(|(_, rest)| rest.split_once(" }"));
        options.extend(value.or_else(field).map(|(value, _)| format!("{name}={}", written(value))));
    }
    let reduction = after_of.split_once(".reduce(").and_then(|(_, rest)| rest.split_once(')'));
    options.extend(reduction.map(|(value, _)| format!("reduction={}", written(value))));
    options
}

/// A text with the program's names of losses, operands and options for those of Rust: `SoftmaxFocal` becomes `softmax_focal`.
pub fn renamed(text: &str) -> String {
    let name = |word: &str| {
        let bare = word.trim_end_matches(|c: char| !c.is_alphanumeric());
        let (snake, end) = (bare.to_snake_case(), &word[bare.len()..]);
        // not `log-ratios` or `CLIP's`
        let is_name = bare.starts_with(char::is_uppercase) && bare.chars().all(char::is_alphanumeric);
        match bare.split_once("::") {
            Some((kind, value)) => format!("{}={}{end}", kind.to_snake_case(), value.to_snake_case()),
            None if is_name && (by_id(&snake).is_some() || snake.contains('_')) => format!("{snake}{end}"),
            None => word.into(),
        }
    };
    text.split(' ').map(name).collect::<Vec<_>>().join(" ")
}

/// A value of Rust as an option of the program: `Kind::Arcface` as `arcface`.
fn written(value: &str) -> String {
    value.rsplit_once("::").map_or(value.into(), |(_, name)| name.to_snake_case())
}

#[cfg(test)]
mod tests {
    use super::*;
    use wgloss::TASKS;

    #[test]
    fn a_task_is_called_as_the_program_takes_it() {
        let called = |name: &str| {
            let task = TASKS.iter().find(|task| task.name == name).expect("a task");
            call(task.code).expect("the program has the loss")
        };
        for (task, expected) in [
            ("classification", "wgloss eval cross_entropy --input FILE --target FILE"),
            ("binary segmentation, few positives", "wgloss eval dice_bce --input FILE --target FILE"),
            ("regression with outliers", "wgloss eval 'huber(delta=1.0)' --input FILE --target FILE"),
            (
                "tokens with padding",
                "wgloss eval 'cross_entropy(ignore_index=-100)' --input FILE --target FILE --class-axis-last",
            ),
            ("boxes", "wgloss eval 'box_iou(kind=ciou)' --input FILE --target FILE"),
            ("quantiles", "wgloss eval 'quantile(quantiles=[0.1, 0.5, 0.9])' --input FILE --target FILE"),
            ("distributions", "wgloss eval 'kl_div(reduction=batch_mean)' --input FILE --target FILE"),
            ("imbalanced classification", "wgloss eval softmax_focal --input FILE --target FILE --operand alpha=FILE"),
        ] {
            assert_eq!(called(task), expected, "{task}");
        }
        // sums over layers, which the program can't write
        const REST: [&str; 2] = ["Perceptual", "StyleTransfer"];
        for task in TASKS {
            match call(task.code) {
                Some(call) => {
                    let sum = call.strip_prefix("wgloss eval ").and_then(|call| match call.strip_prefix('\'') {
                        Some(quoted) => quoted.split('\'').next(),
                        None => call.split(' ').next(),
                    });
                    let parsed = crate::expression::Expression::parse(sum.expect("a loss"));
                    assert!(parsed.is_ok(), "{call}: {parsed:?}");
                }
                None => assert!(REST.iter().any(|sum| task.code.starts_with(sum)), "{}", task.code),
            }
        }
        let note =
            "PosWeight or SigmoidFocal, where positives are rare; Tversky of Activation::Sigmoid; CLIP's log-ratios";
        let plain =
            "pos_weight or sigmoid_focal, where positives are rare; tversky of activation=sigmoid; CLIP's log-ratios";
        assert_eq!(renamed(note), plain);
    }
}
