//! A sum of losses with the options and scales of the arguments: its term, and which denominators add up over pieces of the
//! batch.

use crate::expression::{Expression, FLAGS, Summand, refusal, value};
use crate::failure::Failure;
use crate::losses;
use wgloss::header::{OptionType, Role, Value};
use wgloss::{Array, DType, Error, Loss, Observation, Reduction, Scale, Term};

/// A sum of losses, with options and scales for all of them.
pub struct Call {
    /// The losses.
    pub expression: Expression,
    /// The options of each loss, and its `reduction`.
    options: Vec<Vec<(String, Value)>>,
    /// Whether the last axis of the predictions is their class axis.
    pub class_axis_last: bool,
    /// The upstream gradient, which scales the gradients.
    pub upstream: Option<Scale<Array>>,
    /// The denominator of all sums.
    pub divide_by: Option<Scale<Array>>,
    /// The index in the batch of the first row.
    pub rows_from: Option<usize>,
    /// Whether a mean over nothing is 0 rather than NaN.
    pub empty_is_zero: bool,
    pub checked: bool,
    /// The observations to compute, each by the losses that can make it.
    pub observations: Vec<Observation>,
}

/// An operand before it is read: its name, its dtype and its shape.
pub type Known<'a> = (&'a str, DType, &'a [usize]);

impl Call {
    /// The sum with the options of the program's arguments, which go to each loss that has them.
    pub fn new(expression: &Expression, options: &[(String, String)], class_axis_last: bool) -> Result<Call, Failure> {
        for (place, (name, _)) in options.iter().enumerate() {
            let inside = |summand: &Summand| summand.options.iter().any(|(own, _)| own == name);
            if options[..place].iter().any(|(earlier, _)| earlier == name) || expression.summands.iter().any(inside) {
                return Err(Failure::Input(format!("--option {name} is given twice")));
            }
        }
        let has = |summand: &Summand, name: &str| {
            name == "reduction" || FLAGS.contains(&name) || summand.loss().specs().iter().any(|spec| spec.name == name)
        };
        if let Some((name, _)) = options.iter().find(|(name, _)| !expression.summands.iter().any(|one| has(one, name)))
        {
            let ids: Vec<&str> = expression.summands.iter().map(|summand| summand.id).collect();
            return Err(Failure::Input(losses::without(&ids, "option", name, &expression.options())));
        }
        let of = |summand: &Summand| {
            let loss = summand.loss();
            let specs = loss.specs();
            let mut all = summand.options.clone();
            for (name, text) in options.iter().filter(|(name, _)| has(summand, name)) {
                let spec = specs.iter().find(|spec| spec.name == *name);
                let value = value(text, name, spec.map(|spec| spec.kind));
                if (spec.is_some() || name == "reduction")
                    && let Some(expected) = refusal(&*loss, spec, &value)
                {
                    let why = format!("{}: option `{name}` is {text}, expected {expected}", summand.id);
                    return Err(Failure::Input(why));
                }
                all.push((name.clone(), value));
            }
            Ok(all)
        };
        let is_set = |flag: &str| options.iter().any(|(name, text)| name == flag && text == "true");
        let (empty_is_zero, checked) = (is_set("empty_is_zero"), is_set("checked"));
        let options = expression.summands.iter().map(of).collect::<Result<_, Failure>>()?;
        let expression = expression.clone();
        Ok(Call {
            expression,
            options,
            class_axis_last,
            upstream: None,
            divide_by: None,
            rows_from: None,
            empty_is_zero,
            checked,
            observations: Vec::new(),
        })
    }

