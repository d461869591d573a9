//! The checks of `cargo xtask test`, of `test-burn` and of `test-mpi`: what each runs, on what condition, and for how long.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::fuzz::RUNNER;
use crate::run::{Line, Stop, answer, answers, cargo, output, root, succeed};

/// The most minutes that all checks may take together on two cores. The build before them takes another seven. The goal is 20
/// minutes for the build and the checks.
#[cfg(test)]
const MOST: f32 = 32.0;

/// Makes warnings errors, for commands other than clippy.
const WARNINGS: (&str, &str) = ("RUSTFLAGS", "-D warnings");

/// The examples. Each asserts what it shows.
const EXAMPLES: &[&str] = &[
    "examples/hello",
    "examples/own_buffers",
    "examples/mlp",
    "examples/ndarray",
    "examples/custom_loss",
    "examples/segmentation",
    "examples/denoise",
    "examples/landscape",
];

/// The arguments of clippy for the fuzz targets.
const FUZZ_CLIPPY: &str = "clippy --manifest-path fuzz/Cargo.toml --no-default-features --features runner --target-dir target --all-targets -- -D warnings";

/// The argument that takes a crate from the package that an earlier check made, and not from its folder.
macro_rules! packed {
    ($crate_:literal) => {
        concat!(
            " --config patch.crates-io.",
            $crate_,
            ".path=\"target/package/",
            $crate_,
            "-",
            env!("CARGO_PKG_VERSION"),
            "\""
        )
    };
}

/// The arguments that pack wgloss-burn, and build it with the packed wgloss.
const PACKAGE_OF_BURN: &str =
    concat!("package --manifest-path burn/Cargo.toml -p wgloss-burn --allow-dirty", packed!("wgloss"));

/// The arguments that pack wgloss-mpi, and build it with the packed wgloss.
const PACKAGE_OF_MPI: &str = concat!(
    "package --manifest-path mpi/Cargo.toml -p wgloss-mpi --allow-dirty",
    packed!("wgloss"),
    packed!("wgloss-checks")
);

/// A check: a command, its condition, and how many minutes it takes on two cores after the earlier checks.
#[derive(Debug)]
pub struct Check {
    /// A program that an earlier check has built; `None` for cargo.
    built: Option<&'static str>,
    args: Vec<&'static str>,
    env: Option<(&'static str, &'static str)>,
    kind: Kind,
    pub minutes: f32,
}

