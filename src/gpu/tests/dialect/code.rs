//! A module as the rules see it: its functions, the operands of expressions, and the variables that pointers point into.

use naga::valid::{FunctionInfo, ModuleInfo};
use naga::{Arena, Block, Expression, Function, Handle, Module, Span, Statement, TypeInner};

/// A place in a module that breaks a rule.
#[derive(Clone, Debug)]
pub struct Finding {
    pub span: Span,
    pub why: String,
}

impl Finding {
    pub fn new(span: Span, why: impl Into<String>) -> Finding {
        Finding { span, why: why.into() }
    }
}

/// A function, or the entry point.
#[derive(Clone, Copy)]
pub struct Body<'a> {
    pub function: &'a Function,
    pub info: &'a FunctionInfo,
    pub is_entry: bool,
}

/// A validated module.
pub struct Code<'a> {
    pub module: &'a Module,
    /// The functions by index; the entry point comes last.
    pub bodies: Vec<Body<'a>>,
}

/// The variable that a pointer points into.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Root {
    Global(Handle<naga::GlobalVariable>),
    Local(Handle<naga::LocalVariable>),
    Argument(u32),
}

impl<'a> Code<'a> {
    pub fn new(module: &'a Module, info: &'a ModuleInfo) -> Code<'a> {
        let functions = module.functions.iter();
        let bodies = functions.map(|(handle, function)| Body { function, info: &info[handle], is_entry: false });
        let entries = module.entry_points.iter().enumerate();
        let entries = entries.map(|(place, entry)| Body {
            function: &entry.function,
            info: info.get_entry_point(place),
            is_entry: true,
        });
        Code { module, bodies: bodies.chain(entries).collect() }
    }

    /// The function that a call calls.
    pub fn body(&self, called: Handle<Function>) -> Body<'a> {
        self.bodies[called.index()]
    }
}

impl<'a> Body<'a> {
    pub fn expressions(&self) -> &'a Arena<Expression> {
        &self.function.expressions
    }

    pub fn span(&self, expression: Handle<Expression>) -> Span {
        self.function.expressions.get_span(expression)
    }

    /// An expression's type.
    pub fn type_of<'m>(&'m self, expression: Handle<Expression>, module: &'m Module) -> &'m TypeInner {
        self.info[expression].ty.inner_with(&module.types)
    }

    /// The variable that a pointer points into, or `None` for a value.
    pub fn root(&self, pointer: Handle<Expression>) -> Option<Root> {
        match self.function.expressions[pointer] {
            Expression::GlobalVariable(global) => Some(Root::Global(global)),
            Expression::LocalVariable(local) => Some(Root::Local(local)),
            Expression::FunctionArgument(place) => Some(Root::Argument(place)),
            Expression::Access { base, .. } | Expression::AccessIndex { base, .. } => self.root(base),
            _ => None,
        }
    }
}

/// The expressions that an expression reads.
pub fn operands(expression: &Expression) -> Vec<Handle<Expression>> {
    match *expression {
        Expression::Access { base, index } => vec![base, index],
        Expression::AccessIndex { base, .. } => vec![base],
        Expression::Splat { value, .. } => vec![value],
        Expression::Swizzle { vector, .. } => vec![vector],
        Expression::Compose { ref components, .. } => components.clone(),
        Expression::Load { pointer } => vec![pointer],
        Expression::Unary { expr, .. } | Expression::As { expr, .. } => vec![expr],
        Expression::Binary { left, right, .. } => vec![left, right],
        Expression::Select { condition, accept, reject } => vec![condition, accept, reject],
        Expression::Relational { argument, .. } => vec![argument],
        Expression::Math { arg, arg1, arg2, arg3, .. } => [Some(arg), arg1, arg2, arg3].into_iter().flatten().collect(),
        Expression::ArrayLength(array) => vec![array],
        _ => Vec::new(),
    }
}

/// Calls `see` with each statement of a block, nested ones included.
pub fn each_statement(block: &Block, see: &mut dyn FnMut(&Statement)) {
    for statement in block {
        see(statement);
        match statement {
            Statement::Block(block) => each_statement(block, see),
            Statement::If { accept, reject, .. } => {
                each_statement(accept, see);
                each_statement(reject, see);
            }
            Statement::Switch { cases, .. } => cases.iter().for_each(|case| each_statement(&case.body, see)),
            Statement::Loop { body, continuing, .. } => {
                each_statement(body, see);
                each_statement(continuing, see);
            }
            _ => {}
        }
    }
}
