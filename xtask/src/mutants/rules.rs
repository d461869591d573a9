//! The rules that make faults in shaders. A rule makes a mutant of each token that it fits.

use super::tokens::{Token, closing, tokens};
use std::ops::Range;

/// A fault: some bytes of a file, and the text that replaces them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutant {
    /// `file:token:rule`, with the token's index; `file:fixed:words` for a fault of `fixed.tsv`; `file: change` for a fault in a
    /// source.
    pub name: String,
    /// A shader's path below `shaders/` without `.wgsl`, or a source's path.
    pub file: String,
    /// The name of the rule.
    pub rule: &'static str,
    /// The bytes to replace.
    pub bytes: Range<usize>,
    /// The new text.
    pub by: String,
    /// For a fault of a rule, the function that contains it, if it is in one. `None` for a fixed fault or one in a source.
    pub function: Option<String>,
}

impl Mutant {
    /// The file's text with the fault.
    pub fn planted(&self, text: &str) -> String {
        format!("{}{}{}", &text[..self.bytes.start], self.by, &text[self.bytes.end..])
    }

    /// The source line without and with the fault.
    pub fn shown(&self, text: &str) -> String {
        let start = text[..self.bytes.start].rfind('\n').map_or(0, |at| at + 1);
        let end = text[self.bytes.end..].find('\n').map_or(text.len(), |at| self.bytes.end + at);
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let mutated = format!("{}{}{}", &text[start..self.bytes.start], self.by, &text[self.bytes.end..end]);
        format!("{} => {}", words(&text[start..end]), words(&mutated))
    }
}

/// The bytes to replace and their new text, if the rule fits.
type Change = Option<(Range<usize>, String)>;

/// A token of a file, and the tokens around it.
struct At<'a> {
    text: &'a str,
    tokens: &'a [Token<'a>],
    place: usize,
    /// Whether the token is between the `<` and `>` of a type.
    in_type: bool,
}

/// A rule returns a change for a token, if it fits the token.
type Rule = fn(&At<'_>) -> Change;

/// The rules and their names.
const RULES: &[(&str, Rule)] = &[
    ("sign", sign),
    ("compare", |at| at.swapped(&[("<", "<="), (">", ">="), ("<=", "<"), (">=", ">")])),
    ("equal", |at| at.swapped(&[("==", "!="), ("!=", "==")])),
    ("and-or", |at| at.swapped(&[("&", "|"), ("|", "&"), ("&&", "||"), ("||", "&&")])),
    ("assign", |at| at.swapped(&[("+=", "=")])),
    ("one-more", |at| at.counted(1)),
    ("one-less", |at| at.counted(-1)),
    ("extreme", extreme),
    ("unclamped", unclamped),
    ("select", |at| if at.token().text == "select" { at.arguments_swapped() } else { None }),
    ("merge", |at| if at.token().text.contains("merge") { at.arguments_swapped() } else { None }),
    ("half", half),
    ("barrier", barrier),
    ("flag", flag),
    ("nan", nan),
    ("else", no_else),
];

/// All mutants of a file.
pub fn mutants(file: &str, text: &str) -> Vec<Mutant> {
    let tokens = tokens(text);
    let (mut function, mut depth, mut in_type) = (None, 0, 0);
    let mut found = Vec::new();
    for (place, token) in tokens.iter().enumerate() {
        match token.text {
            "fn" => function = tokens.get(place + 1).map(|name| name.text.to_string()),
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                function = function.filter(|_| depth > 0);
            }
            "<" if !token.apart => in_type += 1,
            ">" if !token.apart => in_type = (in_type - 1).max(0),
            ">>" if !token.apart => in_type = (in_type - 2).max(0),
            _ => {}
        }
        let at = At { text, tokens: &tokens, place, in_type: in_type > 0 };
        for (rule, change) in RULES {
            if let Some((bytes, by)) = change(&at) {
                let (name, function) = (format!("{file}:{place}:{rule}"), function.clone());
                found.push(Mutant { name, file: file.to_string(), rule, bytes, by, function });
            }
        }
    }
    found
}

