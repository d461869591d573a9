//! A user's function of two parameters in WGSL, evaluated over a grid as a custom loss of the library.

use super::himmelblau;
use crate::failure::Failure;
use naga::valid::{Capabilities, ValidationFlags, Validator};
use naga::{Handle, Scalar, Type, TypeInner};
use std::fs;
use std::sync::OnceLock;
use wgloss::custom::{ElementScore, Leaf, Pointwise};
use wgloss::header::{Denominator, Header, OperandSpec, OptionSpec, Options, Role, Source, Value};
use wgloss::landscape::{Grid, Surface};
use wgloss::{Array, Gpu, Loss, Reduction, Term};

/// The most points in one upload.
const BATCH: usize = 1 << 20;

/// The leaf that calls the user's function. It is appended to the text of the user's file, whose lines thus keep their numbers.
const CALL: &str = "
fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    return ElementScore(f(v.x, v.y), vec4<f32>());
}
";

/// The function that the user's file has to define.
const SIGNATURE: &str = "fn f(x: f32, y: f32) -> f32 { ... }";

/// The header of the user's function. A run of the program has only one.
static HEADER: OnceLock<Header> = OnceLock::new();

/// The user's function as a loss. Only a GPU can evaluate it.
#[derive(Debug)]
struct Function(&'static Header);

impl Function {
    /// Reads the function `f(x: f32, y: f32) -> f32` from a file of WGSL.
    fn read(place: &str) -> Result<Function, Failure> {
        let text = fs::read_to_string(place).map_err(|error| Failure::Input(format!("{place}: {error}")))?;
        check(place, &text)?;
        let header = HEADER.get_or_init(|| Header {
            id: "function",
            title: "a function of two parameters",
            operands: const { &[OperandSpec::new("x", Role::Element), OperandSpec::new("y", Role::Element)] },
            reductions: Reduction::VALUES,
            mean: Denominator::Count,
            // a header lives as long as the program
            shader: Source { path: String::leak(place.into()), text: String::leak(text + CALL) },
            default: || Box::new(Function(HEADER.get().expect("a function is read before it is made"))),
        });
        Ok(Function(header))
    }
}

/// Refuses a text that does not compile, or does not define the function. The text is compiled alone, because a kernel adds a
/// prefix to its names, and errors would show names that its author did not write.
fn check(place: &str, text: &str) -> Result<(), Failure> {
    let refuse = |why: String| Failure::Input(why.trim_start_matches("error: ").trim_end().into());
    let module =
        naga::front::wgsl::parse_str(text).map_err(|error| refuse(error.emit_to_string_with_path(text, place)))?;
    let functions: Vec<_> = module.functions.iter().collect();
    let Some((handle, function)) = functions.iter().find(|(_, function)| function.name.as_deref() == Some("f")) else {
        let names: Vec<&str> = functions.iter().filter_map(|(_, function)| function.name.as_deref()).collect();
        let names = if names.is_empty() { "none".into() } else { names.join(", ") };
        return Err(refuse(format!(
            "{place}: defines no function `f`, expected `{SIGNATURE}`; its functions: {names}"
        )));
    };
    let is_f32 = |of: Handle<Type>| module.types[of].inner == TypeInner::Scalar(Scalar::F32);
    let takes = function.arguments.iter().all(|argument| is_f32(argument.ty)) && function.arguments.len() == 2;
    if !takes || !function.result.as_ref().is_some_and(|result| is_f32(result.ty)) {
        let line = module.functions.get_span(*handle).location(text).line_number;
        return Err(refuse(format!("{place}:{line}: `f` takes or returns something else, expected `{SIGNATURE}`")));
    }
    let validated = Validator::new(ValidationFlags::all(), Capabilities::all()).validate(&module);
    validated.map(drop).map_err(|error| refuse(error.emit_to_string_with_path(text, place)))
}

impl Options for Function {
    fn specs(&self) -> Vec<OptionSpec> {
        Vec::new()
    }
    fn values(&self) -> Vec<Value> {
        Vec::new()
    }
    fn set_at(&mut self, _: usize, _: &Value) -> bool {
        false
    }
}

impl Loss for Function {
    fn header(&self) -> &'static Header {
        self.0
    }
    fn leaf(&self) -> Leaf<'_> {
        Leaf::Pointwise(self)
    }
}

impl Pointwise for Function {
    fn score(&self, _: [f64; 4], _: [f64; 3]) -> ElementScore {
        ElementScore { loss: f64::NAN, ..ElementScore::default() }
    }
}

/// Evaluates the function in a file over a grid.
pub fn surface(place: &str, grid: &Grid) -> Result<Surface, Failure> {
    let Function(header) = Function::read(place)?;
    let gpu = Gpu::new()?;
    let values = |points: &[[f32; 2]]| {
        let [x, y]: [Array; 2] = himmelblau::operands(points)?;
        let term = Term::new(Function(header), [("x", &x), ("y", &y)]).reduce(Reduction::None);
        Ok(gpu.value(&term)?.tensor().read().wait()?.to_f32())
    };
    grid.surface(BATCH, values)
}
