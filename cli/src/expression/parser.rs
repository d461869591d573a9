//! Parses the text of a sum of losses, by the grammar in `expression.rs`.

use super::compounds;
use super::{Summand, refusal, value};
use crate::losses;
use wgloss::{Loss, by_id};

/// How deep parentheses may be nested.
const DEEPEST: usize = 32;

/// Parses a sum, and returns its losses. An error shows the place in the text.
pub fn summands(text: &str) -> Result<Vec<Summand>, String> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    let parsed = parser.sum().and_then(|sum| {
        parser.skip_blanks();
        match parser.at < text.len() {
            true => Err(parser.wrong(parser.at, 1, "expected `+`, `-`, `*`, `/` or the end")),
            false => sum.losses(&parser, 0).and_then(|losses| parser.finite(losses)),
        }
    });
    parsed.map_err(|wrong| wrong.shown(text))
}

/// An error, and its place in the text.
struct Wrong {
    at: usize,
    length: usize,
    why: String,
}

impl Wrong {
    /// The reason, the text, and carets under the place.
    fn shown(&self, text: &str) -> String {
        let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let before = text.get(..self.at).map_or(0, |before| before.chars().count());
        let marked = text.get(self.at..self.at + self.length).map_or(1, |marked| marked.chars().count());
        format!("{}\n  {line}\n  {}{}", self.why, " ".repeat(before), "^".repeat(marked.max(1)))
    }
}

/// The value of a part of an expression.
enum Parsed {
    Number(f64),
    Losses(Vec<Summand>),
}

