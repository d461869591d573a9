//! Sums of losses as arguments: `cross_entropy + 0.5*dice(smooth_nr=1)`.
//!
//! ```text
//! sum      = ["-"] product { ("+" | "-") product }
//! product  = factor { ("*" | "/") factor }             at most one factor holds losses, and none is divided by losses
//! factor   = number | "(" sum ")" | loss
//! loss     = compound | id [ "(" [ argument { "," argument } ] ")" ]
//! argument = option "=" value | operand "=" name       the name that the arguments of the program give the operand; if an
//!                                                      option and an operand have one name, the value decides: a number
//!                                                      or `none` sets the option
//! compound = the name of a ready-made sum, which is replaced by that sum
//! value    = number | name | "none" | "true" | "false" | "[" number { "," number } "]"
//! ```

pub mod compounds;
mod parser;

use wgloss::header::{Kind, OptionSpec, Value};
use wgloss::{Loss, by_id};

/// The names that `--option` sets for the whole sum rather than for each loss, to true or false.
pub const FLAGS: [&str; 2] = ["empty_is_zero", "checked"];

/// A weighted sum of losses.
#[derive(Clone, Debug)]
pub struct Expression {
    /// The losses in order, at least one.
    pub summands: Vec<Summand>,
}

/// A loss of a sum.
#[derive(Clone, Debug)]
pub struct Summand {
    /// Its factor.
    pub weight: f64,
    /// Its id.
    pub id: &'static str,
    /// Its options, and its `reduction`.
    pub options: Vec<(String, Value)>,
    /// The operands to which the program's arguments give another name: the loss's own name, and the given one.
    pub renamed: Vec<(String, String)>,
}

impl Summand {
    /// The loss with its default options.
    pub fn loss(&self) -> Box<dyn Loss> {
        by_id(self.id).expect("the parser knew the id")
    }

    /// The name that the program's arguments give an operand.
    pub fn given<'a>(&'a self, operand: &'a str) -> &'a str {
        self.renamed.iter().find(|(own, _)| own == operand).map_or(operand, |(_, given)| given)
    }
}

impl Expression {
    /// Parses an expression. An error shows the place in the text.
    pub fn parse(text: &str) -> Result<Expression, String> {
        parser::summands(text).map(|summands| Expression { summands })
    }

    /// The names of all options of the losses, then `reduction` and the [`FLAGS`].
    pub fn options(&self) -> Vec<&'static str> {
        let mut names: Vec<&str> = Vec::new();
        let own = self.summands.iter().flat_map(|summand| summand.loss().specs()).map(|spec| spec.name);
        for name in own.chain(["reduction"]).chain(FLAGS) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// Whether this is a single loss, with the factor 1 and with its own names for operands.
    pub fn is_plain(&self) -> bool {
        matches!(&self.summands[..], [one] if one.weight == 1.0 && one.renamed.is_empty())
    }
}

/// Returns the description of the values that a loss takes for an option, or for its reduction if `spec` is `None`; `None` if
/// the loss takes this value.
pub fn refusal(loss: &dyn Loss, spec: Option<&OptionSpec>, value: &Value) -> Option<String> {
    let Some(spec) = spec else {
        let taken = loss.header().reductions.iter().map(wgloss::header::OptionType::get);
        let names: Vec<String> = taken.clone().map(|name| name.to_string()).collect();
        let is_taken = taken.into_iter().any(|name| name == *value);
        return (!is_taken).then(|| format!("one of {}", names.join(", ")));
    };
    let mut changed = by_id(loss.header().id)?;
    let place = changed.specs().iter().position(|known| known.name == spec.name)?;
    let in_range = match value {
        Value::Number(number) => spec.range.contains(*number),
        Value::Numbers(numbers) => !numbers.is_empty() && numbers.iter().all(|number| spec.range.contains(*number)),
        _ => true,
    };
    (!changed.set_at(place, value) || !in_range).then(|| spec.expected())
}

