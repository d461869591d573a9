//! Joins faults of shaders. `params.mutant` is the number of the fault that is on.

use super::Joined;
use crate::mutants::rules::Mutant;
use crate::mutants::tokens::{Token, closing, tokens};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// The file that declares `params`.
const PARAMS: &str = "lib/params";

/// `PARAMS` and the file that it needs. Faults in these two are not joined, because neither can need `PARAMS`.
const BEFORE_PARAMS: &[&str] = &[PARAMS, "lib/component"];

/// The functions that do more than return a value: they write memory, or wait for other invocations. Such a call can't be made
/// twice to choose between its values.
pub struct Effects(BTreeSet<String>);

impl Effects {
    /// The functions with effects among those of these files.
    pub fn of(texts: &BTreeMap<String, String>) -> Effects {
        let files: Vec<Vec<Token<'_>>> = texts.values().map(|text| tokens(text)).collect();
        let memory: BTreeSet<&str> = files.iter().flat_map(|tokens| memory(tokens)).collect();
        let mut found: BTreeSet<String> = BTreeSet::new();
        loop {
            let before = found.len();
            for tokens in &files {
                let mut function = "";
                for (place, token) in tokens.iter().enumerate() {
                    let next = tokens.get(place + 1).map_or("", |token| token.text);
                    if token.text == "fn" {
                        function = next;
                    }
                    let called = token.is_word() && next == "(";
                    let waits =
                        called && ["Barrier", "subgroup", "atomic", "coop"].iter().any(|of| token.text.contains(of));
                    if waits || (called && found.contains(token.text)) || writes(tokens, place, &memory) {
                        found.insert(function.to_string());
                    }
                }
            }
            if found.len() == before {
                return Effects(found);
            }
        }
    }

    /// Whether an expression can be computed twice.
    fn is_free_of(&self, tokens: &[Token<'_>]) -> bool {
        !tokens.iter().any(|token| (token.text == "&" && !token.apart) || self.0.contains(token.text))
    }
}

/// The names of the variables that a file declares outside functions.
fn memory<'a>(tokens: &[Token<'a>]) -> Vec<&'a str> {
    let mut names = Vec::new();
    for (place, token) in tokens.iter().enumerate() {
        let is_memory = token.text == "var" && tokens.get(place + 1).is_some_and(|next| next.text == "<");
        if let Some(closed) = is_memory.then(|| tokens[place..].iter().position(|token| token.text == ">")).flatten() {
            names.extend(tokens.get(place + closed + 1).map(|name| name.text));
        }
    }
    names
}

