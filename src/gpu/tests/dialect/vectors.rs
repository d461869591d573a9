//! Vectors read or written at an index that is known only at run time.
//!
//! FXC refuses such a write, and makes of such a read a product with a row of the identity, in which one NaN or infinity
//! makes NaN of every component. Arrays, and the functions of `lib/component`, are taken by all.

use super::code::{Code, Finding};
use naga::{Expression, TypeInner};

/// Every access to a component of a vector, or to a column of a matrix, by a value.
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
