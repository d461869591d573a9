//! Rewrites a caller's leaf: puts a prefix before the names that it declares, and replaces `option(name)` by the code
//! that reads the option. No name of the leaf can then clash with a name of this library's shader files.

mod words;

use crate::error::{Error, Result};
use crate::gpu::lock::lock;
use crate::gpu::shaders::is_own;
use crate::loss::{Loss, Source};
use crate::options;
use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::sync::{LazyLock, Mutex};
use words::{Kind, Token, tokens};

/// The prefix that the names of a caller's leaf get in a kernel. No name of this library begins with it.
pub(super) const PREFIX: &str = "leaf_";

/// The functions of leaves that this library's shader files call. They keep their names.
pub(super) const CALLED: &[&str] = &[
    "alignment_score",
    "box_score",
    "class_score",
    "divergence_mixture",
    "divergence_score",
    "divergence_temperature",
    "element_item",
    "element_score",
    "hardest_score",
    "region_score",
    "region_share",
    "similarity_pair",
    "similarity_row",
    "similarity_scale",
    "softmax_margin",
    "softmax_score",
    "softmax_share",
    "vectors_eps",
    "vectors_p",
    "vectors_score",
    "window_score",
    "window_sigma",
    "window_unit",
];

/// The types that these functions take and return.
pub(super) const TYPES: &[&str] = &[
    "AlignmentScore",
    "Class",
    "ClassScore",
    "Distances",
    "DivergenceScore",
    "ElementScore",
    "HardestDistances",
    "HardestScore",
    "LabelClass",
    "PairScore",
    "RegionScore",
    "RegionSums",
    "RowScore",
    "SimilarityStatistics",
    "SoftmaxScore",
    "Statistics",
    "VectorsScore",
];

/// The shader of a loss's leaf: this library's file as it is, a caller's text with its names changed.
///
/// # Errors
/// [`Error::InvalidShader`] for a leaf that declares a type of the library's, or reads an option that the loss does not have.
pub(super) fn leaf(loss: &dyn Loss) -> Result<Source> {
    type Known = HashMap<(usize, usize, String), Result<Source>>;
    static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Default::default);
    let source = loss.header().shader;
    if is_own(&source) {
        return Ok(source);
    }
    let options: Vec<(&'static str, options::Kind)> =
        loss.specs().into_iter().map(|spec| (spec.name, spec.kind)).collect();
    // texts live as long as the program, so a text's address identifies it
    let key = (source.text.as_ptr().addr(), source.text.len(), format!("{options:?}"));
    if let Some(known) = lock(&KNOWN).get(&key) {
        return known.clone();
    }
    let write = |text: String| Source { path: source.path, text: Box::leak(text.into_boxed_str()) };
    let written = Leaf::new(&source, &options).and_then(|leaf| leaf.write()).map(write);
    lock(&KNOWN).entry(key).or_insert(written).clone()
}

/// The name of a leaf's override for an option: the option's own in this library's leaves, with the prefix in a caller's.
pub(super) fn override_prefix(loss: &dyn Loss) -> &'static str {
    if is_own(&loss.header().shader) { "" } else { PREFIX }
}

/// A caller's leaf.
struct Leaf<'a> {
    path: &'static str,
    options: &'a [(&'static str, options::Kind)],
    tokens: Vec<Token<'static>>,
    /// The indices of the tokens that are neither white space nor comments.
    code: Vec<usize>,
    /// The names declared outside functions, and the names of local variables and parameters.
    declared: HashSet<&'static str>,
    local: HashSet<&'static str>,
    /// The indices of the tokens that name a member of a struct in its declaration.
    members: HashSet<usize>,
    /// The indices of the tokens that name an override in its declaration.
    overrides: HashSet<usize>,
}