impl Parsed {
    fn losses(self, parser: &Parser<'_>, from: usize) -> Result<Vec<Summand>, Wrong> {
        match self {
            Parsed::Losses(losses) => Ok(losses),
            Parsed::Number(_) => {
                let length = parser.text[from..parser.at].trim_end().len();
                Err(parser.wrong(from, length, "expected a loss, of which a number may be the factor"))
            }
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn wrong(&self, at: usize, length: usize, why: impl Into<String>) -> Wrong {
        Wrong { at, length, why: why.into() }
    }

    /// Refuses factors that are not finite in f32.
    fn finite(&self, losses: Vec<Summand>) -> Result<Vec<Summand>, Wrong> {
        match losses.iter().find(|loss| !(loss.weight as f32).is_finite()) {
            Some(Summand { id, weight, .. }) => {
                Err(self.wrong(0, self.text.len(), format!("the factor of {id} is {weight}, expected a finite number")))
            }
            None => Ok(losses),
        }
    }

    fn skip_blanks(&mut self) {
        self.at = self.text.len() - self.text[self.at..].trim_start().len();
    }

    fn eat(&mut self, token: char) -> bool {
        self.skip_blanks();
        let found = self.text[self.at..].starts_with(token);
        self.at += if found { token.len_utf8() } else { 0 };
        found
    }

    /// Takes the longest text from here on whose characters all satisfy `is`.
    fn while_(&mut self, is: impl Fn(char) -> bool) -> &'a str {
        let rest = &self.text[self.at..];
        let word = &rest[..rest.find(|c| !is(c)).unwrap_or(rest.len())];
        self.at += word.len();
        word
    }

    fn sum(&mut self) -> Result<Parsed, Wrong> {
        self.skip_blanks();
        let from = self.at;
        let mut sign = if self.eat('-') { -1.0 } else { 1.0 };
        let mut sum: Option<Vec<Summand>> = None;
        loop {
            self.skip_blanks();
            let start = self.at;
            let product = self.product()?;
            let is_last = !matches!(self.peek(), Some('+' | '-'));
            match (product, &mut sum) {
                // a number in parentheses is a number
                (Parsed::Number(number), None) if is_last => return Ok(Parsed::Number(sign * number)),
                (product, sum) => {
                    let from = if sum.is_some() { start } else { from };
                    let mut losses = product.losses(self, from)?;
                    losses.iter_mut().for_each(|loss| loss.weight *= sign);
                    sum.get_or_insert_default().append(&mut losses);
                }
            }
            sign = match () {
                _ if self.eat('+') => 1.0,
                _ if self.eat('-') => -1.0,
                _ => return Ok(Parsed::Losses(sum.unwrap_or_default())),
            };
        }
    }

    fn peek(&mut self) -> Option<char> {
        self.skip_blanks();
        self.text[self.at..].chars().next()
    }

    fn product(&mut self) -> Result<Parsed, Wrong> {
        let mut product = self.factor()?;
        loop {
            let divides = match () {
                _ if self.eat('*') => false,
                _ if self.eat('/') => true,
                _ => return Ok(product),
            };
            self.skip_blanks();
            let from = self.at;
            let factor = self.factor()?;
            product = match (product, factor) {
                (Parsed::Number(a), Parsed::Number(b)) => Parsed::Number(if divides { a / b } else { a * b }),
                (Parsed::Losses(mut losses), Parsed::Number(number)) => {
                    let factor = if divides { 1.0 / number } else { number };
                    losses.iter_mut().for_each(|loss| loss.weight *= factor);
                    Parsed::Losses(losses)
                }
                (Parsed::Number(number), Parsed::Losses(mut losses)) if !divides => {
                    losses.iter_mut().for_each(|loss| loss.weight *= number);
                    Parsed::Losses(losses)
                }
                (_, Parsed::Losses(_)) => {
                    let length = self.text[from..self.at].trim_end().len();
                    return Err(self.wrong(from, length, "expected a number: losses are added, not multiplied"));
                }
            };
        }
    }

    fn factor(&mut self) -> Result<Parsed, Wrong> {
        match self.peek() {
            Some('(') => {
                let open = self.at;
                self.at += 1;
                self.depth += 1;
                if self.depth > DEEPEST {
                    return Err(self.wrong(open, 1, format!("more than {DEEPEST} parentheses are open")));
                }
                let sum = self.sum()?;
                self.depth -= 1;
                if self.eat(')') { Ok(sum) } else { Err(self.wrong(open, 1, "this parenthesis is not closed")) }
            }
            Some('0'..='9' | '.') => self.number(),
            // no id has a capital, but for a name such as `CrossEntropy` the error suggests the id
            Some('a'..='z' | 'A'..='Z') => self.losses().map(Parsed::Losses),
            Some(other) => Err(self.wrong(self.at, other.len_utf8(), "expected a loss or a number")),
            None => Err(self.wrong(self.text.len(), 0, "expected a loss or a number")),
        }
    }

    fn number(&mut self) -> Result<Parsed, Wrong> {
        let from = self.at;
        self.while_(|c| c.is_ascii_digit() || c == '.');
        if self.text[self.at..].starts_with(['e', 'E']) {
            self.at += 1;
            self.at += usize::from(self.text[self.at..].starts_with(['+', '-']));
            self.while_(|c| c.is_ascii_digit());
        }
        let text = &self.text[from..self.at];
        match text.parse() {
            Ok(number) => Ok(Parsed::Number(number)),
            Err(_) => Err(self.wrong(from, text.len(), format!("`{text}` is no number"))),
        }
    }

    /// Parses a loss, or the name of a ready-made sum into its losses.
    fn losses(&mut self) -> Result<Vec<Summand>, Wrong> {
        let from = self.at;
        let id = self.while_(|c| c.is_ascii_alphanumeric() || c == '_');
        let Some(compound) = compounds::named(id) else {
            self.at = from;
            return Ok(vec![self.loss()?]);
        };
        if self.peek() == Some('(') {
            let why = format!("{id} stands for {}, and takes no options: write the sum with them", compound.sum);
            return Err(self.wrong(from, id.len(), why));
        }
        summands(compound.sum).map_err(|why| self.wrong(from, id.len(), why))
    }

    fn loss(&mut self) -> Result<Summand, Wrong> {
        let from = self.at;
        let id = self.while_(|c| c.is_ascii_alphanumeric() || c == '_');
        let loss = by_id(id).ok_or_else(|| self.wrong(from, id.len(), losses::unknown(id, &losses::names())))?;
        let mut summand = Summand { weight: 1.0, id: loss.header().id, options: Vec::new(), renamed: Vec::new() };
        self.skip_blanks();
        let open = self.at;
        if !self.eat('(') {
            return Ok(summand);
        }
        while !self.eat(')') {
            self.argument(&*loss, &mut summand)?;
            if !self.eat(',') {
                if self.eat(')') {
                    break;
                }
                return Err(self.wrong(open, 1, "this parenthesis is not closed"));
            }
        }
        Ok(summand)
    }

    fn argument(&mut self, loss: &dyn Loss, summand: &mut Summand) -> Result<(), Wrong> {
        self.skip_blanks();
        let from = self.at;
        let name = self.while_(|c| c.is_ascii_alphanumeric() || c == '_');
        if name.is_empty() || !self.eat('=') {
            return Err(self.wrong(from, name.len().max(1), "expected NAME=VALUE: an option, or an operand's name"));
        }
        let given = summand.options.iter().map(|(name, _)| name).chain(summand.renamed.iter().map(|(own, _)| own));
        if given.into_iter().any(|given| given == name) {
            return Err(self.wrong(from, name.len(), format!("`{name}` is given twice")));
        }
        self.skip_blanks();
        let value_at = self.at;
        let text = self.value();
        if text.is_empty() {
            return Err(self.wrong(value_at, 1, format!("expected a value of `{name}`")));
        }
        let specs = loss.specs();
        let spec = specs.iter().find(|spec| spec.name == name);
        // if an option and an operand have this name, a number or `none` sets the option
        let is_option = spec.is_some() && (text == "none" || text.parse::<f64>().is_ok());
        if loss.header().operand(name).is_some() && !is_option {
            summand.renamed.push((name.into(), text.into()));
            return Ok(());
        }
        if spec.is_none() && name != "reduction" {
            let operands = loss.header().operands.iter().map(|spec| spec.name);
            let known: Vec<&str> = specs.iter().map(|spec| spec.name).chain(["reduction"]).chain(operands).collect();
            let why = losses::without(&[summand.id], "option", name, &known);
            return Err(self.wrong(from, name.len(), why));
        }
        let parsed = value(text, name, spec.map(|spec| spec.kind));
        let expected = refusal(loss, spec, &parsed);
        if let Some(expected) = expected {
            return Err(self.wrong(value_at, text.len(), format!("`{name}` is {text}, expected {expected}")));
        }
        summand.options.push((name.into(), parsed));
        Ok(())
    }

    /// The text of a value, up to the comma or the parenthesis after it.
    fn value(&mut self) -> &'a str {
        let from = self.at;
        let in_brackets = self.text[from..].starts_with('[');
        match in_brackets {
            true => {
                self.while_(|c| c != ']');
                self.eat(']');
            }
            false => drop(self.while_(|c| !matches!(c, ',' | '(' | ')'))),
        }
        self.text[from..self.at].trim()
    }
}
