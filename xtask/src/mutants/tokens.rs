//! Splits a WGSL file into tokens, as precisely as planting faults needs.

/// A token, and its position in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// Its text.
    pub text: &'a str,
    /// The offset of its first byte.
    pub start: usize,
    /// Whether it has white space on both sides.
    pub apart: bool,
}

impl Token<'_> {
    /// The offset after its last byte.
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether it is a name or a keyword.
    pub fn is_word(&self) -> bool {
        self.text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
    }
}

/// The operators of more than one character. A longer one comes before its prefixes.
const OPERATORS: &[&str] = &[
    "<<=", ">>=", "->", "&&", "||", "==", "!=", "<=", ">=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<", ">>",
    "++", "--",
];

/// The tokens of a file, without comments, so that a mutant keeps its name when a comment changes.
pub fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        }
        let length = match OPERATORS.iter().find(|operator| rest.starts_with(**operator)) {
            Some(operator) => operator.len(),
            None if first.is_ascii_digit() => number(rest),
            None if first.is_ascii_alphabetic() || first == '_' => {
                rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len())
            }
            None => first.len_utf8(),
        };
        let before = text[..at].ends_with(char::is_whitespace);
        let apart = before && rest[length..].starts_with(char::is_whitespace);
        tokens.push(Token { text: &rest[..length], start: at, apart });
        at += length;
    }
    tokens
}

/// The length of the number at the start of `text`.
fn number(text: &str) -> usize {
    let mut previous = ' ';
    let is_hex = text.starts_with("0x");
    let ends = |(_, c): &(usize, char)| {
        let exponent = !is_hex && matches!(previous, 'e' | 'E') && matches!(c, '+' | '-');
        previous = *c;
        !(c.is_ascii_alphanumeric() || *c == '.' || exponent)
    };
    text.char_indices().find(ends).map_or(text.len(), |(at, _)| at)
}

/// The index of the token that closes the bracket at `open`.
pub fn closing(tokens: &[Token<'_>], open: usize) -> Option<usize> {
    let mut depth = 0;
    for (place, token) in tokens.iter().enumerate().skip(open) {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(place);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<&str> {
        tokens(text).iter().map(|token| token.text).collect()
    }

    #[test]
    fn a_file_is_split_into_tokens() {
        assert_eq!(texts("x += 4u; // not 5u\ny"), ["x", "+=", "4u", ";", "y"]);
        assert_eq!(texts("1e-37-x<=0x7fu"), ["1e-37", "-", "x", "<=", "0x7fu"]);
        assert_eq!(texts("a.xy >> 2u"), ["a", ".", "xy", ">>", "2u"]);
        assert_eq!(texts("0.5*f(x)"), ["0.5", "*", "f", "(", "x", ")"]);
    }

    #[test]
    fn spaces_tell_comparisons_from_type_arguments() {
        let apart: Vec<bool> = tokens("vec4<f32>(a < b)").iter().map(|token| token.apart).collect();
        assert_eq!(apart, [false, false, false, false, false, false, true, false, false]);
    }

    #[test]
    fn brackets_close() {
        let tokens = tokens("f(a[1], (b)) + c");
        assert_eq!(closing(&tokens, 1), Some(10));
        assert_eq!(closing(&tokens, 3), Some(5));
        assert_eq!(closing(&tokens[..8], 1), None);
    }
}