impl<'a> Leaf<'a> {
    fn new(source: &Source, options: &'a [(&'static str, options::Kind)]) -> Result<Leaf<'a>> {
        let tokens = tokens(source.text);
        let code = (0..tokens.len()).filter(|&at| tokens[at].kind != Kind::Space).collect();
        let (path, empty) = (source.path, HashSet::new);
        let mut leaf = Leaf {
            path,
            options,
            tokens,
            code,
            declared: empty(),
            local: empty(),
            members: HashSet::new(),
            overrides: HashSet::new(),
        };
        leaf.scan()?;
        Ok(leaf)
    }

    /// The text of the token at this index of `code`, or an empty text beyond the end.
    fn text(&self, at: usize) -> &'static str {
        self.code.get(at).map_or("", |&place| self.tokens[place].text)
    }

    fn is_word(&self, at: usize) -> bool {
        self.code.get(at).is_some_and(|&place| self.tokens[place].kind == Kind::Word)
    }

    fn refuse<T>(&self, at: usize, why: impl std::fmt::Display) -> Result<T> {
        let line = self.code.get(at).map_or(0, |&place| self.tokens[place].line);
        let message = format!("in {}, line {line}: {why}", self.path);
        Err(Error::InvalidShader { path: self.path.into(), message })
    }

    /// Finds what the leaf declares.
    fn scan(&mut self) -> Result<()> {
        let (mut depth, mut in_struct) = (0usize, false);
        for at in 0..self.code.len() {
            let before = if at == 0 { "" } else { self.text(at - 1) };
            match self.text(at) {
                "{" => depth += 1,
                "}" => {
                    depth = depth.saturating_sub(1);
                    in_struct &= depth > 0;
                }
                keyword @ ("fn" | "struct" | "alias" | "const" | "override" | "var" | "let") if before != "@" => {
                    let name = at + 1 + if keyword == "var" { self.template(at + 1) } else { 0 };
                    if depth == 0 && keyword != "let" {
                        in_struct = keyword == "struct";
                        self.declare(keyword, at, name)?;
                    } else {
                        self.local.insert(self.text(name));
                    }
                }
                name if self.is_word(at) && self.text(at + 1) == ":" => {
                    if in_struct && depth == 1 {
                        self.members.insert(self.code[at]);
                    } else if before != "override" {
                        self.local.insert(name);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The number of tokens in the list in angle brackets that may follow `var`; 0 if there is no list.
    fn template(&self, at: usize) -> usize {
        match self.text(at) {
            "<" => (at..self.code.len()).find(|&end| self.text(end) == ">").map_or(0, |end| end + 1 - at),
            _ => 0,
        }
    }

    /// Records a name that is declared outside functions. Refuses a name of a type of the library's, and an override in a form
    /// that `declared.rs` does not find.
    fn declare(&mut self, keyword: &str, at: usize, name: usize) -> Result<()> {
        let text = self.text(name);
        if TYPES.contains(&text) {
            return self.refuse(name, format!("`{text}` is a type of the library and may not be declared again"));
        }
        if keyword == "override" {
            let (line, place) = (|at: usize| self.tokens[self.code[at]].line, self.code[name.min(self.code.len() - 1)]);
            let alone = at == 0 || line(at - 1) < line(at);
            if !alone || self.text(name + 1) != ":" {
                let why = "an override must stand on a line of its own, with its type and without attributes";
                return self.refuse(at, why);
            }
            self.overrides.insert(place);
        }
        self.declared.insert(text);
        Ok(())
    }

    /// The leaf's text with its names in the namespace. Lines stay where they are.
    fn write(&self) -> Result<String> {
        let (mut out, mut added) = (String::new(), Vec::new());
        let (mut next, mut skipped) = (0, 0);
        for (place, token) in self.tokens.iter().enumerate() {
            let at = next;
            next += usize::from(token.kind != Kind::Space);
            if at < skipped {
                continue;
            }
            if token.kind != Kind::Word {
                out.push_str(token.text);
            } else if self.reads_option(at) {
                // `option`, the name and the brackets
                out.push_str(&self.option(at, &mut added)?);
                skipped = at + 4;
            } else if token.text == "override" && self.overrides.contains(&self.code[(at + 1).min(self.code.len() - 1)])
            {
                // in the form that `declared.rs` finds: at the start of its line
                out.truncate(out.trim_end_matches([' ', '\t']).len());
                let _ = write!(out, "override {PREFIX}{}:", self.text(at + 1));
                skipped = at + 3;
            } else {
                out.push_str(if self.is_renamed(at, place) { PREFIX } else { "" });
                out.push_str(token.text);
            }
        }
        for declaration in added {
            let _ = write!(out, "\n{declaration}");
        }
        Ok(out)
    }

    /// Whether a word is a name that the leaf declares, and neither a member, an attribute, nor a function that the
    /// library calls.
    fn is_renamed(&self, at: usize, place: usize) -> bool {
        let (text, before) = (self.text(at), if at == 0 { "" } else { self.text(at - 1) });
        self.declared.contains(text)
            && !CALLED.contains(&text)
            && !matches!(before, "." | "@")
            && !self.members.contains(&place)
    }

    /// Whether a word begins `option(name)` or `has_option(name)`, where `name` is the name of an option, or is declared
    /// nowhere.
    fn reads_option(&self, at: usize) -> bool {
        let (function, name) = (self.text(at), self.text(at + 2));
        // an option counts even if a local variable has its name, as in `let scale = option(scale);`
        let is_option = self.options.iter().any(|(known, _)| *known == name) || !self.local.contains(name);
        let is_named = self.is_word(at + 2) && !self.declared.contains(name) && is_option;
        matches!(function, "option" | "has_option")
            && !self.declared.contains(function)
            && (self.text(at + 1), self.text(at + 3)) == ("(", ")")
            && is_named
    }

    /// The expression that reads an option: `option` with the option's index, or the name of its override. Adds the
    /// declaration of the override to `added` if the leaf has none.
    fn option(&self, at: usize, added: &mut Vec<String>) -> Result<String> {
        let (function, name) = (self.text(at), self.text(at + 2));
        let Some((_, kind)) = self.options.iter().find(|(known, _)| *known == name) else {
            let known: Vec<_> = self.options.iter().map(|(name, _)| *name).collect();
            let known =
                if known.is_empty() { "it has none".into() } else { format!("its options are {}", known.join(", ")) };
            return self.refuse(at, format!("the loss has no option `{name}`; {known}"));
        };
        let capital = name.to_uppercase();
        let (own, of_type) = match (function, kind) {
            ("has_option", options::Kind::NumberOrNone) => (format!("HAS_{capital}"), "bool = false"),
            ("option", options::Kind::Flag) => (capital, "bool = false"),
            ("option", options::Kind::Choice(_)) => (capital, "u32 = 0u"),
            ("option", options::Kind::Integer) => (capital, "i32 = 0"),
            ("option", options::Kind::Number | options::Kind::NumberOrNone) => {
                let numbers = self.options.iter().take_while(|(other, _)| *other != name);
                let is_number = |kind| matches!(kind, options::Kind::Number | options::Kind::NumberOrNone);
                return Ok(format!("option({}u)", numbers.filter(|(_, kind)| is_number(*kind)).count()));
            }
            (_, options::Kind::IntegerOrNone) => {
                return self.refuse(
                    at,
                    format!("a leaf can't read `{name}`, which is an integer or none; use an `Option<f32>`"),
                );
            }
            (_, options::Kind::Numbers) => {
                let instead = "`Pointwise::columns` gives each element its number";
                return self.refuse(at, format!("a leaf can't read `{name}`, which is a list of numbers; {instead}"));
            }
            _ => return self.refuse(at, format!("the option `{name}` always has a value: write `option({name})`")),
        };
        let declaration = format!("override {PREFIX}{own}: {of_type};");
        if !self.declared.contains(own.as_str()) && !added.contains(&declaration) {
            added.push(declaration);
        }
        Ok(format!("{PREFIX}{own}"))
    }
}

#[cfg(test)]
mod tests;
