//! What browsers refuse although naga takes it: a lint over the shader files.

use super::tree::files;
use std::collections::BTreeSet;

/// Words that take a list of types in angle brackets, which is no comparison.
const TEMPLATES: &[&str] =
    &["array", "atomic", "bitcast", "mat3x4", "mat4x3", "mat4x4", "ptr", "var", "vec2", "vec3", "vec4"];

/// Words after which an operator has no left side.
const KEYWORDS: &[&str] = &["return", "if", "else", "for", "while", "switch", "case"];

const BARRIERS: &[&str] = &["workgroupBarrier", "storageBarrier", "textureBarrier", "workgroupUniformLoad"];

/// The tokens of a source, without comments and lists of types, each with its line.
fn tokens(text: &str) -> Vec<(usize, String)> {
    const OPERATORS: &[&str] = &[
        "<<=", ">>=", "&&", "||", "<<", ">>", "<=", ">=", "==", "!=", "->", "+=", "-=", "*=", "/=", "%=", "&=", "|=",
        "^=",
    ];
    let mut tokens: Vec<(usize, String)> = Vec::new();
    for (line, code) in text.lines().enumerate().map(|(line, code)| (line + 1, code.split("//").next().unwrap_or(""))) {
        let mut rest = code.trim_start();
        while let Some(first) = rest.chars().next() {
            let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
            let last = tokens.last().map_or("", |(_, token)| token.as_str());
            let length = if first == '<' && TEMPLATES.contains(&last) {
                let mut depth = 0;
                let closes = |c: char| {
                    depth += i32::from(c == '<') - i32::from(c == '>');
                    depth == 0
                };
                rest = &rest[rest.find(closes).expect("a list of types ends on its line") + 1..];
                rest = rest.trim_start();
                continue;
            } else if word(first) {
                // the sign of an exponent belongs to its number
                let end = |(at, c): (usize, char)| {
                    let exponent = first.is_ascii_digit() && "+-".contains(c) && rest[..at].ends_with('e');
                    (!word(c) && !exponent).then_some(at)
                };
                rest.char_indices().find_map(end).unwrap_or(rest.len())
            } else {
                OPERATORS.iter().find(|operator| rest.starts_with(**operator)).map_or(first.len_utf8(), |o| o.len())
            };
            tokens.push((line, rest[..length].to_string()));
            rest = rest[length..].trim_start();
        }
    }
    tokens
}

/// What WGSL's grammar has against the binary operators of one expression without parentheses.
fn mixed(operators: &[&str]) -> Option<&'static str> {
    let any = |of: &[&str]| operators.iter().any(|operator| of.contains(operator));
    let relations = |part: &[&str]| part.iter().filter(|o| ["<", ">", "<=", ">=", "==", "!="].contains(o)).count();
    if any(&["&&"]) && any(&["||"]) {
        return Some("&& and || without parentheses");
    }
    if any(&["&", "|", "^"]) && operators.iter().any(|operator| *operator != operators[0]) {
        return Some("a bitwise operator beside another without parentheses");
    }
    if operators.split(|operator| ["&&", "||"].contains(operator)).any(|part| relations(part) > 1) {
        return Some("a chain of comparisons");
    }
    let terms = operators.split(|operator| ["&&", "||", "<", ">", "<=", ">=", "==", "!="].contains(operator));
    let shifts = |term: &&[&str]| term.len() > 1 && term.iter().any(|operator| ["<<", ">>"].contains(operator));
    terms.into_iter().any(|term| shifts(&term)).then_some("a shift beside another operator without parentheses")
}

/// Expressions that mix operators.
fn mixtures(text: &str) -> Vec<(usize, &'static str)> {
    let tokens = tokens(text);
    let mut found = Vec::new();
    let mut open: Vec<Vec<&str>> = vec![Vec::new()];
    let mut before = "";
    for (line, token) in &tokens {
        let token = token.as_str();
        let value = before.ends_with(|c: char| c.is_ascii_alphanumeric() || ")]_".contains(c));
        let closes = [")", "]", "}"].contains(&token);
        let separates = [",", ";", "=", ":", "->", "return"].contains(&token)
            || (token.len() > 1 && token.ends_with('=') && !["==", "!=", "<=", ">="].contains(&token));
        if closes || separates || token == "{" {
            let operators = open.last_mut().map(std::mem::take).unwrap_or_default();
            found.extend(mixed(&operators).map(|why| (*line, why)));
        }
        if closes {
            open.pop();
        } else if ["(", "[", "{"].contains(&token) {
            open.push(Vec::new());
        } else if !separates
            && value
            && !KEYWORDS.contains(&before)
            && token.starts_with(|c: char| "&|^<>=!+-*/%".contains(c))
        {
            open.last_mut().expect("brackets are matched").push(token);
        }
        before = token;
    }
    found
}

