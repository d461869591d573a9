//! Help that is made from the definitions of the arguments: a loss's own help, completions for shells, and manual pages.

use crate::Arguments;
use crate::describe;
use crate::expression::{Expression, Summand};
use crate::failure::Failure;
use clap::error::ErrorKind;
use clap::{Args, Command, CommandFactory, Parser};
use clap_complete::Shell;
use clap_mangen::Man as Page;
use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;

/// Parses the arguments. Prints help, versions and errors, and ends the process, as clap does.
pub fn parse(arguments: &[OsString]) -> Arguments {
    let refused = match Arguments::try_parse_from(arguments) {
        Ok(parsed) => return parsed,
        Err(refused) => refused,
    };
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
