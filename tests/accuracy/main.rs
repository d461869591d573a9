//! The digits that every loss keeps: compares values and gradients of the twin and of the GPU with the definition in 320
//! bits, over inputs that cost digits.

mod big;
#[path = "../../checks/src/chosen.rs"]
mod chosen;
#[path = "../../checks/src/draw.rs"]
mod draw;
mod formulas;
#[path = "../common/harness.rs"]
mod harness;
#[path = "../../checks/src/regimes.rs"]
mod regimes;
#[path = "../../checks/src/samples.rs"]
mod samples;

use big::Big;
use formulas::{Inputs, values};
use harness::{Subject, tests, tests_of};
use regimes::{Answer, DIGITS, Draw, LOSES, Regime, Row, error};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::process::ExitCode;
use std::sync::{LazyLock, Mutex};
use std::{env, fs};
use wgloss::{Array, DType, Gpu};

fn main() -> ExitCode {
    let modules = [
        tests_of![Row::all(); digits],
        tests![the_page_has_every_row_and_reason, the_errors_show_what_is_lost],
        big::tests(),
        formulas::tests(),
    ];
    let ended = harness::run(modules.into_iter().flatten().collect());
    if env::var_os(WRITE).is_some() {
        write_page();
    }
    ended
}

/// The greatest relative error allowed to the twins. They are the reference for a user's GPU.
const OF_TWINS: f64 = 1e-7;

/// The page with the table, and the environment variable that makes this program write the table.
const PAGE: &str = "docs/accuracy.md";
const WRITE: &str = "WGLOSS_WRITE_ACCURACY";

impl Subject for Row {
    type Given = Row;

    /// The row's name as one word: `dice_activation_sigmoid_dense_target`.
    fn name(&self) -> String {
        self.name.replace(',', "").replace(' ', "_")
    }

    fn given(&self) -> &Row {
        self
    }
}

/// Inputs with the values and gradients by the definition. A gradient at a kink is `None`.
struct Defined {
    draw: Draw,
    values: Vec<f64>,
    gradients: Vec<Vec<Option<f64>>>,
}

/// Returns the row's inputs in each regime, with their definition's results. This takes most of the time of these tests.
fn defined(row: &Row) -> [Defined; Regime::ALL.len()] {
    Regime::ALL.map(|regime| {
        let draw = row.draw(regime);
        let inputs = inputs(&draw);
        let values = values(draw.id, &inputs).iter().map(Big::to_f64).collect();
        let gradients = draw.of.iter().map(|(name, _)| gradient(&draw, &inputs, name)).collect();
        Defined { draw, values, gradients }
    })
}

/// The inputs as 320-bit numbers and as labels.
fn inputs(draw: &Draw) -> Inputs {
    let (floats, labels): (Vec<_>, Vec<_>) = draw.operands.iter().partition(|(_, array)| array.dtype().is_float());
    let big = |array: &Array| array.to_f64().into_iter().map(Big::from).collect();
    let label = |array: &Array| array.to_f64().into_iter().map(|label| label as i64).collect();
    let floats: BTreeMap<_, Vec<Big>> = floats.iter().map(|(name, array)| (*name, big(array))).collect();
    Inputs {
        held: floats.clone(),
        floats,
        labels: labels.iter().map(|(name, array)| (*name, label(array))).collect(),
        options: draw.options.iter().cloned().collect::<BTreeMap<_, _>>(),
        shape: draw.shape.clone(),
    }
}

/// The gradient of the sum with respect to an operand, by central differences; `None` for an element at a kink.
fn gradient(draw: &Draw, inputs: &Inputs, operand: &str) -> Vec<Option<f64>> {
    // the truncation error, which is the square of the step, and the rounding of the sum divided by the step are far below
    // f32's precision
    let step = Big::power_of_two(-110);
    let total = |inputs: &Inputs| values(draw.id, inputs).into_iter().sum::<Big>();
    let at = total(inputs);
    let slope = |i: usize| {
        let moved = |by: Big| {
            let mut inputs = inputs.clone();
            let element = &mut inputs.floats.get_mut(operand).expect("what is differentiated is given")[i];
            *element = element.clone() + by;
            total(&inputs)
        };
        let (up, down) = (moved(step.clone()), moved(-step.clone()));
        let forward = ((up.clone() - &at) / &step).to_f64();
        let backward = ((at.clone() - &down) / &step).to_f64();
        let slope = ((up - down) / (2.0 * step.clone())).to_f64();
        ((forward - backward).abs() <= 1e-9 * slope.abs().max(1e-300)).then_some(slope)
    };
    (0..inputs.floats[operand].len()).map(slope).collect()
}

