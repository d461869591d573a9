//! The words and marks of a WGSL text, with the lines that they stand on.

/// The kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// White space or a comment.
    Space,
    /// A name or a keyword.
    Word,
    /// A digit with the letters, digits and underscores after it: `1.5` is three tokens.
    Number,
    /// Any other character.
    Mark,
}

/// A piece of a text. All tokens together make up the whole text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub kind: Kind,
    pub text: &'a str,
    /// The line that it begins on, from 1.
    pub line: usize,
}

/// Splits a text into tokens. It accepts any text, and leaves it to the compiler to refuse what is no WGSL.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let (mut tokens, mut rest, mut line) = (Vec::new(), text, 1);
    while let Some(first) = rest.chars().next() {
        let (kind, length) = measure(rest, first);
        let (text, after) = rest.split_at(length);
        tokens.push(Token { kind, text, line });
        line += text.matches('\n').count();
        rest = after;
    }
    tokens
}

/// The kind and the length of the token that a text begins with.
fn measure(text: &str, first: char) -> (Kind, usize) {
    let until = |ends: &dyn Fn(char) -> bool| text.find(ends).unwrap_or(text.len());
    let in_word = |c: char| c.is_alphanumeric() || c == '_';
    match first {
        _ if text.starts_with("//") => (Kind::Space, until(&|c| c == '\n')),
        _ if text.starts_with("/*") => (Kind::Space, block_comment(text)),
        c if c.is_whitespace() => (Kind::Space, until(&|c| !c.is_whitespace())),
        c if c.is_numeric() => (Kind::Number, until(&|c| !in_word(c))),
        c if in_word(c) => (Kind::Word, until(&|c| !in_word(c))),
        c => (Kind::Mark, c.len_utf8()),
    }
}

/// The length of a block comment. Block comments nest.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0usize, 0);
    while let Some(step) = text[at..].find(['/', '*']) {
        at += step;
        match text.get(at..at + 2) {
            Some("/*") => depth += 1,
            Some("*/") => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    text.len()
}
