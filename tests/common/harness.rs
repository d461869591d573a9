//! Runs tests by name, as the usual harness does: functions of a module, and functions that run once for each loss or row of a
//! table. A test fails where it panics.
#![allow(dead_code, unused_imports, unused_macros, reason = "each test binary uses its own part of this")]

use libtest_mimic::{Arguments, Failed, Trial};
use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use wgloss::Loss;

/// Lists functions of a module as tests. A function that no list names is dead code, which the compiler reports.
macro_rules! tests {
    ($($function:ident),+ $(,)?) => {
        vec![$($crate::harness::test(module_path!(), stringify!($function), $function)),+]
    };
}

/// Lists functions that run once for each subject. A test is named after its function and its subject: `matrix::sizes::dice`.
macro_rules! tests_of {
    ($subjects:expr; $($function:ident),+ $(,)?) => {{
        let mut tests = Vec::new();
        $(for subject in $subjects {
            let name = format!("{}::{}", stringify!($function), $crate::harness::Subject::name(&subject));
            let run = move || $function($crate::harness::Subject::given(&subject));
            tests.push($crate::harness::test(module_path!(), &name, run));
        })+
        tests
    }};
}

pub(crate) use {tests, tests_of};

/// An item for which a test function runs once, such as a loss.
pub trait Subject: Send + 'static {
    /// What the function gets of the item.
    type Given: ?Sized;
    fn name(&self) -> String;
    fn given(&self) -> &Self::Given;
}

impl Subject for Box<dyn Loss> {
    type Given = dyn Loss;

    fn name(&self) -> String {
        self.header().id.into()
    }

    fn given(&self) -> &dyn Loss {
        &**self
    }
}

impl<T: Send + 'static> Subject for (&'static str, T) {
    type Given = T;

    fn name(&self) -> String {
        self.0.into()
    }

    fn given(&self) -> &T {
        &self.1
    }
}

/// A test of a module. The module's path begins with the test binary, which a test's name leaves out.
pub fn test(module: &str, name: &str, run: impl FnOnce() + Send + 'static) -> Trial {
    let module = module.split_once("::").map(|(_, module)| format!("{module}::")).unwrap_or_default();
    Trial::test(module + name, move || caught(run))
}

thread_local! {
    /// Whether this thread is inside a test. `SAID` is the text of the test's last panic.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
    static SAID: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs a test. A panic in the test's own thread goes to the list of failures; a panic in another thread is printed at
/// once.
fn caught(run: impl FnOnce()) -> Result<(), Failed> {
    INSIDE.set(true);
    let result = panic::catch_unwind(AssertUnwindSafe(run));
    INSIDE.set(false);
    result.map_err(|_| Failed::from(SAID.take()))
}

/// Makes a test's panic keep its message and place, and the stack if `RUST_BACKTRACE` asks for it.
fn keep_panics() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !INSIDE.get() {
            return print(info);
        }
        let stack = Backtrace::capture();
        let stack = if stack.status() == BacktraceStatus::Captured { format!("\n{stack}") } else { String::new() };
        SAID.set(format!("{info}{stack}"));
    }));
}

/// Options of the command line that a value follows.
const WITH_VALUE: &[&str] = &["--skip", "--test-threads", "--logfile", "--color", "--format", "-Z"];

/// Runs the tests that the command line asks for. As with the usual harness there may be several filters, and a test runs
/// if any of them matches. `libtest_mimic` itself takes one filter.
pub fn run(mut tests: Vec<Trial>) -> ExitCode {
    let names: BTreeSet<&str> = tests.iter().map(Trial::name).collect();
    assert_eq!(names.len(), tests.len(), "two tests have one name");
    let (mut words, mut filters) = (Vec::new(), Vec::new());
    let mut after = String::new();
    for word in std::env::args() {
        let is_filter = !words.is_empty() && !word.starts_with('-') && !WITH_VALUE.contains(&after.as_str());
        after.clone_from(&word);
        if is_filter { &mut filters } else { &mut words }.push(word);
    }
    let one = if filters.len() == 1 { filters.pop() } else { None };
    let mut arguments = Arguments::from_iter(words);
    let asked =
        |name: &str| filters.iter().any(|filter| if arguments.exact { name == filter } else { name.contains(filter) });
    tests.retain(|test| filters.is_empty() || asked(test.name()));
    arguments.filter = one;
    let threads = std::env::var("RUST_TEST_THREADS").ok().and_then(|threads| threads.parse().ok());
    arguments.test_threads = arguments.test_threads.or(threads);
    keep_panics();
    libtest_mimic::run(&arguments, tests).exit_code()
}