/// Bits of a constant taken as a float: browsers refuse those of a NaN or an infinity.
fn constant_bitcasts(text: &str, constants: &BTreeSet<String>) -> Vec<(usize, &'static str)> {
    let tokens = tokens(text);
    let constant = |token: &str| token.starts_with(|c: char| c.is_ascii_digit()) || constants.contains(token);
    let bitcasts =
        tokens.windows(4).filter(|w| w[0].1 == "bitcast" && w[1].1 == "(" && constant(&w[2].1) && w[3].1 == ")");
    bitcasts.map(|window| (window[0].0, "a bitcast of a constant")).collect()
}

/// The module's functions: name, parameters and body.
fn functions(tokens: &[(usize, String)]) -> Vec<(&str, &[(usize, String)])> {
    let mut functions = Vec::new();
    for at in (0..tokens.len()).filter(|&at| tokens[at].1 == "fn") {
        let begin = at + tokens[at..].iter().position(|(_, token)| token == "{").expect("a body");
        let mut depth = 0;
        let closes = |(_, token): &(usize, String)| {
            depth += i32::from(token == "{") - i32::from(token == "}");
            depth == 0
        };
        let end = begin + tokens[begin..].iter().position(closes).expect("a body ends");
        functions.push((tokens[at + 1].1.as_str(), &tokens[begin + 1..end]));
    }
    functions
}

/// The functions of all files that hold a barrier, themselves or through one that they call.
fn collective(texts: &[&str]) -> BTreeSet<String> {
    let tokens: Vec<_> = texts.iter().map(|text| tokens(text)).collect();
    let functions: Vec<_> = tokens.iter().flat_map(|tokens| functions(tokens)).collect();
    let mut known: BTreeSet<String> = BARRIERS.iter().map(|name| name.to_string()).collect();
    loop {
        let holds = |(_, body): &&(&str, &[(usize, String)])| body.iter().any(|(_, token)| known.contains(token));
        let more: BTreeSet<String> = functions.iter().filter(holds).map(|(name, _)| name.to_string()).collect();
        if more.is_subset(&known) {
            return known;
        }
        known.extend(more);
    }
}

/// Barriers that an early return comes before, or that stand under a condition not made of parameters and overrides.
fn barriers(text: &str, collective: &BTreeSet<String>) -> Vec<(usize, &'static str)> {
    let tokens = tokens(text);
    let mut found = Vec::new();
    for (_, body) in functions(&tokens) {
        // what a return gives may itself hold a barrier
        let (mut returning, mut returned) = (false, false);
        let mut open: Vec<Vec<&str>> = Vec::new();
        let (mut head, mut closed): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
        let mut depth = 0;
        for (line, token) in body {
            let token = token.as_str();
            depth += i32::from(token == "(") - i32::from(token == ")");
            returning |= token == "return";
            returned |= returning && token == ";";
            if collective.contains(token) {
                if returned {
                    found.push((*line, "a barrier after a return"));
                }
                if open.iter().any(|head| !uniform(head)) {
                    found.push((*line, "a barrier that not all invocations may reach"));
                }
            }
            match token {
                "{" => {
                    // an else is reached where the condition before it is not met
                    let otherwise = head.first() == Some(&"else");
                    open.push(if otherwise { [closed.as_slice(), &head].concat() } else { head.clone() });
                    head.clear();
                }
                "}" => {
                    closed = open.pop().unwrap_or_default();
                    head.clear();
                }
                ";" if depth == 0 => head.clear(),
                token => head.push(token),
            }
        }
    }
    found
}

/// Whether the head of a block is made of parameters, overrides, constants, and what a `for` declares from these.
fn uniform(head: &[&str]) -> bool {
    let declared: Vec<&str> = head.windows(2).filter(|pair| pair[0] == "var").map(|pair| pair[1]).collect();
    let named = |token: &str| token.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    head.iter().filter(|token| named(token)).all(|token| {
        let constant = token.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
        let known = KEYWORDS.contains(token) || ["var", "let", "default"].contains(token);
        constant || known || token.starts_with("params.") || declared.contains(token)
    })
}