/// Whether a token assigns to memory, or through a pointer.
fn writes(tokens: &[Token<'_>], place: usize, memory: &BTreeSet<&str>) -> bool {
    if !matches!(tokens[place].text, "=" | "+=" | "-=" | "*=" | "/=" | "|=" | "&=" | "^=") {
        return false;
    }
    let first = tokens[..place].iter().rposition(|token| matches!(token.text, ";" | "{" | "}")).map_or(0, |at| at + 1);
    memory.contains(tokens[first].text)
        || (tokens[first].text == "(" && tokens[first + 1].text == "*")
        || tokens[first].text == "*"
}

impl Joined {
    /// Joins the numbered faults in the text of their file. A fault that can't ask whether it is on, such as one in a
    /// constant, is left out, and so is one in a statement that has a fault already.
    pub fn of_shader(file: &str, text: &str, faults: &[(usize, &Mutant)], effects: &Effects) -> Joined {
        let tokens = tokens(text);
        let mut edits: Vec<(usize, Range<usize>, String)> = Vec::new();
        for &(number, mutant) in faults.iter().filter(|_| !BEFORE_PARAMS.contains(&file)) {
            let Some((range, by)) = edit(text, &tokens, (number, mutant), effects) else { continue };
            if edits.iter().all(|(_, other, _)| range.end <= other.start || other.end <= range.start) {
                edits.push((number, range, by));
            }
        }
        edits.sort_by_key(|(_, range, _)| range.start);
        let mut joined = Joined::default();
        let mut at = 0;
        for (number, range, by) in edits {
            joined.text += &text[at..range.start];
            let start = joined.text.len();
            joined.text += &by;
            joined.regions.push((number, start..joined.text.len()));
            at = range.end;
        }
        joined.text += &text[at..];
        if !joined.regions.is_empty() {
            joined.needs_params();
        }
        joined
    }

    /// Adds the file with the parameters to those that the text needs.
    fn needs_params(&mut self) {
        const NEEDS: &str = "// needs:";
        let (at, added) = match self.text.find(NEEDS) {
            Some(at) => {
                let end = self.text[at..].find('\n').map_or(self.text.len(), |end| at + end);
                let has = self.text[at..end].split_whitespace().any(|file| file == PARAMS);
                (end, if has { String::new() } else { format!(" {PARAMS}") })
            }
            None => (0, format!("{NEEDS} {PARAMS}\n")),
        };
        self.text.insert_str(at, &added);
        self.regions.iter_mut().for_each(|(_, region)| *region = region.start + added.len()..region.end + added.len());
    }
}

/// The range to replace for a fault, and the new text, which has the original and the fault.
fn edit(
    text: &str,
    tokens: &[Token<'_>],
    (number, mutant): (usize, &Mutant),
    effects: &Effects,
) -> Option<(Range<usize>, String)> {
    mutant.function.as_ref()?;
    let bytes = &mutant.bytes;
    let on = format!("params.mutant == {number}u");
    let first = tokens.iter().position(|token| token.end() > bytes.start)?;
    if tokens[first].text == "else" {
        // the block of `else`
        let open = first + 1;
        let close = (tokens.get(open)?.text == "{").then(|| closing(tokens, open))??;
        let body = &text[tokens[open].end()..tokens[close].start];
        return Some((
            tokens[open].start..tokens[close].end(),
            format!("{{ if {} {{{body}}} }}", on.replace("==", "!=")),
        ));
    }
    // the linker looks for the number of a binding, to make the files of further operands from the first one's
    let of_binding = first > 1 && tokens[first - 1].text == "(" && tokens[first - 2].text == "base";
    // WGSL wants a constant there
    if of_binding || callee(tokens, first) == Some("subgroupBroadcast") {
        return None;
    }
    // a whole number: a choice between two values fits everywhere
    let is_number = tokens[first].start == bytes.start && tokens[first].end() == bytes.end;
    if is_number && tokens[first].text.ends_with('u') && tokens[first].text.starts_with(|c: char| c.is_ascii_digit()) {
        return Some((bytes.clone(), format!("select({}, {}, {on})", tokens[first].text, mutant.by)));
    }
    let statement = statement(tokens, first)?;
    let part = &tokens[statement.clone()];
    let (start, end) = (part.first()?.start, part.last()?.end());
    let ends = tokens.get(statement.end)?.text;
    // a fault that removes a statement also removes the `;` behind it
    let bytes = bytes.start..if ends == ";" { bytes.end.min(end) } else { bytes.end };
    if bytes.start < start || bytes.end > end {
        return None;
    }
    let faulty = |from: usize, to: usize| format!("{}{}{}", &text[from..bytes.start], mutant.by, &text[bytes.end..to]);
    // the text of an expression with the fault, if it may be computed beside the original one
    let faulty_if_repeatable = |from: usize, to: usize| {
        let within = bytes.start >= from && bytes.end <= to;
        let of: Vec<Token<'_>> =
            part.iter().filter(|token| token.start >= from && token.end() <= to).copied().collect();
        (within && effects.is_free_of(&of)).then(|| faulty(from, to))
    };
    match (part[0].text, ends) {
        ("if" | "while" | "else", "{") => {
            let from = if part[0].text == "else" { part.get(1)?.end() } else { part[0].end() };
            let with = faulty_if_repeatable(from, end)?;
            Some((from..end, format!(" select({}, {with}, {on})", &text[from..end])))
        }
        ("let" | "var", ";") => {
            let equals = part.iter().find(|token| token.text == "=")?;
            let with = faulty_if_repeatable(equals.end(), end)?;
            let (name, declared) = (part[1].text, &text[part[0].end()..end]);
            Some((start..end + 1, format!("var{declared}; if {on} {{ {name} ={with}; }}")))
        }
        ("break", ";") if part.get(1).is_some_and(|token| token.text == "if") => {
            let from = part[1].end();
            let with = faulty_if_repeatable(from, end)?;
            Some((from..end, format!(" select({}, {with}, {on})", &text[from..end])))
        }
        ("return", ";") => {
            Some((start..end + 1, format!("if {on} {{ {}; }} {}", faulty(start, end), &text[start..end + 1])))
        }
        (word, ";") if !["const", "override", "alias", "break", "continue", "discard", "for"].contains(&word) => {
            let mut with = faulty(start, end);
            // nothing is left of a statement that the fault removes
            if !with.trim().is_empty() {
                with.push(';');
            }
            Some((start..end + 1, format!("if {on} {{ {with} }} else {{ {}; }}", &text[start..end])))
        }
        _ => None,
    }
}

/// The tokens of the statement, or of the head of a block, that contains a token, without the `;` or `{` behind it.
fn statement(tokens: &[Token<'_>], at: usize) -> Option<Range<usize>> {
    let (mut start, mut depth) = (at, 0);
    while start > 0 {
        match tokens[start - 1].text {
            ")" | "]" => depth += 1,
            "(" | "[" if depth > 0 => depth -= 1,
            // the parts between the brackets of `for` are no statements
            ";" if depth == 0 && in_for(tokens, start - 1) => return None,
            ";" | "{" | "}" if depth == 0 => break,
            _ => {}
        }
        start -= 1;
    }
    let mut depth = 0;
    for (end, token) in tokens.iter().enumerate().skip(start) {
        match token.text {
            "(" | "[" => depth += 1,
            ")" | "]" => depth -= 1,
            ";" | "{" if depth == 0 => return (at < end || tokens[at].text == ";").then_some(start..end),
            _ => {}
        }
    }
    None
}

/// The function in whose brackets a token is, if it is the innermost brackets' one.
fn callee<'a>(tokens: &[Token<'a>], at: usize) -> Option<&'a str> {
    let mut depth = 0;
    for (place, token) in tokens[..at].iter().enumerate().rev() {
        match token.text {
            ")" | "]" => depth += 1,
            "(" | "[" if depth > 0 => depth -= 1,
            "(" => return Some(tokens[place.checked_sub(1)?].text),
            "[" | "{" | "}" | ";" => return None,
            _ => {}
        }
    }
    None
}

