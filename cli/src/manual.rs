//! Help that is made from the definitions of the arguments: a loss's own help, completions for shells, and manual pages.

use crate::Arguments;
use crate::describe;
use crate::expression::{Expression, Summand};
use crate::failure::Failure;
use crate::suggest::similar;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, Command, CommandFactory, Parser};
use clap_complete::Shell;
use clap_mangen::Man as Page;
use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;

/// Parses the arguments. Prints help, versions and errors, and ends the process, as clap does.
pub fn parse(arguments: &[OsString]) -> Arguments {
    let mut refused = match Arguments::try_parse_from(arguments) {
        Ok(parsed) => return parsed,
        Err(refused) => refused,
    };
    advise(&mut refused, arguments);
    let about = matches!(refused.kind(), ErrorKind::DisplayHelp).then(|| about_loss(arguments)).flatten();
    match about {
        // clap prints the help of `eval`, with the text about the loss in it
        Some(about) => {
            let command = Arguments::command().mut_subcommand("eval", |eval| eval.about(&about).long_about(&about));
            match command.try_get_matches_from(arguments) {
                Err(help) => help.exit(),
                Ok(_) => refused.exit(),
            }
        }
        None => refused.exit(),
    }
}

/// Replaces the tips of clap, which knows nothing of losses, devices and metrics. For an unknown argument, the tip becomes the
/// argument that sets the option, or gives the operand, whose name is most like it.
fn advise(error: &mut clap::Error, arguments: &[OsString]) {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    };
    match (error.kind(), text(ContextKind::InvalidArg), text(ContextKind::InvalidValue)) {
        (ErrorKind::UnknownArgument, Some(flag), _) => {
            if let Some(tip) = tip(&flag, arguments) {
                error.remove(ContextKind::SuggestedArg);
                error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
            }
        }
        // clap would suggest `cpu` for `cuda`
        (ErrorKind::InvalidValue, Some(flag), Some(value)) if flag.starts_with("--device") && is_gpu(&value) => {
            error.insert(ContextKind::SuggestedValue, ContextValue::String("gpu".into()));
        }
        (ErrorKind::InvalidValue, Some(argument), _) if argument == "<METRIC>" => {
            let tip = "confusion_matrix prints the IoU, Dice, precision and recall of each class, and their means";
            error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
        }
        _ => {}
    }
}

/// Whether a device's name is what other programs call a GPU.
fn is_gpu(device: &str) -> bool {
    let name = device.to_lowercase();
    ["cuda", "mps", "vulkan", "metal", "dx12", "rocm", "xpu"].iter().any(|known| name.starts_with(known))
}

/// The argument to write instead of an unknown one, such as `--label-smoothing 0.1` or `--sample-weight FILE`.
fn tip(flag: &str, arguments: &[OsString]) -> Option<String> {
    let words: Vec<&str> = arguments.iter().skip(1).filter_map(|argument| argument.to_str()).collect();
    let command = *words.first()?;
    if !matches!(command, "eval" | "compare") {
        return None;
    }
    let name = flag.trim_start_matches('-').replace('-', "_");
    if command == "compare" && name == "input" {
        return Some("the predictions stand behind the loss: wgloss compare LOSS FILE FILE --target FILE".into());
    }
    let expression = words.iter().skip(1).find_map(|word| Expression::parse(word).ok())?;
    let value = words.iter().find_map(|word| word.strip_prefix(flag)?.strip_prefix('='));
    let next = || words.iter().skip_while(|word| **word != flag).nth(1).filter(|word| !word.starts_with('-')).copied();
    let value = value.or_else(next);
    let operands = expression.summands.iter().flat_map(|summand| summand.loss().header().operands);
    let operands: Vec<&str> = operands.map(|spec| spec.name).collect();
    let options = expression.options();
    let meant = *similar(&name, &[&options[..], &operands].concat()).first()?;
    match options.contains(&meant) {
        true => Some(format!("--option {meant}={}", value.unwrap_or("VALUE"))),
        false => Some(format!("--operand {meant}={}", value.unwrap_or("FILE"))),
    }
}

/// The part of the help of `wgloss eval LOSS` about that loss.
fn about_loss(arguments: &[OsString]) -> Option<String> {
    let mut words = arguments.iter().skip(1).filter_map(|argument| argument.to_str());
    words.next().filter(|command| *command == "eval")?;
    let expression = words.find_map(|word| Expression::parse(word).ok())?;
    let mut about = String::new();
    for loss in expression.summands.iter().map(Summand::loss) {
        let (id, title) = (loss.header().id, loss.header().title);
        about += &format!("{id}: {title}\n\n{}\n`wgloss describe {id}` says more.\n\n", describe::call(&*loss));
    }
    Some(about.trim_end().into())
}

/// The arguments of `wgloss completions`.
#[derive(Args)]
pub struct Completions {
    /// The shell.
    shell: Shell,
}

impl Completions {
    /// Prints the script.
    pub fn run(&self, out: &mut impl Write) -> Result<(), Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Arguments::command(), "wgloss", &mut script);
        Ok(out.write_all(&script)?)
    }
}

/// The arguments of `wgloss man`.
#[derive(Args)]
pub struct Man {
    /// A folder for the pages of the program and of each command. Without it, the program's page is printed.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

impl Man {
    /// Prints or writes the pages.
    pub fn run(&self, out: &mut impl Write) -> Result<(), Failure> {
        match &self.out {
            Some(folder) => {
                let refuse = |error: std::io::Error| Failure::Input(format!("{}: {error}", folder.display()));
                std::fs::create_dir_all(folder).map_err(refuse)?;
                clap_mangen::generate_to(Arguments::command(), folder).map_err(refuse)
            }
            None => Ok(out.write_all(&page(Arguments::command())?)?),
        }
    }
}

fn page(command: Command) -> Result<Vec<u8>, Failure> {
    let mut page = Vec::new();
    Page::new(command).render(&mut page)?;
    Ok(page)
}
