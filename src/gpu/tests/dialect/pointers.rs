//! Refuses two arguments that point into one variable. Browsers refuse a function that writes through one and reads
//! through the other.

use super::code::{Code, Finding, each_statement};
use naga::Statement;

/// Finds every call with two pointers into one variable.
pub fn findings(code: &Code<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for body in &code.bodies {
        each_statement(&body.function.body, &mut |statement| {
            let Statement::Call { arguments, .. } = statement else { return };
            let pointers =
                arguments.iter().filter(|&&argument| body.type_of(argument, code.module).pointer_space().is_some());
            let mut roots: Vec<_> = pointers.map(|&argument| (argument, body.root(argument))).collect();
            while let Some((argument, root)) = roots.pop() {
                if root.is_some() && roots.iter().any(|(_, other)| *other == root) {
                    found.push(Finding::new(body.span(argument), "two arguments that point into one variable"));
                }
            }
        });
    }
    found
}
