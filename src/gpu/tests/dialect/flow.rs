//! Finds which invocations of a workgroup reach a statement. Refuses a barrier that some may not reach, and a read of a
//! workgroup variable that may not have been written.
//!
//! The analysis follows calls from the entry point, with what is known about their arguments.

use super::code::{Body, Code, Finding, Root, operands};
use super::loops::{counts_plainly, holds_barrier};
use naga::{AddressSpace, Binding, Block, BuiltIn, Expression, Function, GlobalVariable, Handle, Span, Statement};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The inputs that a value depends on. The higher the level, the more the value may differ between invocations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Level {
    /// Parameters, overrides and the workgroup's index.
    Uniform,
    /// Also the invocation's index.
    Lane,
    /// Also the contents of memory.
    Data,
}

use Level::{Data, Lane, Uniform};

/// A function's index, the levels of its arguments, and the level of the condition under which it is called.
type Call = (usize, Vec<Level>, Level);

/// What is known about a call.
#[derive(Clone, Debug, PartialEq)]
struct Known {
    locals: Vec<Level>,
    /// For each loop, by its offset in the text, the level of the conditions under which invocations leave the loop or end
    /// an iteration early.
    exits: BTreeMap<usize, Level>,
    returned: Level,
    /// The level of what is stored through each argument that is a pointer.
    stored: Vec<Level>,
}

/// The findings of both rules.
pub fn findings(code: &Code<'_>) -> Vec<Finding> {
    let Some(entry) = code.bodies.iter().rposition(|body| body.is_entry) else { return Vec::new() };
    let mut flow = Flow { code, known: HashMap::new(), written: BTreeSet::new(), found: Vec::new(), collects: false };
    let arguments = code.bodies[entry].function.arguments.iter();
    let arguments = arguments.map(|argument| match argument.binding {
        Some(Binding::BuiltIn(BuiltIn::WorkGroupId | BuiltIn::NumWorkGroups | BuiltIn::WorkGroupSize)) => Uniform,
        _ => Lane,
    });
    flow.collect(&(entry, arguments.collect(), Uniform));
    flow.found
}

fn raise(level: &mut Level, to: Level) {
    *level = to.max(*level);
}

struct Flow<'a> {
    code: &'a Code<'a>,
    known: HashMap<Call, Known>,
    /// The workgroup variables that have certainly been written.
    written: BTreeSet<Handle<GlobalVariable>>,
    found: Vec<Finding>,
    /// Whether findings are kept. They are once levels have settled.
    collects: bool,
}

/// A walk through a called function.
struct Walk<'a> {
    body: Body<'a>,
    arguments: Vec<Level>,
    known: Known,
    levels: Vec<Option<Level>>,
    /// The levels of the values that calls have returned.
    results: HashMap<Handle<Expression>, Level>,
    /// The loops around the current statement, the innermost last.
    loops: Vec<usize>,
    /// The level of the conditions under which invocations have returned.
    left: Level,
}

impl<'a> Flow<'a> {
    /// Walks through a call again and again, until its levels stop rising.
    fn settle(&mut self, call: &Call) -> Known {
        if let Some(known) = self.known.get(call) {
            return known.clone();
        }
        let collects = std::mem::replace(&mut self.collects, false);
        let function = self.code.bodies[call.0].function;
        let mut known = Known {
            locals: vec![Uniform; function.local_variables.len()],
            exits: BTreeMap::new(),
            returned: Uniform,
            stored: vec![Uniform; function.arguments.len()],
        };
        loop {
            let again = self.go_through(call, known.clone());
            if again == known {
                break;
            }
            known = again;
        }
        self.collects = collects;
        self.known.insert(call.clone(), known.clone());
        known
    }

    /// Walks through a call once more, with settled levels, and keeps what it finds.
    fn collect(&mut self, call: &Call) -> Known {
        let known = self.settle(call);
        self.collects = true;
        self.go_through(call, known)
    }

    fn go_through(&mut self, (place, arguments, flow): &Call, known: Known) -> Known {
        let body = self.code.bodies[*place];
        let mut walk = Walk {
            body,
            arguments: arguments.clone(),
            known,
            levels: vec![None; body.function.expressions.len()],
            results: HashMap::new(),
            loops: Vec::new(),
            left: Uniform,
        };
        for (local, variable) in body.function.local_variables.iter() {
            let level = variable.init.map_or(Uniform, |init| walk.level(self.code, init));
            walk.raise_local(local.index(), level);
        }
        self.block(&mut walk, &body.function.body, *flow);
        walk.known
    }