/// The greatest relative error of a row's values and of its gradients, over all regimes.
fn worst(row: &[Defined], given: &dyn Fn(&Draw) -> Answer) -> [f64; 2] {
    let mut worst = [0.0f64; 2];
    for defined in row {
        let (values, gradients) = given(&defined.draw);
        let sum = [defined.values.iter().sum()];
        let want = if defined.values.len() == values.len() { &defined.values[..] } else { &sum };
        worst[0] = want.iter().zip(values).map(|(want, got)| error(got, *want)).fold(worst[0], f64::max);
        let pairs = defined.gradients.iter().flatten().zip(gradients.iter().flatten());
        worst[1] = pairs.filter_map(|(want, got)| Some(error(*got, (*want)?))).fold(worst[1], f64::max);
    }
    worst
}

fn by_twin(draw: &Draw) -> Answer {
    draw.by_twin().expect("the terms of all regimes are good")
}

fn reason(name: &str) -> Option<&'static (&'static str, f64, &'static str)> {
    LOSES.iter().find(|(row, ..)| *row == name)
}

/// The greatest errors of the rows that have passed, by row name: of the twin's values and gradients, then of the GPU's.
static MEASURED: Mutex<BTreeMap<String, [f64; 4]>> = Mutex::new(BTreeMap::new());

/// Asserts that the errors of a row are within the limits, on the twin and on the GPU.
fn digits(row: &Row) {
    static GPU: LazyLock<Gpu> =
        LazyLock::new(|| Gpu::new().expect("these tests run on a GPU, for which software is enough"));
    let defined = defined(row);
    let twin = worst(&defined, &by_twin);
    let gpu = worst(&defined, &|draw| draw.by_gpu(&GPU).expect("the terms of all regimes are good"));
    let of_gpu = reason(&row.name).map_or(DIGITS, |(_, most, _)| *most);
    for (device, [value, gradient], most) in [("twin", twin, OF_TWINS), ("GPU", gpu, of_gpu)] {
        assert!(
            value.max(gradient) <= most,
            "{device}: value {value:.1e}, gradient {gradient:.1e}, at most {most:.1e}"
        );
    }
    MEASURED.lock().expect("no test fails inside").insert(row.name.clone(), [twin[0], twin[1], gpu[0], gpu[1]]);
}

/// Writes the page's table. Rows that a filter left out stay as they are.
fn write_page() {
    let measured = MEASURED.lock().expect("no test fails inside");
    let page = fs::read_to_string(PAGE).expect("the page is there");
    let mut table = String::new();
    for Row { name, .. } in Row::all() {
        let why = reason(&name).map_or("", |(.., why)| why);
        let row = match measured.get(&name) {
            Some(numbers) => format!("| {name} | {} | {why} |", numbers.map(|x| format!("{x:.0e}")).join(" | ")),
            None => {
                let old = page.lines().find(|line| line.starts_with(&format!("| {name} |")));
                old.unwrap_or_else(|| panic!("{name} has not passed, and is not in {PAGE}")).to_string()
            }
        };
        writeln!(table, "{row}").expect("strings take text");
    }
    let (before, rest) = page.split_once("|---|--:|--:|--:|--:|---|\n").expect("the page has a table");
    let after = rest.split_once("\n\n").map_or("", |(_, after)| after);
    let page = format!("{before}|---|--:|--:|--:|--:|---|\n{table}\n{after}");
    fs::write(PAGE, page).expect("the page can be written");
}

fn the_page_has_every_row_and_reason() {
    // the page is about to be written
    if env::var_os(WRITE).is_some() {
        return;
    }
    let page = fs::read_to_string(PAGE).expect("the page is there");
    for row in Row::all() {
        let line = page.lines().find(|line| line.starts_with(&format!("| {} |", row.name)));
        let line = line.unwrap_or_else(|| panic!("{PAGE} lacks {}; {WRITE}=1 writes it", row.name));
        assert!(line.contains(reason(&row.name).map_or("", |(.., why)| why)), "{line}");
    }
    for (name, ..) in LOSES {
        assert!(Row::all().iter().any(|row| row.name == *name), "there is no row {name}");
    }
}

fn the_errors_show_what_is_lost() {
    let id = "bce_with_logits";
    let row = defined(&Row { name: id.into(), id, options: Vec::new(), target: DType::I32 });
    let naive = |draw: &Draw| {
        let numbers = |name: &str| {
            let operand = draw.operands.iter().find(|(known, _)| *known == name);
            operand.map(|(_, array)| array.to_f64()).unwrap_or_default()
        };
        let loss = |(x, t): (f64, f64)| {
            let p = (1.0 / (1.0 + (-x as f32).exp())).clamp(1e-7, 1.0 - 1e-7);
            f64::from(-(t as f32 * p.ln() + (1.0 - t as f32) * (1.0 - p).ln()))
        };
        (numbers("input").into_iter().zip(numbers("target")).map(loss).collect(), by_twin(draw).1)
    };
    assert!(worst(&row, &naive)[0] > 0.01);
    assert!(worst(&row, &by_twin)[0] < 1e-9);
}
