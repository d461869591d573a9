//! Loops with a barrier. FXC takes them only if they count up to a bound that is read before the loop.

use super::code::{Body, Code, Root, each_statement, operands};
use naga::{BinaryOperator, Block, Expression, Handle, Statement};
use std::collections::BTreeSet;

/// Whether a block, or a function that it calls, has a barrier.
pub fn holds_barrier(code: &Code<'_>, block: &Block) -> bool {
    let mut holds = false;
    each_statement(block, &mut |statement| {
        holds |= match statement {
            Statement::ControlBarrier(_) | Statement::MemoryBarrier(_) | Statement::WorkGroupUniformLoad { .. } => true,
            Statement::Call { function, .. } => holds_barrier(code, &code.body(*function).function.body),
            _ => false,
        };
    });
    holds
}

/// Checks that a loop adds the same number to a counter each time, until it reaches a bound that is read before the
/// loop. The error says what is wrong.
pub fn counts_plainly(body: Body<'_>, block: &Block, continuing: &Block) -> Result<(), &'static str> {
    let expressions = body.expressions();
    // naga writes a loop's condition as a `break` at its head
    let condition = block.iter().find_map(|statement| match statement {
        Statement::If { condition, accept, reject }
            if accept.is_empty() && matches!(reject[..], [Statement::Break]) =>
        {
            Some(&expressions[*condition])
        }
        _ => None,
    });
    let Some(&Expression::Binary { op: BinaryOperator::Less, left, right: bound }) = condition else {
        return Err("that does not count up to below a bound");
    };
    let local = |expression: Handle<Expression>| match expressions[expression] {
        Expression::Load { pointer } => body.root(pointer).filter(|root| matches!(root, Root::Local(_))),
        _ => None,
    };
    let Some(counter) = local(left) else {
        return Err("that compares something else than its counter");
    };
    let inside = computed(block).union(&computed(continuing)).copied().collect();
    if reads_again(body, bound, &inside) {
        return Err("whose bound is read again each time");
    }
    let of_counter =
        |block| stores(block).filter(|(pointer, _)| body.root(*pointer) == Some(counter)).collect::<Vec<_>>();
    let plain = |value: Handle<Expression>| match expressions[value] {
        Expression::Binary { op: BinaryOperator::Add, left, right } => {
            local(left) == Some(counter) && !reads_again(body, right, &inside)
        }
        _ => false,
    };
    match (&of_counter(block)[..], &of_counter(continuing)[..]) {
        ([], [(_, value)]) if plain(*value) => Ok(()),
        _ => Err("whose counter is more than added to"),
    }
}

/// Whether an expression contains a load or a call that every iteration repeats.
fn reads_again(body: Body<'_>, expression: Handle<Expression>, inside: &BTreeSet<Handle<Expression>>) -> bool {
    let known = &body.expressions()[expression];
    let reads = matches!(known, Expression::Load { .. } | Expression::CallResult(_));
    (reads && inside.contains(&expression))
        || operands(known).into_iter().any(|operand| reads_again(body, operand, inside))
}

/// The expressions that a block computes.
fn computed(block: &Block) -> BTreeSet<Handle<Expression>> {
    let mut computed = BTreeSet::new();
    each_statement(block, &mut |statement| match statement {
        Statement::Emit(range) => computed.extend(range.clone()),
        Statement::Call { result, .. } => computed.extend(*result),
        _ => {}
    });
    computed
}

/// The stores of a block: pointer and value.
fn stores(block: &Block) -> impl Iterator<Item = (Handle<Expression>, Handle<Expression>)> {
    let mut stores = Vec::new();
    each_statement(block, &mut |statement| {
        if let Statement::Store { pointer, value } = statement {
            stores.push((*pointer, *value));
        }
    });
    stores.into_iter()
}
