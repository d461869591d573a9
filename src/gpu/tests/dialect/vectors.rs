//! Refuses reads and writes of a vector at an index that is known only at run time.
//!
//! FXC refuses such a write. It compiles such a read to a product with a row of the identity matrix, so one NaN or
//! infinity makes every component NaN. All compilers take arrays and the functions of `lib/component`.

use super::code::{Code, Finding};
use naga::{Expression, TypeInner};

/// Finds every access to a component of a vector, or to a column of a matrix, at a computed index.
pub fn findings(code: &Code<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for body in &code.bodies {
        for (expression, known) in body.expressions().iter() {
            let Expression::Access { base, .. } = *known else { continue };
            let inner = match *body.type_of(base, code.module) {
                TypeInner::Pointer { base, .. } => &code.module.types[base].inner,
                ref other => other,
            };
            let vector = matches!(
                inner,
                TypeInner::Vector { .. } | TypeInner::Matrix { .. } | TypeInner::ValuePointer { size: Some(_), .. }
            );
            if vector {
                found.push(Finding::new(body.span(expression), "a vector at an index known only at run time"));
            }
        }
    }
    found
}
