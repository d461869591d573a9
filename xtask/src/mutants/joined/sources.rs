//! Joins faults of sources. `crate::planted(number)` says whether the fault with this number is on.

use super::Joined;
use crate::mutants::rules::Mutant;
use std::ops::Range;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// The function that joined sources call to ask whether a fault is on. It belongs at the end of the library's root file.
pub const PLANTED: &str = "
/// Whether this fault is on.
pub(crate) fn planted(number: u32) -> bool {
    static ON: std::sync::OnceLock<Option<u32>> = std::sync::OnceLock::new();
    let on = || std::env::var(\"WGLOSS_MUTANT\").ok().and_then(|number| number.parse().ok());
    *ON.get_or_init(on) == Some(number)
}
";

impl Joined {
    /// Plants the numbered faults in the text of their file. A fault that can't ask at run time whether it is on, such as one
    /// in a constant, is left out.
    pub fn of_source(text: &str, faults: &[(usize, &Mutant)]) -> Joined {
        let mut joined = Joined::default();
        let mut finder = Finder { faults, found: Vec::new(), constants: 0 };
        if let Ok(file) = syn::parse_file(text) {
            finder.visit_file(&file);
        }
        // a node before the nodes inside it
        finder.found.sort_by_key(|place| (place.node.start, std::cmp::Reverse(place.node.end), place.number));
        joined.render(text, 0..text.len(), &finder.found);
        joined
    }

    /// Appends a range of the original text, with the faults at `places`, which are all inside the range.
    fn render(&mut self, text: &str, range: Range<usize>, places: &[Place<'_>]) {
        let mut at = range.start;
        let mut rest = places;
        while let Some((place, others)) = rest.split_first() {
            let inside = others.iter().take_while(|other| other.node.end <= place.node.end).count();
            let (inner, after) = others.split_at(inside);
            self.text += &text[at..place.node.start];
            let start = self.text.len();
            let asks = format!("crate::planted({})", place.number);
            let (before, behind) = match place.form {
                Form::Expression => {
                    let original = &text[place.node.clone()];
                    let moved = place.mutant.bytes.start - place.node.start..place.mutant.bytes.end - place.node.start;
                    let faulty = format!("{}{}{}", &original[..moved.start], place.mutant.by, &original[moved.end..]);
                    (format!("(if {asks} {{ {faulty} }} else {{ "), " })".to_string())
                }
                Form::Body => (format!("if {asks} {{ return {}; }}\n", place.mutant.by), String::new()),
                Form::Arm => (format!(" if !{asks}"), String::new()),
                Form::GuardedArm => (format!("!{asks} && ("), ")".to_string()),
            };
            self.text += &before;
            self.render(text, place.node.clone(), inner);
            self.text += &behind;
            self.regions.push((place.number, start..self.text.len()));
            at = place.node.end;
            rest = after;
        }
        self.text += &text[at..range.end];
    }
}

/// How a fault is planted around a node of the syntax tree.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    /// An expression gets an alternative.
    Expression,
    /// The statements of a function get a `return` before them.
    Body,
    /// An arm of a `match` that is to be skipped gets a guard. The node is the empty range behind its pattern.
    Arm,
    /// The guard of an arm that is to be skipped.
    GuardedArm,
}

/// A fault and its node.
struct Place<'a> {
    number: usize,
    mutant: &'a Mutant,
    node: Range<usize>,
    form: Form,
}

struct Finder<'a> {
    faults: &'a [(usize, &'a Mutant)],
    found: Vec<Place<'a>>,
    /// How many of the nodes around the current one are constants, where no function may ask which fault is on.
    constants: usize,
}

impl Finder<'_> {
    /// Notes the faults that replace these bytes, if they can be planted.
    fn note(&mut self, bytes: Range<usize>, node: Range<usize>, form: Form) {
        if self.constants > 0 {
            return;
        }
        for &(number, mutant) in self.faults.iter().filter(|(_, mutant)| mutant.bytes == bytes) {
            self.found.push(Place { number, mutant, node: node.clone(), form });
        }
    }

    fn constant(&mut self, visit: impl FnOnce(&mut Self)) {
        self.constants += 1;
        visit(self);
        self.constants -= 1;
    }

    /// Notes the faults that replace a function's value, and visits the function. A function that returns `impl Trait` gets no
    /// such fault, because its two values would be of two types.
    fn function(&mut self, signature: &syn::Signature, block: &syn::Block, visit: impl FnOnce(&mut Self)) {
        if signature.constness.is_some() {
            return self.constant(visit);
        }
        let opaque =
            matches!(&signature.output, syn::ReturnType::Type(_, of) if matches!(**of, syn::Type::ImplTrait(_)));
        if let (Some(first), Some(last), false) = (block.stmts.first(), block.stmts.last(), opaque) {
            let body = first.span().byte_range().start..last.span().byte_range().end;
            self.note(body.clone(), body, Form::Body);
        }
        visit(self);
    }
}