    /// Refuses the name of an operand that no loss has.
    pub fn check_operands<'a>(&self, mut names: impl Iterator<Item = &'a str>) -> Result<(), Failure> {
        let known = self.operands();
        match names.find(|name| !known.iter().any(|known| known == name)) {
            None => Ok(()),
            Some(unknown) => {
                let ids: Vec<&str> = self.expression.summands.iter().map(|summand| summand.id).collect();
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                Err(Failure::Input(losses::without(&ids, "operand", unknown, &known)))
            }
        }
    }

    /// The term with these operands.
    pub fn term(&self, given: &[(String, Array)]) -> Result<Term<Array>, Error> {
        let names = self.names();
        let mut sum: Option<Term<Array>> = None;
        for ((summand, options), name) in self.expression.summands.iter().zip(&self.options).zip(&names) {
            let mut term = self.summand(summand, options, given)?.named(name);
            for observation in self.observations.iter().filter(|observation| self.gets(summand, **observation)) {
                term = term.observe(*observation);
            }
            let term = summand.weight as f32 * term;
            sum = Some(match sum {
                Some(sum) => sum + term,
                None => term,
            });
        }
        let mut term = sum.ok_or_else(|| self.refuse("input", "is given to no loss"))?;
        if let Some(upstream) = &self.upstream {
            term = term.upstream(upstream.clone());
        }
        if let Some(denominator) = &self.divide_by {
            term = term.divide_by(denominator.clone());
        }
        if let Some(first) = self.rows_from {
            term = term.rows_from(first);
        }
        if self.empty_is_zero {
            term = term.empty_is_zero();
        }
        Ok(if self.checked { term.checked() } else { term })
    }

    /// Whether a loss is asked for an observation. If no loss can make it, the first is asked, and refuses it.
    fn gets(&self, summand: &Summand, observation: Observation) -> bool {
        let makes = |summand: &Summand| observation.is_of(&*summand.loss());
        let summands = &self.expression.summands;
        makes(summand) || (summand.id == summands[0].id && !summands.iter().any(makes))
    }

    /// The observation that the part of this name holds, if any.
    pub fn observation(&self, part: &str) -> Option<Observation> {
        Observation::of_part(part).filter(|observation| self.observations.contains(observation))
    }

    fn summand(
        &self,
        summand: &Summand,
        options: &[(String, Value)],
        given: &[(String, Array)],
    ) -> Result<Term<Array>, Error> {
        let loss = summand.loss();
        let header = loss.header();
        let prediction = header.operands[0].name;
        let mut operands: Vec<(String, Array)> = Vec::new();
        for spec in header.operands {
            let named = given.iter().filter(|(name, _)| name == summand.given(spec.name));
            operands.extend(named.map(|(_, array)| (spec.name.to_string(), array.clone())));
        }
        // the library refuses an operand that a single loss doesn't take; in a sum, another loss may take it
        for (name, array) in given {
            let takes =
                |other: &Summand| other.loss().header().operands.iter().any(|spec| other.given(spec.name) == name);
            if !self.expression.summands.iter().any(takes) {
                match self.expression.is_plain() {
                    true => operands.push((name.clone(), array.clone())),
                    false => return Err(self.refuse(name, "is taken by no loss of the sum")),
                }
            }
        }
        if self.class_axis_last {
            let predictions = operands.iter_mut().filter(|(name, _)| name == prediction);
            predictions.for_each(|(_, array)| *array = array.clone().class_axis_last());
        }
        let options = options.iter().map(|(name, value)| (name.as_str(), value.clone()));
        Term::from_options(loss, options, operands.iter().map(|(name, array)| (name.as_str(), array)))
    }

    fn refuse(&self, operand: &str, reason: &str) -> Error {
        let loss = self.expression.summands[0].id;
        Error::InvalidOperand { loss, operand: operand.into(), reason: reason.into() }
    }

    /// The names that the losses have in the parts: their ids, with a number if an earlier loss has the same id.
    fn names(&self) -> Vec<String> {
        let summands = &self.expression.summands;
        let name = |(place, summand): (usize, &Summand)| match summands[..place]
            .iter()
            .filter(|other| other.id == summand.id)
            .count()
        {
            0 => summand.id.to_string(),
            earlier => format!("{}#{}", summand.id, earlier + 1),
        };
        summands.iter().enumerate().map(name).collect()
    }

    /// Whether a part's denominator adds up over pieces, as its sum does. It does not if the call sets it, or if the reduction
    /// is `sum`.
    pub fn adds_denominators(&self, part: &str) -> bool {
        let names = self.names();
        let of = |name: &String| {
            part.strip_prefix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let place = names.iter().position(of);
        self.divide_by.is_none() && place.is_none_or(|place| self.reduction(place) != Reduction::Sum)
    }

    /// The names that the program's arguments give the operands of all losses.
    pub fn operands(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for summand in &self.expression.summands {
            let given = summand.loss().header().operands.iter().map(|spec| summand.given(spec.name).to_string());
            given.for_each(|name| {
                if !names.contains(&name) {
                    names.push(name)
                }
            });
        }
        names
    }

    /// The name that the program's arguments give an operand of a loss; `None` if losses of this id have several.
    pub fn given(&self, loss: &str, own: &str) -> Option<String> {
        let mut names = self.expression.summands.iter().filter(|summand| summand.id == loss);
        let name = names.next()?.given(own);
        names.all(|other| other.given(own) == name).then(|| name.into())
    }

    /// The option by which a loss leaves out the label that it refuses, if it has one.
    pub fn ignoring(&self, error: &Error) -> Option<String> {
        let Error::LabelOutOfRange { loss, operand, value, .. } = error else { return None };
        let known = wgloss::by_id(loss)?;
        // the option does not concern an index of another kind, such as that of a segment
        let is_label =
            known.header().operand(operand).is_some_and(|spec| matches!(spec.role, Role::Target | Role::Labels));
        let has = is_label && known.specs().iter().any(|spec| spec.name == "ignore_index");
        has.then(|| format!("`--option ignore_index={value}` leaves such labels out"))
    }

    /// Whether the loss is reduced to one number.
    pub fn is_reduced(&self) -> bool {
        (0..self.options.len()).all(|place| self.reduction(place) != Reduction::None)
    }

    fn reduction(&self, place: usize) -> Reduction {
        let given = self.options[place].iter().find(|(name, _)| name == "reduction");
        given.and_then(|(_, value)| Reduction::from_value(value)).unwrap_or_default()
    }

    /// The losses with their options; an option that can't be set keeps its default.
    pub fn losses(&self) -> impl Iterator<Item = (&Summand, Box<dyn Loss>)> {
        self.expression.summands.iter().zip(&self.options).map(|(summand, options)| {
            let mut loss = summand.loss();
            let specs = loss.specs();
            for (name, value) in options {
                if let Some(place) = specs.iter().position(|spec| spec.name == name) {
                    loss.set_at(place, value);
                }
            }
            (summand, loss)
        })
    }

    /// Whether an operand of integers has to be read as floats, because a loss takes it as floats or as a target of the
    /// prediction's own shape.
    pub fn wants_floats(&self, (name, _, shape): Known<'_>, known: &[Known<'_>]) -> bool {
        self.expression.summands.iter().any(|summand| {
            let operands = summand.loss().header().operands;
            let prediction = known.iter().find(|(name, ..)| *name == summand.given(operands[0].name));
            let uses = operands.iter().filter(|spec| summand.given(spec.name) == name);
            uses.into_iter().any(|spec| match spec.role {
                Role::Target => prediction.is_some_and(|(.., leader)| *leader == shape),
                role => !role.is_integer(),
            })
        })
    }
}
