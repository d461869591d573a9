//! Refuses many branches that rejoin one after another in a loop, because SwiftShader's compile time doubles with each.
//!
//! For each loop its compiler searches which blocks reach which. The search continues from a block once for every
//! shortest way to it. A branch with two sides of equal length doubles the ways to everything after it. An `if` without
//! `else` does not, because the way around it is shorter. So this rule counts the shortest ways to each block, with
//! calls inlined.

use super::code::{Body, Code, Finding};
use naga::{BinaryOperator, Block, Expression, Handle, Literal, Span, Statement};

/// The most doublings that a loop may have. The search of 2^16 ways still costs next to nothing.
const MOST: f64 = 16.0;

/// The shortest ways to a block: their length, and the base-2 logarithm of their number.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Ways {
    length: u32,
    doublings: f64,
}

impl Ways {
    const START: Ways = Ways { length: 0, doublings: 0.0 };

    fn step(self) -> Ways {
        Ways { length: self.length + 1, ..self }
    }

    fn after(self, first: Ways) -> Ways {
        Ways { length: first.length + self.length, doublings: first.doublings + self.doublings }
    }

    /// All ways to a block that two sides lead to. Only the shorter ways count.
    fn or(self, other: Ways) -> Ways {
        if self.length != other.length {
            return if self.length < other.length { self } else { other };
        }
        let more = self.doublings.max(other.doublings);
        let fewer = self.doublings.min(other.doublings);
        Ways { doublings: more + (fewer - more).exp2().ln_1p() / std::f64::consts::LN_2, ..self }
    }
}

fn either(a: Option<Ways>, b: Option<Ways>) -> Option<Ways> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.or(b)),
        (one, other) => one.or(other),
    }
}

/// What a call adds to the ways: `through` to the end of the called function, `most` to its block that most ways reach.
#[derive(Clone, Copy)]
struct Passed {
    through: Ways,
    most: f64,
}

/// Finds loops with too many doublings, and every `&&` and `||`, which naga turns into two sides of equal length.
pub fn findings(code: &Code<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut functions: Vec<Passed> = Vec::new();
    for body in &code.bodies {
        let mut count = Count::new(*body, &functions);
        let through = count.block(&body.function.body, Some(Ways::START));
        let through = either(through, count.returned).unwrap_or(Ways::START);
        let most = count.most.0;
        found.append(&mut count.found);
        functions.push(Passed { through, most });
    }
    found
}

struct Count<'a> {
    body: Body<'a>,
    /// The earlier functions. A function can only call these.
    functions: &'a [Passed],
    returned: Option<Ways>,
    broken: Option<Ways>,
    continued: Option<Ways>,
    /// The most doublings on the ways to any block, and where that block is.
    most: (f64, Span),
    found: Vec<Finding>,
}

impl<'a> Count<'a> {
    fn new(body: Body<'a>, functions: &'a [Passed]) -> Count<'a> {
        let most = (0.0, Span::default());
        Count { body, functions, returned: None, broken: None, continued: None, most, found: Vec::new() }
    }

    /// The ways past a block, or `None` if it never ends normally.
    fn block(&mut self, block: &Block, mut ways: Option<Ways>) -> Option<Ways> {
        for (statement, span) in block.span_iter() {
            ways = self.statement(statement, *span, ways?);
        }
        ways
    }

    fn statement(&mut self, statement: &Statement, span: Span, ways: Ways) -> Option<Ways> {
        let after = match statement {
            Statement::Block(block) => self.block(block, Some(ways)),
            Statement::Call { function, .. } => {
                let Passed { through, most } = self.functions[function.index()];
                self.reach(ways.doublings + most, span);
                Some(through.after(ways))
            }
            Statement::If { condition, accept, reject } => {
                if self.is_short_circuit(reject) {
                    self.found.push(Finding::new(span, "&& or ||, which naga turns into a branch; use & or |"));
                }
                match self.constant(*condition) {
                    Some(true) => self.block(accept, Some(ways)),
                    Some(false) => self.block(reject, Some(ways)),
                    None => self.sides(&[accept, reject], ways),
                }
            }
            Statement::Switch { cases, .. } => {
                let sides: Vec<&Block> = cases.iter().map(|case| &case.body).collect();
                self.sides(&sides, ways)
            }
            Statement::Loop { body, continuing, .. } => {
                self.look_at_loop(body, continuing);
                self.go_round(body, continuing, ways)
            }
            Statement::Return { .. } => {
                self.returned = either(self.returned, Some(ways.step()));
                None
            }
            Statement::Break => {
                self.broken = either(self.broken, Some(ways.step()));
                None
            }
            Statement::Continue => {
                self.continued = either(self.continued, Some(ways.step()));
                None
            }
            _ => Some(ways),
        };
        self.reach(after.map_or(0.0, |after| after.doublings), span);
        after
    }

    fn reach(&mut self, doublings: f64, span: Span) {
        if doublings > self.most.0 {
            self.most = (doublings, span);
        }
    }

    fn sides(&mut self, sides: &[&Block], ways: Ways) -> Option<Ways> {
        let ends = sides.iter().map(|side| match side.is_empty() {
            // an empty side is the block where the sides rejoin
            true => Some(ways.step()),
            false => self.block(side, Some(ways.step())).map(Ways::step),
        });
        ends.collect::<Vec<_>>().into_iter().reduce(either).flatten()
    }

    /// The ways past a loop.
    fn go_round(&mut self, body: &Block, continuing: &Block, ways: Ways) -> Option<Ways> {
        let outside = (self.broken.take(), self.continued.take());
        let end = self.block(body, Some(ways.step().step()));
        let end = either(end, self.continued);
        self.block(continuing, end.map(Ways::step));
        let broken = std::mem::replace(&mut self.broken, outside.0);
        self.continued = outside.1;
        broken
    }

    /// Counts the ways from a loop's head, as the compiler's search does.
    fn look_at_loop(&mut self, body: &Block, continuing: &Block) {
        let mut count = Count::new(self.body, self.functions);
        count.go_round(body, continuing, Ways::START);
        let (doublings, at) = count.most;
        if doublings > MOST {
            let why = format!("2^{doublings:.0} shortest ways through branches that rejoin in a loop");
            self.found.push(Finding::new(at, why));
        }
    }

    /// The value of a condition, if the values of overrides decide it.
    fn constant(&self, condition: Handle<Expression>) -> Option<bool> {
        match self.body.expressions()[condition] {
            Expression::Literal(Literal::Bool(known)) => Some(known),
            Expression::Binary { op: BinaryOperator::InclusiveOr, left, right } => {
                [left, right].into_iter().find_map(|side| self.constant(side).filter(|known| *known))
            }
            _ => None,
        }
    }

    /// naga writes `a && b` as a nameless variable: `if a { it = b; } else { it = false; }`.
    fn is_short_circuit(&self, reject: &Block) -> bool {
        let [Statement::Store { pointer, value }] = reject[..] else { return false };
        let Expression::LocalVariable(local) = self.body.expressions()[pointer] else { return false };
        self.body.function.local_variables[local].name.is_none() && self.constant(value).is_some()
    }
}