impl<'a> At<'a> {
    fn token(&self) -> Token<'a> {
        self.tokens[self.place]
    }

    /// The text of the token at an offset from this one.
    fn near(&self, offset: isize) -> &'a str {
        let place = self.place.checked_add_signed(offset);
        place.and_then(|place| self.tokens.get(place)).map_or("", |token| token.text)
    }

    /// Replaces the token.
    fn by(&self, text: impl Into<String>) -> Change {
        Some((self.token().start..self.token().end(), text.into()))
    }

    /// Replaces an operator that has spaces on both sides.
    fn swapped(&self, pairs: &[(&str, &str)]) -> Change {
        let token = self.token();
        let (_, other) = pairs.iter().find(|(from, _)| *from == token.text && token.apart)?;
        self.by(*other)
    }

    /// Adds `step` to a whole number. Leaves numbers in attributes and in types alone: bindings, workgroup sizes,
    /// lengths of arrays.
    fn counted(&self, step: i64) -> Change {
        let attribute = self.near(-1) == "(" && self.near(-3) == "@";
        if self.in_type || attribute {
            return None;
        }
        let text = self.token().text;
        let (digits, suffix) = match text.strip_suffix(['u', 'i']) {
            Some(digits) => (digits, &text[digits.len()..]),
            None => (text, ""),
        };
        let (value, hex) = match digits.strip_prefix("0x") {
            Some(digits) => (i64::from_str_radix(digits, 16).ok()?, true),
            None => (digits.parse::<i64>().ok()?, false),
        };
        let value = u32::try_from(value + step).ok()?;
        self.by(if hex { format!("{value:#x}{suffix}") } else { format!("{value}{suffix}") })
    }

    /// The index of the opening bracket, if the token is a function that is called here.
    fn call(&self) -> Option<usize> {
        let called = self.token().is_word() && self.near(1) == "(" && self.near(-1) != "fn" && self.near(-1) != "@";
        called.then_some(self.place + 1)
    }

    /// The bytes of each argument of the call, and of the whole call.
    fn arguments(&self) -> Option<(Vec<Range<usize>>, Range<usize>)> {
        let open = self.call()?;
        let close = closing(self.tokens, open)?;
        let mut arguments = Vec::new();
        let (mut first, mut place) = (open + 1, open + 1);
        let mut depth = 0;
        while place <= close {
            let token = self.tokens[place];
            match token.text {
                "(" | "[" => place = closing(self.tokens, place)?,
                "<" if !token.apart => depth += 1,
                ">" if !token.apart => depth -= 1,
                ">>" if !token.apart => depth -= 2,
                "," | ")" if depth == 0 => {
                    if place > first {
                        arguments.push(self.tokens[first].start..self.tokens[place - 1].end());
                    }
                    first = place + 1;
                }
                _ => {}
            }
            place += 1;
        }
        Some((arguments, self.token().start..self.tokens[close].end()))
    }

    /// Swaps the first two arguments of a call.
    fn arguments_swapped(&self) -> Change {
        let (arguments, _) = self.arguments()?;
        let [a, b, ..] = arguments.as_slice() else { return None };
        let (first, second) = (&self.text[a.clone()], &self.text[b.clone()]);
        let between = &self.text[a.end..b.start];
        (first != second).then(|| (a.start..b.end, format!("{second}{between}{first}")))
    }

    /// The bytes of the statement around the token, with its semicolon.
    fn statement(&self) -> Option<Range<usize>> {
        let ends = |token: &Token<'_>| matches!(token.text, ";" | "{" | "}");
        let first = self.tokens[..self.place].iter().rposition(ends)? + 1;
        let last = self.place + self.tokens[self.place..].iter().position(ends)?;
        (self.tokens[last].text == ";").then(|| self.tokens[first].start..self.tokens[last].end())
    }
}

/// Swaps plus and minus. Removes a unary minus.
fn sign(at: &At<'_>) -> Change {
    match at.token().text {
        "+" if at.token().apart => at.by("-"),
        "-" if at.token().apart => at.by("+"),
        "-" => at.by(""),
        "+=" => at.by("-="),
        "-=" => at.by("+="),
        _ => None,
    }
}

/// Swaps `min` and `max`.
fn extreme(at: &At<'_>) -> Change {
    at.call()?;
    match at.token().text {
        "max" => at.by("min"),
        "min" => at.by("max"),
        _ => None,
    }
}

/// Replaces a `min`, `max` or `clamp` by its first argument.
fn unclamped(at: &At<'_>) -> Change {
    if !matches!(at.token().text, "max" | "min" | "clamp") {
        return None;
    }
    let (arguments, whole) = at.arguments()?;
    Some((whole, format!("({})", &at.text[arguments.first()?.clone()])))
}

/// Swaps x and y, or z and w, or the halves of a label.
fn half(at: &At<'_>) -> Change {
    if at.near(-1) != "." {
        return None;
    }
    let pairs = [("x", "y"), ("y", "x"), ("z", "w"), ("w", "z"), ("low", "high"), ("high", "low")];
    let (_, other) = pairs.iter().find(|(from, _)| *from == at.token().text)?;
    at.by(*other)
}

