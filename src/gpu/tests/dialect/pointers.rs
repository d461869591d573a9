//! Arguments that point into the same variable: browsers refuse what a function writes through one and reads through another.

use super::code::{Code, Finding, each_statement};
use naga::Statement;

/// Every call with two pointers into one variable.
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