    /// Walks through a block that is reached under a condition of the level `flow`.
    fn block(&mut self, walk: &mut Walk<'a>, block: &'a Block, flow: Level) {
        for (statement, span) in block.span_iter() {
            // levels of locals may have been raised
            walk.levels.fill(None);
            self.statement(walk, statement, *span, flow.max(walk.left));
        }
    }

    fn statement(&mut self, walk: &mut Walk<'a>, statement: &'a Statement, span: Span, flow: Level) {
        match statement {
            Statement::Emit(range) => {
                for expression in range.clone() {
                    if let Expression::Load { pointer } = walk.body.expressions()[expression] {
                        self.read(walk, pointer, walk.body.span(expression));
                    }
                }
            }
            Statement::Block(block) => self.block(walk, block, flow),
            Statement::If { condition, accept, reject } => {
                let inside = flow.max(walk.level(self.code, *condition));
                self.sides(walk, &[accept, reject], inside);
            }
            Statement::Switch { selector, cases } => {
                let inside = flow.max(walk.level(self.code, *selector));
                let sides: Vec<&Block> = cases.iter().map(|case| &case.body).collect();
                self.sides(walk, &sides, inside);
            }
            Statement::Loop { body, continuing, break_if } => {
                self.go_round(walk, (body, continuing, *break_if), span, flow);
            }
            Statement::Break | Statement::Continue => {
                if let Some(innermost) = walk.loops.last() {
                    raise(walk.known.exits.entry(*innermost).or_insert(Uniform), flow);
                }
            }
            Statement::Return { value } => {
                let value = value.map_or(Uniform, |value| walk.level(self.code, value));
                raise(&mut walk.known.returned, value.max(flow));
                raise(&mut walk.left, flow);
                for place in &walk.loops {
                    raise(walk.known.exits.entry(*place).or_insert(Uniform), flow);
                }
            }
            Statement::ControlBarrier(_) | Statement::MemoryBarrier(_) => self.barrier(span, flow),
            Statement::WorkGroupUniformLoad { pointer, .. } => {
                self.barrier(span, flow);
                self.read(walk, *pointer, span);
            }
            Statement::Store { pointer, value } => {
                let level = flow.max(walk.level(self.code, *value)).max(walk.level(self.code, *pointer));
                self.write(walk, *pointer, level, flow);
            }
            Statement::Atomic { pointer, .. } => self.read(walk, *pointer, span),
            Statement::Call { function, arguments, result } => {
                let returned = self.call(walk, *function, arguments, flow);
                walk.results.extend(result.map(|result| (result, returned)));
            }
            _ => {}
        }
    }

