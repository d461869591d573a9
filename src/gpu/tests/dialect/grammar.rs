//! Finds what browsers refuse in a text although naga accepts it. naga's module does not show these faults, so the text itself
//! is checked.

use crate::gpu::tests::tree::files;
use std::collections::BTreeSet;

/// Words after which an angle bracket begins a list of types, rather than being a comparison.
const TEMPLATES: &[&str] =
    &["array", "atomic", "bitcast", "mat3x4", "mat4x3", "mat4x4", "ptr", "var", "vec2", "vec3", "vec4"];

/// Words after which an operator is unary.
const KEYWORDS: &[&str] = &["return", "if", "else", "for", "while", "switch", "case"];

/// The tokens of a text, each with its line, without comments and lists of types.
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

/// Why WGSL's grammar refuses these binary operators in one expression without parentheses, if it does.
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

/// Finds expressions that mix operators without parentheses.
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

/// Finds all bitcasts of constants. Browsers refuse one to a float if the bits are a NaN or an infinity.
fn constant_bitcasts(text: &str, constants: &BTreeSet<String>) -> Vec<(usize, &'static str)> {
    let tokens = tokens(text);
    let constant = |token: &str| token.starts_with(|c: char| c.is_ascii_digit()) || constants.contains(token);
    let bitcasts =
        tokens.windows(4).filter(|w| w[0].1 == "bitcast" && w[1].1 == "(" && constant(&w[2].1) && w[3].1 == ")");
    bitcasts.map(|window| (window[0].0, "a bitcast of a constant")).collect()
}

/// Finds words of language extensions, which not every browser has.
fn extensions(text: &str) -> Vec<(usize, &'static str)> {
    let words = ["enable", "requires", "f16", "vec2h", "vec3h", "vec4h", "subgroupAdd", "subgroupBarrier"];
    // tokens leave out lists of types, so the whole text is searched
    let lines = text.lines().enumerate().map(|(line, code)| (line + 1, code.split("//").next().unwrap_or("")));
    let apart = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    lines
        .filter(|(_, code)| code.split(apart).any(|word| words.contains(&word)))
        .map(|(line, _)| (line, "an extension"))
        .collect()
}

/// Everything in a text that browsers would refuse.
fn lint(text: &str, constants: &BTreeSet<String>) -> Vec<(usize, &'static str)> {
    [mixtures(text), constant_bitcasts(text, constants), extensions(text)].concat()
}

/// The names that a file's `const` lines declare.
fn constants(text: &str) -> impl Iterator<Item = String> {
    text.lines().filter_map(|line| Some(line.strip_prefix("const ")?.split_once(':')?.0.to_string()))
}

/// The files that multiply matrices. Only Vulkan gets kernels with them, and their types look like comparisons.
const OF_VULKAN: &[&str] = &["geometry/matrix/", "geometry/own_halves/", "geometry/tile_products/matrices"];

#[test]
fn no_shader_contains_what_browsers_refuse() {
    let files: Vec<_> =
        files().iter().filter(|source| !OF_VULKAN.iter().any(|of| source.path.starts_with(of))).collect();
    let constants = files.iter().flat_map(|source| constants(source.text)).collect();
    let refused = files.iter().flat_map(|source| {
        let found = lint(source.text, &constants);
        found.into_iter().map(|(line, why)| format!("shaders/{}.wgsl, line {line}: {why}", source.path))
    });
    let refused: Vec<_> = refused.collect();
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn the_lint_tells_what_browsers_refuse_from_what_they_take() {
    let constants = BTreeSet::from(["NAN_BITS".to_string()]);
    let linted = |text: &str| lint(text, &constants);
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
    ] {
        assert_eq!(linted(taken), [], "{taken}");
    }
}
