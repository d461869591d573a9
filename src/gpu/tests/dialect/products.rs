//! Refuses products of three or more factors if one is an option, a weight, a coefficient or an upstream gradient.
//!
//! Such a factor may be 0, to leave something out. A compiler that treats floats as real numbers may multiply the other
//! two first. If they overflow to infinity, 0 times infinity is NaN. The functions `part_of` and `product` of
//! `lib/math` handle a factor of 0 in a `select`, so that compilers cannot reorder factors across them.

use super::code::{Body, Code, Finding, Root, each_statement};
use naga::{BinaryOperator, Expression, Handle, Literal, Statement, UnaryOperator};
use std::collections::BTreeSet;

/// The shader functions that return such a factor.
const FACTORS: &[&str] =
    &["option", "weight_at", "class_weight_at", "upstream_at", "scales", "fused_scales", "part_of", "product"];

/// The parameters that are such factors.
const PARAMETERS: &[&str] = &["factor", "weight", "fused_factor", "fused_weight"];

/// Finds every product of three or more factors with such a factor.
pub fn findings(code: &Code<'_>) -> Vec<Finding> {
    let mut chosen = Chosen { code, arguments: BTreeSet::new() };
    // callers come after the functions that they call, so callers go first here
    for place in (0..code.bodies.len()).rev() {
        chosen.pass_on(place);
    }
    (0..code.bodies.len()).flat_map(|place| chosen.products(place)).collect()
}

/// What is known to be such a factor.
struct Chosen<'a> {
    code: &'a Code<'a>,
    /// The arguments that are such factors in some call: the function's index, and the argument's.
    arguments: BTreeSet<(usize, u32)>,
}

/// A function, with its variables that hold such a factor.
struct Function<'a> {
    place: usize,
    body: Body<'a>,
    variables: BTreeSet<Handle<naga::LocalVariable>>,
}

impl<'a> Chosen<'a> {
    fn function(&self, place: usize) -> Function<'a> {
        let body = self.code.bodies[place];
        let inits = body.function.local_variables.iter().filter_map(|(local, variable)| Some((local, variable.init?)));
        let mut stored: Vec<_> = inits.collect();
        each_statement(&body.function.body, &mut |statement| {
            if let Statement::Store { pointer, value } = statement
                && let Some(Root::Local(local)) = body.root(*pointer)
            {
                stored.push((local, *value));
            }
        });
        let mut function = Function { place, body, variables: BTreeSet::new() };
        loop {
            let known = function.variables.len();
            let chosen = stored.iter().filter(|(_, value)| self.is_chosen(&function, *value)).map(|(local, _)| *local);
            let chosen: Vec<_> = chosen.collect();
            function.variables.extend(chosen);
            if function.variables.len() == known {
                return function;
            }
        }
    }

    /// Notes which arguments are such factors in the calls that a function makes.
    fn pass_on(&mut self, place: usize) {
        let function = self.function(place);
        let mut passed = Vec::new();
        each_statement(&function.body.function.body, &mut |statement| {
            if let Statement::Call { function: called, arguments, .. } = statement {
                let given = arguments.iter().enumerate().filter(|(_, argument)| self.is_chosen(&function, **argument));
                passed.extend(given.map(|(argument, _)| (called.index(), argument as u32)));
            }
        });
        self.arguments.extend(passed);
    }

    fn products(&self, place: usize) -> Vec<Finding> {
        let function = self.function(place);
        let body = function.body;
        let products: Vec<_> = body
            .expressions()
            .iter()
            .map(|(product, _)| product)
            .filter(|product| is_product(body, *product))
            .collect();
        // a product within a product is checked once, as part of the whole
        let within: BTreeSet<_> = products.iter().flat_map(|product| direct(body, *product)).collect();
        let whole = products.into_iter().filter(|product| !within.contains(product));
        let refused = whole.filter(|product| {
            let mut factors = Vec::new();
            split(body, *product, &mut factors);
            factors.len() > 2 && factors.iter().any(|factor| self.is_chosen(&function, *factor))
        });
        let why =
            "a product of three with an option, weight or upstream gradient, which part_of or product should make";
        refused.map(|product| Finding::new(body.span(product), why)).collect()
    }

    /// Whether an expression is a number that users choose, or a constant minus such a number.
    fn is_chosen(&self, function: &Function<'_>, expression: Handle<Expression>) -> bool {
        let chosen = |expression| self.is_chosen(function, expression);
        match function.body.expressions()[expression] {
            Expression::CallResult(called) => {
                let name = self.code.body(called).function.name.as_deref();
                name.is_some_and(|name| FACTORS.contains(&name))
            }
            Expression::FunctionArgument(argument) => self.arguments.contains(&(function.place, argument)),
            Expression::Load { pointer } => match function.body.root(pointer) {
                Some(Root::Local(local)) => function.variables.contains(&local),
                _ => self.is_parameter(function.body, pointer),
            },
            Expression::Binary { op: BinaryOperator::Subtract, left, right } => {
                matches!(function.body.expressions()[left], Expression::Literal(_)) && chosen(right)
            }
            Expression::Select { accept, reject, .. } => chosen(accept) || chosen(reject),
            Expression::Unary { expr, .. } => chosen(expr),
            Expression::Splat { value, .. } => chosen(value),
            Expression::AccessIndex { base, .. } => chosen(base),
            _ => false,
        }
    }

    /// Whether a pointer points to a parameter that users choose.
    fn is_parameter(&self, body: Body<'_>, pointer: Handle<Expression>) -> bool {
        let Expression::AccessIndex { base, index } = body.expressions()[pointer] else { return false };
        let Expression::GlobalVariable(global) = body.expressions()[base] else { return false };
        let variable = &self.code.module.global_variables[global];
        match &self.code.module.types[variable.ty].inner {
            naga::TypeInner::Struct { members, .. } => {
                members[index as usize].name.as_deref().is_some_and(|name| PARAMETERS.contains(&name))
            }
            _ => false,
        }
    }
}

fn is_product(body: Body<'_>, expression: Handle<Expression>) -> bool {
    matches!(body.expressions()[expression], Expression::Binary { op: BinaryOperator::Multiply, .. })
}

/// The factors of a product that are products themselves.
fn direct(body: Body<'_>, product: Handle<Expression>) -> Vec<Handle<Expression>> {
    let Expression::Binary { left, right, .. } = body.expressions()[product] else { return Vec::new() };
    [left, right].map(|side| bare(body, side)).into_iter().filter(|side| is_product(body, *side)).collect()
}

/// An expression without its sign, and without a splat to a vector.
fn bare(body: Body<'_>, expression: Handle<Expression>) -> Handle<Expression> {
    match body.expressions()[expression] {
        Expression::Unary { op: UnaryOperator::Negate, expr } => bare(body, expr),
        Expression::Splat { value, .. } => bare(body, value),
        _ => expression,
    }
}

/// Collects the factors of a product, except constants.
fn split(body: Body<'_>, expression: Handle<Expression>, into: &mut Vec<Handle<Expression>>) {
    let expression = bare(body, expression);
    match body.expressions()[expression] {
        Expression::Binary { op: BinaryOperator::Multiply, left, right } => {
            split(body, left, into);
            split(body, right, into);
        }
        _ if !is_constant(body, expression) => into.push(expression),
        _ => {}
    }
}

fn is_constant(body: Body<'_>, expression: Handle<Expression>) -> bool {
    match body.expressions()[expression] {
        Expression::Literal(Literal::F32(_)) | Expression::Constant(_) => true,
        Expression::Select { accept, reject, .. } => is_constant(body, accept) && is_constant(body, reject),
        _ => false,
    }
}