/// Words of language extensions, which not every browser has.
fn extensions(text: &str) -> Vec<(usize, &'static str)> {
    let words = ["enable", "requires", "f16", "vec2h", "vec3h", "vec4h", "subgroupAdd", "subgroupBarrier"];
    // a list of types is no token: its words are looked for in the text
    let lines = text.lines().enumerate().map(|(line, code)| (line + 1, code.split("//").next().unwrap_or("")));
    let apart = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    lines
        .filter(|(_, code)| code.split(apart).any(|word| words.contains(&word)))
        .map(|(line, _)| (line, "an extension"))
        .collect()
}

/// Everything that browsers would have against a file.
fn lint(text: &str, constants: &BTreeSet<String>, collective: &BTreeSet<String>) -> Vec<(usize, &'static str)> {
    [mixtures(text), constant_bitcasts(text, constants), barriers(text, collective), extensions(text)].concat()
}

/// The names that a file's `const` lines declare.
fn constants(text: &str) -> impl Iterator<Item = String> {
    text.lines().filter_map(|line| Some(line.strip_prefix("const ")?.split_once(':')?.0.to_string()))
}

#[test]
fn no_shader_has_what_browsers_refuse() {
    let files = files();
    let texts: Vec<_> = files.iter().map(|source| source.text).collect();
    let (constants, collective) = (texts.iter().flat_map(|text| constants(text)).collect(), collective(&texts));
    assert!(collective.contains("tally_workgroup"), "the lint sees the barriers of lib/tally");
    let refused = files.iter().flat_map(|source| {
        let found = lint(source.text, &constants, &collective);
        found.into_iter().map(|(line, why)| format!("shaders/{}.wgsl, line {line}: {why}", source.path))
    });
    let refused: Vec<_> = refused.collect();
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn the_lint_tells_what_browsers_refuse_from_what_they_take() {
    let constants = BTreeSet::from(["NAN_BITS".to_string()]);
    let linted = |text: &str| lint(text, &constants, &collective(&[text, "fn merge() { workgroupBarrier(); }"]));
    for refused in [
        "fn f() { let x = a | b & c; }",
        "fn f() { let x = a & b == c; }",
        "fn f() { let x = a << 2u + b; }",
        "fn f() { let x = a + b >> 2u; }",
        "fn f() { let x = a << b << c; }",
        "fn f() { if a && b || c { } }",
        "fn f() { return g(x, a < b && c > d || e); }",
        "fn f() { let x = a[i | j + 1u]; }",
        "fn f() { if a < b == c { } }",
        "fn f() { let x = bitcast<f32>(0x7fc00000u); }",
        "fn f() { let x = bitcast<f32>(NAN_BITS); }",
        "enable f16;",
        "fn f() { let x: vec2<f16> = y; }",
        "fn f() { if lane == 0u { workgroupBarrier(); } }",
        "fn f() { if lane == 0u { x = 1; } else { workgroupBarrier(); } }",
        "fn f() { if lane > n { return; } workgroupBarrier(); }",
        "fn f() { for (var i = lane; i < params.n; i += 1u) { merge(); } }",
        "fn f() { for (var i = 0u; i < counts[0]; i += 1u) { workgroupBarrier(); } }",
        "fn f() { while x < y { storageBarrier(); } }",
    ] {
        assert!(!linted(refused).is_empty(), "{refused}");
    }
    for taken in [
        "fn f() { let x = a | (b & c); }",
        "fn f() { let x = (a & b) == c; }",
        "fn f() { let x = a | b | c; }",
        "fn f() { let x = (a << 2u) + b; }",
        "fn f() { x |= 1u << k; }",
        "fn f() { if a < b && c > d && e == f { } }",
        "fn f() { if (a && b) || c { } }",
        "fn f() { let x = -a * b + c / d - 1e-38; }",
        "fn f() { let x = g(&state, *other, array<vec4<f32>, 256>()); }",
        "fn f() { let x = bitcast<f32>(params.nan); }",
        "// a | b & c",
        "fn f() { if LANES > 1u { workgroupBarrier(); } }",
        "fn f() { for (var i = 0u; i < params.n; i += 1u) { merge(); } if lane == 0u { return; } }",
        "fn f() { for (var w = LANES; w > 1u; w = (w + 15u) / 16u) { workgroupBarrier(); } }",
        "fn f() { if lane < 16u { x = 1; } workgroupBarrier(); }",
        "fn f() { return merge(); }",
    ] {
        assert_eq!(linted(taken), [], "{taken}");
    }
}