/// Parses the value of an option, or of the call's reduction.
pub fn value(text: &str, name: &str, kind: Option<Kind>) -> Value {
    if name == "reduction" { Value::Name(text.into()) } else { Value::of_text(text, kind) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_parsed_as_its_kind() {
        let choice = Some(Kind::Choice(&["softmax", "none"]));
        let name = |text: &str| Value::Name(text.into());
        let values = [
            ("none", "ignore_index", Some(Kind::IntegerOrNone), Value::None),
            ("none", "activation", choice, name("none")),
            ("none", "reduction", None, name("none")),
            ("true", "batch", Some(Kind::Flag), Value::Flag(true)),
            ("false", "batch", Some(Kind::Flag), Value::Flag(false)),
            ("-1.5e-3", "gamma", Some(Kind::Number), Value::Number(-1.5e-3)),
            ("255", "ignore_index", Some(Kind::Integer), Value::Number(255.0)),
            ("softmax", "activation", choice, name("softmax")),
            ("1,5", "gamma", Some(Kind::Number), name("1,5")),
            ("0.1,0.5", "quantiles", Some(Kind::Numbers), Value::Numbers(vec![0.1, 0.5])),
            ("0.1,high", "quantiles", Some(Kind::Numbers), name("0.1,high")),
            ("[0.1, 0.5]", "quantiles", Some(Kind::Numbers), Value::Numbers(vec![0.1, 0.5])),
            ("2", "unheard_of", None, Value::Number(2.0)),
        ];
        for (text, option, kind, expected) in values {
            assert_eq!(value(text, option, kind), expected, "{option}={text}");
        }
    }

    #[test]
    fn sums_are_taken_apart() {
        let shown = |text: &str| {
            let summand = |summand: &Summand| {
                let options: Vec<_> = summand.options.iter().map(|(name, value)| format!("{name}={value}")).collect();
                let renamed: Vec<_> = summand.renamed.iter().map(|(own, given)| format!("{own}<{given}")).collect();
                format!("{}*{}({})", summand.weight, summand.id, [options, renamed].concat().join(" "))
            };
            Expression::parse(text).unwrap().summands.iter().map(summand).collect::<Vec<_>>().join(" ")
        };
        for (text, expected) in [
            ("mse", "1*mse()"),
            ("cross_entropy + 0.5*dice", "1*cross_entropy() 0.5*dice()"),
            (" -mse*2 - l1 / 4", "-2*mse() -0.25*l1()"),
            ("2*(mse - 3*(l1))", "2*mse() -6*l1()"),
            ("(1/2)*mse + (-1)*l1", "0.5*mse() -1*l1()"),
            ("1e-3*.5e+1*huber(delta=2,reduction=sum)", "0.005*huber(delta=2 reduction=sum)"),
            ("quantile(quantiles=[0.1, 0.9], )", "1*quantile(quantiles=[0.1, 0.9])"),
            ("mse()+mse(input=a, target = b)", "1*mse() 1*mse(input<a target<b)"),
            ("sigmoid_focal(alpha=0.5)", "1*sigmoid_focal(alpha=0.5)"),
            ("sigmoid_focal(alpha=none)", "1*sigmoid_focal(alpha=none)"),
            ("sigmoid_focal(alpha=a)", "1*sigmoid_focal(alpha<a)"),
            ("dice(activation=none, ignore_index=none)", "1*dice(activation=none ignore_index=none)"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_sum_is_refused_at_its_place() {
        for (text, marked, why) in [
            ("", "^", "expected a loss or a number"),
            ("mse + dise", "      ^^^^", "there is no loss `dise`; did you mean dice?"),
            ("mse +", "     ^", "expected a loss or a number"),
            ("mse dice", "    ^", "expected `+`, `-`"),
            ("CrossEntropy()", "^^^^^^^^^^^^", "there is no loss `CrossEntropy`; did you mean cross_entropy?"),
            (
                "huber(dleta=1)",
                "      ^^^^^",
                "huber has no option `dleta`; did you mean delta? There are delta, reduction",
            ),
            ("2*3", "^^^", "expected a loss, of which"),
            ("mse + 2", "      ^", "expected a loss, of which"),
            ("mse * dice", "      ^^^^", "losses are added, not multiplied"),
            ("1/mse", "  ^^^", "losses are added, not multiplied"),
            ("2*(mse", "  ^", "this parenthesis is not closed"),
            ("huber(delta=1", "     ^", "this parenthesis is not closed"),
            ("huber(delta=-1)", "            ^^", "`delta` is -1, expected a number > 0"),
            ("huber(delta=wide)", "            ^^^^", "`delta` is wide, expected a number > 0"),
            ("huber(gamma=1)", "      ^^^^^", "huber has no option `gamma`, but delta, reduction, input"),
            ("huber(delta)", "      ^^^^^", "expected NAME=VALUE"),
            ("huber(delta=)", "            ^", "expected a value of `delta`"),
            ("huber(delta=1, delta=2)", "               ^^^^^", "`delta` is given twice"),
            ("dice(reduction=batch_mean)", "               ^^^^^^^^^^", "expected one of mean, sum, none"),
            ("1.2.3*mse", "^^^^^", "`1.2.3` is no number"),
            ("mse/0", "^^^^^", "the factor of mse is inf"),
            ("mse + µ", "      ^", "expected a loss or a number"),
        ] {
            let shown = Expression::parse(text).expect_err(text);
            let lines: Vec<&str> = shown.lines().collect();
            assert!(lines[0].contains(why), "{text}: {shown}");
            assert_eq!(lines[1..], [format!("  {text}"), format!("  {marked}")], "{shown}");
        }
        assert!(Expression::parse(&"(".repeat(10_000)).is_err());
    }

    /// If an option and an operand have one name, the parser decides by the value of the argument.
    #[test]
    fn an_option_with_the_name_of_an_operand_is_a_number_or_none() {
        for loss in wgloss::all() {
            for spec in loss.specs() {
                let tells = loss.header().operand(spec.name).is_none()
                    || matches!(spec.kind, Kind::Number | Kind::NumberOrNone);
                assert!(tells, "{}: {}", loss.header().id, spec.name);
            }
        }
    }
}