    /// Walks through the sides of a condition. If memory decides, only a variable that all sides write has certainly
    /// been written. Otherwise one side is enough, as in `if lane == 0u`.
    fn sides(&mut self, walk: &mut Walk<'a>, sides: &[&'a Block], inside: Level) {
        let before = self.written.clone();
        let mut written: Option<BTreeSet<_>> = None;
        for side in sides {
            self.written = before.clone();
            self.block(walk, side, inside);
            let by_side = std::mem::take(&mut self.written);
            written = Some(match written {
                None => by_side,
                Some(known) if inside == Data => known.intersection(&by_side).copied().collect(),
                Some(known) => known.union(&by_side).copied().collect(),
            });
        }
        self.written = written.unwrap_or(before);
    }

    fn go_round(
        &mut self,
        walk: &mut Walk<'a>,
        (body, continuing, break_if): (&'a Block, &'a Block, Option<Handle<Expression>>),
        span: Span,
        flow: Level,
    ) {
        if self.collects && holds_barrier(self.code, body) {
            let counted = counts_plainly(walk.body, body, continuing);
            self.found.extend(counted.err().map(|why| Finding::new(span, format!("a barrier in a loop {why}"))));
        }
        let place = span.to_range().unwrap_or_default().start;
        let inside = flow.max(walk.known.exits.get(&place).copied().unwrap_or(Uniform));
        let before = self.written.clone();
        walk.loops.push(place);
        self.block(walk, body, inside);
        self.block(walk, continuing, inside);
        walk.loops.pop();
        if inside == Data {
            // the loop may have no iteration
            self.written = before;
        }
        if let Some(break_if) = break_if {
            let level = flow.max(walk.level(self.code, break_if));
            raise(walk.known.exits.entry(place).or_insert(Uniform), level);
        }
    }

    fn barrier(&mut self, span: Span, flow: Level) {
        if self.collects && flow > Uniform {
            self.found.push(Finding::new(span, "a barrier that not all invocations may reach"));
        }
    }

    /// Walks through a called function. Returns the level of the value that the function returns.
    fn call(
        &mut self,
        walk: &mut Walk<'a>,
        function: Handle<Function>,
        arguments: &[Handle<Expression>],
        flow: Level,
    ) -> Level {
        let levels = arguments.iter().map(|&argument| match walk.body.root(argument) {
            Some(root) if walk.is_pointer(self.code, argument) => walk.held(self.code, root),
            _ => walk.level(self.code, argument),
        });
        let call = (function.index(), levels.collect(), flow);
        let known = if self.collects { self.collect(&call) } else { self.settle(&call) };
        for (&argument, stored) in arguments.iter().zip(known.stored) {
            if walk.is_pointer(self.code, argument) {
                self.write(walk, argument, stored, flow);
            }
        }
        known.returned
    }

    /// Finds a read of a workgroup variable that may not have been written yet, and so may hold what an earlier workgroup left.
    fn read(&mut self, walk: &Walk<'a>, pointer: Handle<Expression>, span: Span) {
        let Some(Root::Global(global)) = walk.body.root(pointer) else { return };
        let variable = &self.code.module.global_variables[global];
        if self.collects && variable.space == AddressSpace::WorkGroup && !self.written.contains(&global) {
            let name = variable.name.as_deref().unwrap_or("a variable");
            self.found.push(Finding::new(span, format!("{name} of workgroup memory may be read before it is written")));
        }
    }

    fn write(&mut self, walk: &mut Walk<'a>, pointer: Handle<Expression>, level: Level, flow: Level) {
        match walk.body.root(pointer) {
            Some(Root::Local(local)) => walk.raise_local(local.index(), level),
            Some(Root::Argument(place)) => {
                raise(&mut walk.known.stored[place as usize], level);
                raise(&mut walk.arguments[place as usize], level);
            }
            Some(Root::Global(global)) if flow < Data => {
                self.written.insert(global);
            }
            _ => {}
        }
    }
}

impl Walk<'_> {
    fn raise_local(&mut self, place: usize, level: Level) {
        raise(&mut self.known.locals[place], level);
    }

    fn is_pointer(&self, code: &Code<'_>, expression: Handle<Expression>) -> bool {
        self.body.type_of(expression, code.module).pointer_space().is_some()
    }

    /// The level of a variable's contents.
    fn held(&self, code: &Code<'_>, root: Root) -> Level {
        match root {
            Root::Local(local) => self.known.locals[local.index()],
            Root::Argument(place) => self.arguments[place as usize],
            Root::Global(global) if code.module.global_variables[global].space == AddressSpace::Uniform => Uniform,
            Root::Global(_) => Data,
        }
    }

    fn level(&mut self, code: &Code<'_>, expression: Handle<Expression>) -> Level {
        if let Some(level) = self.levels[expression.index()] {
            return level;
        }
        let level = match self.body.expressions()[expression] {
            Expression::FunctionArgument(place) => self.arguments[place as usize],
            Expression::CallResult(_) => self.results.get(&expression).copied().unwrap_or(Uniform),
            Expression::AtomicResult { .. }
            | Expression::SubgroupBallotResult
            | Expression::SubgroupOperationResult { .. } => Data,
            Expression::Load { pointer } => {
                let held = self.body.root(pointer).map_or(Data, |root| self.held(code, root));
                held.max(self.level(code, pointer))
            }
            ref other => {
                let operands = operands(other);
                operands.into_iter().map(|operand| self.level(code, operand)).max().unwrap_or(Uniform)
            }
        };
        self.levels[expression.index()] = Some(level);
        level
    }
}