/// Removes a barrier.
fn barrier(at: &At<'_>) -> Change {
    if !matches!(at.token().text, "workgroupBarrier" | "storageBarrier") {
        return None;
    }
    at.call()?;
    Some((at.statement()?, String::new()))
}

/// Removes a statement that raises a flag.
fn flag(at: &At<'_>) -> Change {
    let raised = match at.token().text {
        "|=" | "atomicOr" => true,
        "poison" => at.near(-1) == "." && at.near(1) == "=",
        _ => false,
    };
    if raised { Some((at.statement()?, String::new())) } else { None }
}

/// Makes a test for NaN or infinity false.
fn nan(at: &At<'_>) -> Change {
    if !matches!(at.token().text, "is_nan" | "is_infinite") {
        return None;
    }
    let (_, whole) = at.arguments()?;
    Some((whole, "false".to_string()))
}

/// Removes an `else` branch.
fn no_else(at: &At<'_>) -> Change {
    if at.token().text != "else" || at.near(1) != "{" {
        return None;
    }
    let close = closing(at.tokens, at.place + 1)?;
    Some((at.token().start..at.tokens[close].end(), String::new()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts of all mutants that a rule makes of `text`.
    fn made(rule: &str, text: &str) -> Vec<String> {
        mutants("f", text).iter().filter(|mutant| mutant.rule == rule).map(|mutant| mutant.planted(text)).collect()
    }

    #[test]
    fn each_rule_plants_its_fault() {
        for (rule, text, wanted) in [
            ("sign", "a + b", &["a - b"][..]),
            ("sign", "a = -b; a += c;", &["a = b; a += c;", "a = -b; a -= c;"]),
            ("compare", "vec2<f32>(x) >= y", &["vec2<f32>(x) > y"]),
            ("equal", "x != y", &["x == y"]),
            ("and-or", "f(&x, a & b)", &["f(&x, a | b)"]),
            ("assign", "a += b;", &["a = b;"]),
            (
                "one-more",
                "@binding(3) var x: array<f32, 256>; x + 3u + 0x0fu",
                &[
                    "@binding(3) var x: array<f32, 256>; x + 4u + 0x0fu",
                    "@binding(3) var x: array<f32, 256>; x + 3u + 0x10u",
                ],
            ),
            ("one-less", "x + 0u + 1u + 0.5", &["x + 0u + 0u + 0.5"]),
            ("extreme", "max(a, b)", &["min(a, b)"]),
            ("unclamped", "min(f(a, b) + 1, c)", &["(f(a, b) + 1)"]),
            ("select", "select(vec2<f32>(0, 1), b, c)", &["select(b, vec2<f32>(0, 1), c)"]),
            (
                "merge",
                "fn fold_merge(a: S, b: S) { fold_merge(a, b); }",
                &["fn fold_merge(a: S, b: S) { fold_merge(b, a); }"],
            ),
            ("half", "x.x + label.low", &["x.y + label.low", "x.x + label.high"]),
            ("barrier", "{ a; workgroupBarrier(); b; }", &["{ a;  b; }"]),
            ("flag", "{ a |= b; t.poison = 1u; }", &["{  t.poison = 1u; }", "{ a |= b;  }"]),
            ("nan", "select(is_nan(x + y), a, b)", &["select(false, a, b)"]),
            ("else", "if a { b } else { c } d", &["if a { b }  d"]),
        ] {
            assert_eq!(made(rule, text), wanted, "{rule}: {text}");
        }
    }

    #[test]
    fn a_name_does_not_depend_on_lines_and_comments() {
        let names = |text: &str| mutants("lib/f", text).into_iter().map(|mutant| mutant.name).collect::<Vec<_>>();
        assert_eq!(names("fn f() { x = a + b; }"), ["lib/f:8:sign"]);
        assert_eq!(names("// why\nfn f() {\n    x = a + b; // or\n}"), ["lib/f:8:sign"]);
    }

    #[test]
    fn a_mutant_knows_its_function() {
        let mutants = mutants("f", "fn a() { if x { y = 1u; } z = 2u; }\nconst C = 3u;");
        let functions: Vec<_> = mutants.iter().map(|mutant| mutant.function.as_deref()).collect();
        assert_eq!(functions, [Some("a"), Some("a"), Some("a"), Some("a"), None, None]);
    }
}