/// Whether a `;` is between the brackets of `for`.
fn in_for(tokens: &[Token<'_>], at: usize) -> bool {
    let mut depth = 0;
    for token in tokens[..at].iter().rev() {
        match token.text {
            ")" => depth += 1,
            "(" if depth == 0 => return true,
            "(" => depth -= 1,
            "{" | "}" => return false,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutants::rules::mutants;

    /// Joins the mutants of these rules in a function's body, and returns the new body.
    fn joined(body: &str, rules: &[&str]) -> String {
        let text = format!("// needs: lib/params\nfn f() {{ {body} }}\nfn wait() {{ workgroupBarrier(); }}");
        let all = mutants("f", &text);
        let wanted: Vec<(usize, &Mutant)> =
            all.iter().filter(|mutant| rules.contains(&mutant.rule)).enumerate().map(|(k, of)| (k + 1, of)).collect();
        let effects = Effects::of(&BTreeMap::from([("f".to_string(), text.clone())]));
        let joined = Joined::of_shader("f", &text, &wanted, &effects).text;
        let start = joined.find("fn f() { ").expect("it has the function") + 9;
        joined[start..joined.find(" }\nfn wait").expect("it ends")].to_string()
    }

    #[test]
    fn statements_and_conditions_ask_which_fault_is_on() {
        let one = |body: &str, rule: &str| joined(body, &[rule]);
        assert_eq!(one("x = a + b;", "sign"), "if params.mutant == 1u { x = a - b; } else { x = a + b; }");
        assert_eq!(
            one("let x = max(a, b);", "extreme"),
            "var x = max(a, b); if params.mutant == 1u { x = min(a, b); }"
        );
        assert_eq!(one("if a < b { c(); }", "compare"), "if select( a < b,  a <= b, params.mutant == 1u) { c(); }");
        assert_eq!(one("return a - b;", "sign"), "if params.mutant == 1u { return a + b; } return a - b;");
        assert_eq!(one("x = y[3u];", "one-more"), "x = y[select(3u, 4u, params.mutant == 1u)];");
        assert_eq!(one("workgroupBarrier();", "barrier"), "if params.mutant == 1u {  } else { workgroupBarrier(); }");
        assert_eq!(
            one("if a { b(); } else { c(); }", "else"),
            "if a { b(); } else { if params.mutant != 1u { c(); } }"
        );
        assert_eq!(
            one("for (var i = 0u; i < 4u; i += 1u) { x = i; }", "one-less"),
            "for (var i = 0u; i < select(4u, 3u, params.mutant == 1u); i += select(1u, 0u, params.mutant == 2u)) { x = i; }"
        );
    }

    #[test]
    fn what_cannot_be_chosen_is_left_out() {
        for (body, rule) in [
            ("let x = max(wait(), b);", "extreme"),
            ("let x = max(g(&a), b);", "extreme"),
            ("for (var i = 0u; i < n; i += 1u) { }", "compare"),
            ("let x = subgroupBroadcast(y.x, 4u);", "one-more"),
        ] {
            assert_eq!(joined(body, &[rule]), body);
        }
        // the second fault of a statement
        assert_eq!(joined("x = a + b + c;", &["sign"]).matches("params.mutant").count(), 1);
    }
}