/// The condition that a check's command has to meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// It succeeds.
    Succeeds,
    /// It succeeds. Left out if the toolchain lacks this component.
    SucceedsWith(&'static str),
    /// It succeeds. Left out if cargo lacks this subcommand, which is a crate.
    SucceedsWithCrate(&'static str),
    /// It succeeds. Left out if the toolchain lacks the standard library for this target.
    SucceedsFor(&'static str),
    /// It succeeds, and lists no package with this name or with a name that begins with it and a hyphen.
    ListsNone(&'static str),
}

impl Check {
    fn new(minutes: f32, args: &'static str, kind: Kind) -> Self {
        let args = args.split(' ').collect();
        Self { built: None, args, env: None, kind, minutes }
    }

    /// A check that runs a program built by `cargo test --workspace`, which lies beside this one. `cargo run` would
    /// build it and its dependencies again, because tests turn on features of dependencies that it does not.
    fn of_built(minutes: f32, line: &'static str) -> Self {
        let mut words = line.split(' ');
        Self { built: words.next(), args: words.collect(), env: None, kind: Kind::Succeeds, minutes }
    }

    /// Sets an environment variable of the command.
    fn with(self, name: &'static str, value: &'static str) -> Self {
        Self { env: Some((name, value)), ..self }
    }

    /// Its command.
    pub fn command(&self) -> Command {
        let mut command = match self.built {
            None => cargo(&self.args),
            Some(program) => {
                let mut command = Command::new(built(program));
                command.args(&self.args).current_dir(root());
                command
            }
        };
        command.envs(self.env);
        command
    }

    /// The component, crate or target that the toolchain lacks for this check, and the command that installs it.
    pub fn lacks(&self) -> Option<(&'static str, String)> {
        let unknown = || !answers(&mut cargo(&[self.args[0], "--version"]));
        match self.kind {
            Kind::SucceedsWith(component) if unknown() => {
                Some((component, format!("rustup component add {component}")))
            }
            Kind::SucceedsWithCrate(name) if unknown() => Some((name, format!("cargo install --locked {name}"))),
            Kind::SucceedsFor(target) if !has_target(target) => Some((target, format!("rustup target add {target}"))),
            _ => None,
        }
    }

    /// Runs it.
    pub fn perform(&self) -> Result<(), Stop> {
        let mut command = self.command();
        let Kind::ListsNone(family) = self.kind else {
            return succeed(&mut command);
        };
        match listed(&output(&mut command)?, family) {
            None => Ok(()),
            Some(package) => Err(Stop::Failed(format!("{} lists {package}", Line(&command)))),
        }
    }
}

/// The workspaces beside the main one.
const APART: [&str; 6] = [
    "benches/peers/burn/Cargo.toml",
    "benches/peers/candle/Cargo.toml",
    "burn/Cargo.toml",
    "fuzz/Cargo.toml",
    "mpi/Cargo.toml",
    "web/Cargo.toml",
];

/// The checks of the format and of the lock file of every workspace. They come first, since they build nothing.
fn forms() -> Vec<Check> {
    let apart = |words: &[&'static str], kind| {
        APART.map(|manifest| Check {
            built: None,
            args: [words, &["--manifest-path", manifest]].concat(),
            env: None,
            kind,
            minutes: 0.0,
        })
    };
    let mut forms = vec![Check::new(0.0, "fmt --all --check", Kind::SucceedsWith("rustfmt"))];
    forms.extend(apart(&["fmt", "--check"], Kind::SucceedsWith("rustfmt")));
    // refuses a lock file that lags behind its manifests, which the next build would change
    forms.extend(apart(&["update", "--workspace", "--locked"], Kind::Succeeds));
    forms
}

/// The checks, in order. A test bounds the sum of their minutes.
pub fn checks() -> Vec<Check> {
    use Kind::{ListsNone, Succeeds, SucceedsFor, SucceedsWith, SucceedsWithCrate};
    let web = "wasm32-unknown-unknown";
    let mut checks = forms();
    checks.extend([
        Check::new(1.0, "clippy --workspace --all-targets -- -D warnings", SucceedsWith("clippy")),
        Check::new(0.1, "tree -p wgloss --no-default-features -e normal --prefix none", ListsNone("wgpu")),
        Check::new(0.9, "check -p wgloss --target wasm32-unknown-unknown", SucceedsFor(web))
            .with(WARNINGS.0, WARNINGS.1),
        Check::new(0.1, "check -p wgloss --no-default-features --target wasm32-unknown-unknown", SucceedsFor(web))
            .with(WARNINGS.0, WARNINGS.1),
        Check::new(0.2, "check -p wgloss --no-default-features", Succeeds).with(WARNINGS.0, WARNINGS.1),
        Check::new(0.4, "check -p wgloss --no-default-features --features gpu", Succeeds).with(WARNINGS.0, WARNINGS.1),
        Check::new(0.8, "hack check -p wgloss --each-feature --no-dev-deps", SucceedsWithCrate("cargo-hack"))
            .with(WARNINGS.0, WARNINGS.1),
        Check::new(0.1, "deny check", SucceedsWithCrate("cargo-deny")),
        Check::new(23.9, "test --workspace", Succeeds),
        Check::new(0.2, "doc --workspace --no-deps", Succeeds).with("RUSTDOCFLAGS", "-D warnings"),
        // all cases on the CPU; on the GPU some cases of each loss, with the kernels of this machine's adapter and with those
        // for a GPU: `platforms` runs all cases on every adapter, also with 16 bits and with all kinds of kernels, and the tests
        // of accuracy run all losses on the GPU
        Check::of_built(0.1, "wgloss verify --device cpu"),
        Check::of_built(1.0, "wgloss verify --device gpu --one-in 32"),
        Check::of_built(0.7, "wgloss verify --device gpu --one-in 64").with("WGLOSS_KERNELS", "gpu"),
    ]);
    checks.extend(EXAMPLES.iter().map(|example| Check::of_built(0.1, example)));
    // fuzz/ is its own workspace; most of its dependencies are built by now
    checks.push(Check::new(0.3, FUZZ_CLIPPY, SucceedsWith("clippy")));
    checks.push(Check::new(0.6, RUNNER, Succeeds));
    // In test mode each benchmark runs once on small inputs, and its result is checked.
    checks.push(Check::new(
        0.5,
        "test --workspace --bench losses --bench report --bench host --bench observations",
        Succeeds,
    ));
    // each crate can be packed; building the packages too, outside the repository, would take ten minutes more
    checks.push(Check::new(0.2, "package --workspace --exclude xtask --allow-dirty --no-verify", Succeeds));
    checks
}

/// The checks of wgloss-burn, a workspace of its own in burn/. Their minutes are those of two busy cores that build Burn
/// anew.
pub fn checks_of_burn() -> Vec<Check> {
    use Kind::{Succeeds, SucceedsWith};
    vec![
        Check::new(3.5, "clippy --manifest-path burn/Cargo.toml --all-targets -- -D warnings", SucceedsWith("clippy")),
        Check::new(26.0, "test --manifest-path burn/Cargo.toml", Succeeds),
        Check::new(0.1, "doc --manifest-path burn/Cargo.toml --no-deps", Succeeds).with("RUSTDOCFLAGS", "-D warnings"),
        // without fusion each operation runs when it is called
        Check::new(25.0, "test --manifest-path burn/Cargo.toml --no-default-features", Succeeds),
        // the package of wgloss-burn builds with the package of wgloss, without the repository. A package has fewer features
        // of its dependencies than its tests have, so that Burn is built once more
        Check::new(4.0, "package -p wgloss -p wgloss-chart --allow-dirty", Succeeds),
        Check::new(25.0, PACKAGE_OF_BURN, Succeeds),
    ]
}

/// The arguments of a cargo command of wgloss-mpi that runs on this many ranks. No argument contains a space, because a check
/// splits its arguments at spaces.
macro_rules! on_ranks {
    ($ranks:literal, $line:literal) => {
        concat!(
            "--config target.\"cfg(unix)\".runner=[\"mpirun\",\"--allow-run-as-root\",\"--oversubscribe\",\"-n\",\"",
            $ranks,
            "\"] ",
            $line
        )
    };
}

/// The checks of wgloss-mpi, a workspace of its own in mpi/.
pub fn checks_of_mpi() -> Vec<Check> {
    use Kind::{Succeeds, SucceedsWith};
    vec![
        Check::new(3.0, "clippy --manifest-path mpi/Cargo.toml --all-targets -- -D warnings", SucceedsWith("clippy")),
        Check::new(3.0, "test --manifest-path mpi/Cargo.toml --lib", Succeeds),
        Check::new(1.0, on_ranks!("1", "test --manifest-path mpi/Cargo.toml --test ranks"), Succeeds),
        Check::new(1.0, on_ranks!("2", "test --manifest-path mpi/Cargo.toml --test ranks"), Succeeds),
        Check::new(1.0, on_ranks!("3", "test --manifest-path mpi/Cargo.toml --test ranks"), Succeeds),
        Check::new(1.0, on_ranks!("4", "test --manifest-path mpi/Cargo.toml --test ranks"), Succeeds),
        Check::new(0.5, "test --manifest-path mpi/Cargo.toml --test lost --test eval", Succeeds),
        Check::new(0.2, on_ranks!("4", "run --manifest-path mpi/Cargo.toml --example vocabulary"), Succeeds),
        Check::new(0.2, on_ranks!("4", "run --manifest-path mpi/Cargo.toml --example clip"), Succeeds),
        Check::new(0.2, on_ranks!("3", "run --manifest-path mpi/Cargo.toml --example tiles"), Succeeds),
        Check::new(0.2, on_ranks!("2", "run --manifest-path mpi/Cargo.toml --example digits"), Succeeds),
        Check::new(0.1, "doc --manifest-path mpi/Cargo.toml --no-deps", Succeeds).with("RUSTDOCFLAGS", "-D warnings"),
        // the package of wgloss-mpi builds with the package of wgloss, without the repository
        Check::new(3.0, "package -p wgloss -p wgloss-chart -p wgloss-checks --allow-dirty", Succeeds),
        Check::new(3.0, PACKAGE_OF_MPI, Succeeds),
    ]
}

/// The path of a program in the folder that this one was built into.
pub fn built(program: &str) -> PathBuf {
    let this = env::current_exe().unwrap_or_default();
    let folder = this.parent().unwrap_or(Path::new("target/debug"));
    // the tests of this program lie one folder deeper, in `deps`
    let folder = folder.parent().filter(|_| folder.ends_with("deps")).unwrap_or(folder);
    folder.join(program).with_extension(env::consts::EXE_EXTENSION)
}

/// Whether the toolchain has the standard library for a target. Asks rustc, because rustc may come without rustup.
pub fn has_target(target: &str) -> bool {
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--print", "target-libdir", "--target", target]).current_dir(root());
    answer(&mut rustc).is_some_and(|folder| Path::new(folder.trim()).is_dir())
}

/// The first package in the output of `cargo tree --prefix none` that belongs to `family`.
fn listed<'a>(tree: &'a str, family: &str) -> Option<&'a str> {
    // Only the first word is a name. The folder of this project may be on the line too.
    tree.lines()
        .filter_map(|line| line.split_whitespace().next())
        .find(|name| name.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with('-')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_found_in_a_tree_by_its_name() {
        for (tree, found) in [
            ("wgloss v0.1.0 (/home/me/wgpu/wgloss)\n", None),
            ("wgloss v0.1.0\nwgpunit v1.0.0\n", None),
            ("wgloss v0.1.0\nwgpu v30.0.0\n", Some("wgpu")),
            ("wgloss v0.1.0\nlog v0.4.1\nwgpu-types v30.0.0", Some("wgpu-types")),
            ("", None),
        ] {
            assert_eq!(listed(tree, "wgpu"), found, "{tree}");
        }
    }

    #[test]
    fn a_check_is_displayed_as_it_is_typed() {
        let lines: Vec<String> = checks().iter().map(|check| Line(&check.command()).to_string()).collect();
        let of_built = |program: &str| Line(&Command::new(built(program))).to_string();
        for line in [
            "cargo fmt --all --check".into(),
            "cargo clippy --workspace --all-targets -- -D warnings".into(),
            "RUSTDOCFLAGS=\"-D warnings\" cargo doc --workspace --no-deps".into(),
            format!("WGLOSS_KERNELS=gpu {} verify --device gpu --one-in 64", of_built("wgloss")),
            of_built("examples/denoise"),
        ] {
            assert!(lines.contains(&line), "{line} is not in {lines:?}");
        }
    }

    #[test]
    fn only_checks_with_missing_components_or_targets_are_left_out() {
        let lacks = |kind| Check::new(1.0, "no-such-component --check", kind).lacks();
        assert_eq!(lacks(Kind::SucceedsWith("it")), Some(("it", "rustup component add it".to_owned())));
        assert_eq!(lacks(Kind::SucceedsWithCrate("it")), Some(("it", "cargo install --locked it".to_owned())));
        assert_eq!(lacks(Kind::SucceedsFor("no-such-target")).map(|(what, _)| what), Some("no-such-target"));
        assert_eq!(lacks(Kind::Succeeds), None);
        assert!(has_target(&host()), "the toolchain builds for its own machine");
    }

    fn host() -> String {
        let version = output(Command::new("rustc").arg("-vV")).expect("rustc is there");
        version.lines().find_map(|line| line.strip_prefix("host: ")).expect("a line with the host").to_owned()
    }

    #[test]
    fn the_checks_fit_into_their_minutes() {
        let minutes: f32 = checks().iter().map(|check| check.minutes).sum();
        assert!(minutes <= MOST, "{minutes} minutes");
    }

    #[test]
    fn a_listed_package_fails_its_check() {
        // `cargo --version` prints one line that begins with "cargo".
        let check = |family| Check::new(0.0, "--version", Kind::ListsNone(family)).perform();
        assert_eq!(check("wgpu"), Ok(()));
        assert_eq!(check("cargo"), Err(Stop::Failed("cargo --version lists cargo".to_owned())));
    }
}