/// Whether a condition binds names by `let`. Such a condition can't become a part of another expression.
fn binds(expression: &syn::Expr) -> bool {
    match expression {
        syn::Expr::Let(_) => true,
        syn::Expr::Binary(of) => binds(&of.left) || binds(&of.right),
        _ => false,
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig, &item.block, |finder| visit::visit_item_fn(finder, item));
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig, &item.block, |finder| visit::visit_impl_item_fn(finder, item));
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(&item.sig, block, |finder| visit::visit_trait_item_fn(finder, item));
        }
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.constant(|finder| visit::visit_item_const(finder, item));
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.constant(|finder| visit::visit_item_static(finder, item));
    }

    fn visit_impl_item_const(&mut self, item: &'ast syn::ImplItemConst) {
        self.constant(|finder| visit::visit_impl_item_const(finder, item));
    }

    fn visit_trait_item_const(&mut self, item: &'ast syn::TraitItemConst) {
        self.constant(|finder| visit::visit_trait_item_const(finder, item));
    }

    fn visit_expr_const(&mut self, of: &'ast syn::ExprConst) {
        self.constant(|finder| visit::visit_expr_const(finder, of));
    }

    fn visit_type_array(&mut self, of: &'ast syn::TypeArray) {
        self.constant(|finder| visit::visit_type_array(finder, of));
    }

    fn visit_expr_repeat(&mut self, of: &'ast syn::ExprRepeat) {
        self.visit_expr(&of.expr);
        self.constant(|finder| finder.visit_expr(&of.len));
    }

    fn visit_expr_binary(&mut self, of: &'ast syn::ExprBinary) {
        if !binds(&of.left) && !binds(&of.right) {
            self.note(of.op.span().byte_range(), of.span().byte_range(), Form::Expression);
        }
        visit::visit_expr_binary(self, of);
    }

    fn visit_expr_unary(&mut self, of: &'ast syn::ExprUnary) {
        self.note(of.op.span().byte_range(), of.span().byte_range(), Form::Expression);
        visit::visit_expr_unary(self, of);
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        let whole = arm.span().byte_range();
        let behind = arm.pat.span().byte_range().end;
        match &arm.guard {
            None => self.note(whole, behind..behind, Form::Arm),
            Some((_, guard)) if !binds(guard) => {
                let bytes = guard.span().byte_range();
                self.note(whole, bytes.clone(), Form::GuardedArm);
                self.note(bytes.clone(), bytes, Form::Expression);
            }
            Some(_) => {}
        }
        visit::visit_arm(self, arm);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Joins faults, each given as the text that it replaces and the new text.
    fn joined(text: &str, faults: &[(&str, &str)]) -> Joined {
        let mutant = |(from, by): &(&str, &str)| {
            let start = text.find(from).expect("the text has it");
            let by = by.to_string();
            Mutant {
                name: by.clone(),
                file: String::new(),
                rule: "source",
                bytes: start..start + from.len(),
                by,
                function: None,
            }
        };
        let mutants: Vec<Mutant> = faults.iter().map(mutant).collect();
        Joined::of_source(text, &mutants.iter().enumerate().collect::<Vec<_>>())
    }

    #[test]
    fn nested_faults_are_planted_once_each() {
        let of = joined("fn f(a: i32) -> i32 { a * 2 + 1 }", &[("a * 2 + 1", "0"), ("+", "-"), ("*", "/")]);
        let wanted = "fn f(a: i32) -> i32 { if crate::planted(0) { return 0; }\n\
                      (if crate::planted(1) { a * 2 - 1 } else { (if crate::planted(2) { a / 2 } else { a * 2 }) + 1 }) }";
        assert_eq!(of.text, wanted);
        let fault = |words: &str| of.fault_at(of.text.find(words).expect("it is there"));
        assert_eq!([fault("return 0"), fault("a * 2 - 1"), fault("a / 2")], [Some(0), Some(1), Some(2)]);
    }

    #[test]
    fn arms_are_skipped_by_guards() {
        let text = "fn f(a: u8) -> u8 { match a { 1 => 7, b if b > 2 => 8, _ => 9 } }";
        let of = joined(text, &[("1 => 7,", ""), ("b if b > 2 => 8,", ""), ("b > 2", "true")]);
        let wanted = "fn f(a: u8) -> u8 { match a { 1 if !crate::planted(0) => 7, \
                      b if !crate::planted(1) && ((if crate::planted(2) { true } else { b > 2 })) => 8, _ => 9 } }";
        assert_eq!(of.text, wanted);
    }

    #[test]
    fn faults_that_cannot_ask_are_left_out() {
        let text = "const N: usize = 1 + 2;\nconst fn f() -> u8 { 3 * 4 }\n\
                    fn g(a: Option<u8>) -> bool { if let Some(b) = a && b == 7 { return true; } false }\n\
                    fn h() -> impl Fn() { || () }";
        let of = joined(text, &[("+", "-"), ("*", "/"), ("&&", "||"), ("|| ()", "|| ()")]);
        assert_eq!((of.text.as_str(), of.regions.len()), (text, 0));
    }
}
