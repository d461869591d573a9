//! Fuzzes labels, masks and ignored positions on the CPU twins. Masked and ignored elements may hold anything.

use wgloss::custom::Leaf;
use wgloss::fuzzing::Draw;
use wgloss::header::{Axis, Domain, Kind, OperandSpec, Role, Sizes, Value};
use wgloss::{Array, ClassAxis, DType, Data, Error, Loss, Reduction, Term, cpu};

/// The most elements of an operand.
const MOST_ELEMENTS: usize = 256;

/// Draws a loss and its operands, then runs the twin three times: as drawn, with other values in masked and ignored
/// elements, and with bad labels.
///
/// # Panics
/// If a masked or ignored value changes a result, a bad label is accepted, a good one is refused, or the loss is not finite
/// although every option has its default and some value takes part.
pub fn labels(bytes: &[u8]) {
    let mut draw = Draw(bytes);
    let losses = wgloss::all();
    let Some(call) = Call::drawn(&*losses[draw.below(losses.len())], &mut draw) else { return };
    let Ok(answer) = call.evaluate(&call.operands) else { return };
    call.assert_finite(&answer);
    call.assert_left_out(&answer, &mut draw);
    call.assert_labels(&mut draw);
}

/// A loss, its options and its operands.
struct Call {
    loss: Box<dyn Loss>,
    options: Vec<(&'static str, Value)>,
    reduction: Reduction,
    axis: ClassAxis,
    sizes: Sizes,
    operands: Vec<(&'static OperandSpec, Array)>,
    labels: Option<Labels>,
    /// For each value of the loss, or each position of a region loss with labels, whether it is neither masked nor ignored.
    counted: Vec<bool>,
}

/// The operand with labels: its name, the number of classes, and the label that is ignored.
struct Labels {
    name: &'static str,
    count: usize,
    ignored: Option<i64>,
}

/// The twin's answer.
struct Answer {
    loss: Vec<f64>,
    /// The sums and denominators of all parts.
    parts: Vec<f64>,
    gradients: Vec<(&'static OperandSpec, Vec<f64>)>,
}

impl Call {
    fn drawn(loss: &dyn Loss, draw: &mut Draw<'_>) -> Option<Call> {
        let header = loss.header();
        // this function draws neither lengths for which there is an alignment nor segments; a composite takes neither
        // labels nor a mask
        if matches!(loss.leaf(), Leaf::Composite(_) | Leaf::Alignments(_) | Leaf::Segments(_)) {
            return None;
        }
        let mut loss = (header.default)();
        let plain = draw.flag();
        let specs = loss.specs();
        let options: Vec<_> =
            specs.iter().filter(|_| !plain).filter_map(|spec| Some((spec.name, draw.option(spec)?))).collect();
        for (name, value) in &options {
            let place = specs.iter().position(|spec| spec.name == *name)?;
            assert!(loss.set_at(place, value), "{}: {name} refuses {value}", header.id);
        }
        let axis = draw.of(&[ClassAxis::Second, ClassAxis::Last]);
        let mut shape = shape(&*loss, draw);
        if specs.iter().any(|spec| spec.kind == Kind::Numbers) {
            *shape.last_mut()? = 1;
        }
        if shape.iter().product::<usize>() > MOST_ELEMENTS {
            return None;
        }
        let dense = draw.below(3) == 0;
        let sizes = Sizes::new(&*loss, &shape, axis, dense);
        let free = 1 + draw.below(6);
        let ignored = specs.iter().zip(loss.values()).find(|(spec, _)| spec.name == "ignore_index");
        let ignored = ignored.and_then(|(_, value)| if let Value::Number(x) = value { Some(x as i64) } else { None });
        let classes = class_count(&shape, axis);
        let labels = header.operands.iter().find_map(|spec| {
            let count = match (spec.role, loss.leaf()) {
                (Role::Target, _) if dense => return None,
                (Role::Target | Role::Labels, Leaf::Region(_)) => classes.max(2),
                (Role::Target | Role::Labels, Leaf::Linear(_)) | (Role::Index, _) => free,
                (Role::Target | Role::Labels, _) => classes,
                _ => return None,
            };
            Some(Labels { name: spec.name, count, ignored: ignored.filter(|_| spec.role != Role::Index) })
        });
        let mut operands = Vec::new();
        for spec in header.operands {
            if spec.optional && spec.role != Role::Mask && draw.flag() {
                continue;
            }
            let length = |axis| if let Axis::Of(length) | Axis::AtMost(length) = axis { length } else { free };
            let shape: Vec<usize> = sizes.shape(spec.role).into_iter().map(length).collect();
            let count = shape.iter().product::<usize>();
            let own = labels.as_ref().filter(|labels| labels.name == spec.name);
            let array = match own {
                Some(labels) => labels.drawn(count, shape, draw),
                None if spec.role.is_integer() => {
                    Array::new(&(0..count).map(|_| draw.below(3) as i32).collect::<Vec<_>>(), shape)
                }
                None => Array::new(&numbers(spec.domain, count, draw), shape),
            };
            operands.push((spec, array.expect("as many elements as the shape has").with_class_axis(axis)));
        }
        let mut call = Call {
            loss,
            options,
            reduction: draw.of(header.reductions),
            axis,
            sizes,
            operands,
            labels,
            counted: Vec::new(),
        };
        call.counted = call.counted();
        Some(call)
    }

    /// For each value of the loss, or each position of a region loss with labels, whether mask and labels let it take part.
    fn counted(&self) -> Vec<bool> {
        let of_regions = matches!(self.loss.leaf(), Leaf::Region(_));
        let positions = self.labels.as_ref().filter(|_| of_regions).and_then(|labels| self.operand(labels.name));
        let count = positions.map_or_else(|| self.sizes.values.iter().product(), Array::len);
        let mut counted = vec![true; count];
        if let Some(mask) = self.operands.iter().find(|(spec, _)| spec.role == Role::Mask) {
            counted.iter_mut().zip(mask.1.to_f64()).for_each(|(counts, kept)| *counts &= kept != 0.0);
        }
        if let Some((labels, ignored)) = self.labels.as_ref().and_then(|labels| Some((labels, labels.ignored?)))
            && let Some(array) = self.operand(labels.name)
        {
            counted.iter_mut().zip(integers(array)).for_each(|(counts, label)| *counts &= label != ignored);
        }
        counted
    }

    fn operand(&self, name: &str) -> Option<&Array> {
        self.operands.iter().find(|(spec, _)| spec.name == name).map(|(_, array)| array)
    }

    fn evaluate(&self, operands: &[(&'static OperandSpec, Array)]) -> Result<Answer, Error> {
        let options =
            self.options.iter().cloned().chain([("reduction", wgloss::header::OptionType::get(&self.reduction))]);
        let named = operands.iter().map(|(spec, array)| (spec.name, array));
        let term = Term::from_options((self.loss.header().default)(), options, named)?;
        let of: Vec<_> = operands.iter().filter(|(spec, _)| spec.gradient).collect();
        let (outcome, gradients) = cpu::gradient_list(&term, &of.iter().map(|(_, array)| array).collect::<Vec<_>>())?;
        Ok(Answer {
            loss: outcome.tensor().to_f64(),
            parts: outcome.parts().iter().flat_map(|part| [part.sum, part.denominator]).collect(),
            gradients: of.iter().zip(gradients).map(|((spec, _), array)| (*spec, array.to_f64())).collect(),
        })
    }

    /// The place in `counted` of the value that an element of an operand belongs to, if it belongs to one only.
    fn value_of(&self, spec: &OperandSpec, element: usize) -> Option<usize> {
        let shape = &self.sizes.leader;
        let width = || shape.last().copied().unwrap_or(1).max(1);
        let per_item = || shape.iter().skip(1).product::<usize>().max(1);
        let by_item = self.loss.header().operands.iter().any(|spec| spec.role == Role::Index);
        let of_position = |element: usize| {
            // the order of positions and classes depends on the class axis
            let c = class_count(shape, self.axis).max(1);
            let s = per_item() / c;
            match self.axis {
                ClassAxis::Last => element / c,
                ClassAxis::Second => element / (c * s.max(1)) * s + element % s.max(1),
            }
        };
        Some(match (spec.role, self.loss.leaf()) {
            (Role::Mask, _) => return None,
            (Role::Weight, Leaf::Region(_)) => return None,
            (Role::Weight | Role::SampleWeight, _) => element,
            (Role::Element, Leaf::Pointwise(_)) if by_item => element / per_item(),
            (Role::Element, Leaf::Pointwise(_)) => element,
            (Role::Element, Leaf::Boxes(_)) => element / 4,
            (Role::Element, Leaf::Vectors(_)) | (Role::Rows, Leaf::Linear(_) | Leaf::LinearDivergence(_)) => {
                element / width()
            }
            (Role::Row, Leaf::Vectors(_)) | (Role::Index, _) => element,
            (Role::Target, _) if self.sizes.dense => of_position(element),
            (Role::Target | Role::Labels, _) => element,
            (Role::Classes | Role::Dense, _) => of_position(element),
            _ => return None,
        })
    }

    /// Asserts that the loss and all gradients are finite, if they have to be.
    fn assert_finite(&self, answer: &Answer) {
        // other options may lead to infinities, and the mean over no elements is NaN
        if !self.options.is_empty()
            || self.sizes.leader.contains(&0)
            || answer.parts.iter().skip(1).step_by(2).any(|&denominator| denominator == 0.0)
        {
            return;
        }
        let id = self.loss.header().id;
        assert!(answer.loss.iter().all(|x| x.is_finite()), "{id}: {:?} of {:?}", answer.loss, self.operands);
        for (spec, gradient) in &answer.gradients {
            assert!(gradient.iter().all(|x| x.is_finite()), "{id}: {gradient:?} of `{}`", spec.name);
        }
    }

    /// Asserts that masked and ignored elements have no gradient, and may hold anything.
    fn assert_left_out(&self, answer: &Answer, draw: &mut Draw<'_>) {
        let id = self.loss.header().id;
        if self.counted.iter().all(|counts| *counts) {
            return;
        }
        let left_out = |spec: &OperandSpec, element: usize| {
            self.value_of(spec, element).is_some_and(|value| self.counted.get(value) == Some(&false))
        };
        for (spec, gradient) in &answer.gradients {
            let zeros = gradient.iter().enumerate().all(|(element, d)| !left_out(spec, element) || *d == 0.0);
            assert!(zeros, "{id}: {gradient:?} of `{}`, where {:?} counts", spec.name, self.counted);
        }
        let others = self.operands.iter().map(|(spec, array)| {
            let other = match array.dtype().is_float() {
                true => {
                    let replaced = array.to_f64().into_iter().enumerate().map(|(element, x)| {
                        let any =
                            if left_out(spec, element) { draw.of(&[f64::NAN, f64::INFINITY, -1e30, 7.0]) } else { x };
                        any as f32
                    });
                    Array::new(&replaced.collect::<Vec<f32>>(), array.shape())
                }
                // an ignored label stays; a masked label may be any valid one
                false => {
                    let ignored =
                        self.labels.as_ref().filter(|labels| labels.name == spec.name).and_then(|l| l.ignored);
                    let replaced = integers(array).into_iter().enumerate().map(|(element, label)| {
                        if left_out(spec, element) && Some(label) != ignored { 0 } else { label }
                    });
                    Array::from_data(Data::I64(replaced.collect()), array.shape())
                }
            };
            (*spec, other.expect("of the same shape").with_class_axis(self.axis))
        });
        let other = self.evaluate(&others.collect::<Vec<_>>());
        let other = other.unwrap_or_else(|error| panic!("{id}: refused for masked or ignored elements: {error}"));
        assert_same(id, "the loss", &answer.loss, &other.loss);
        assert_same(id, "its parts", &answer.parts, &other.parts);
        for ((spec, a), (_, b)) in answer.gradients.iter().zip(&other.gradients) {
            assert_same(id, spec.name, a, b);
        }
    }

    /// Asserts that bad labels are refused, and only these.
    fn assert_labels(&self, draw: &mut Draw<'_>) {
        let Some(labels) = &self.labels else { return };
        let Some((place, (spec, array))) =
            self.operands.iter().enumerate().find(|(_, (spec, _))| spec.name == labels.name)
        else {
            return;
        };
        if array.is_empty() {
            return;
        }
        let dtype = draw.of(&[DType::I32, DType::U32, DType::U8, DType::I64]);
        let mut drawn = integers(array);
        for _ in 0..=draw.below(2) {
            let count = labels.count as i64;
            let any =
                [-1, count, count - 1, 0, 255, 256, -100, i64::from(i32::MIN), i64::from(u32::MAX), i64::MAX, i64::MIN];
            let at = draw.below(drawn.len());
            drawn[at] = draw.of(&any);
        }
        let array = Array::from_data(Data::I64(drawn.into()), array.shape()).expect("of the same shape").cast(dtype);
        let held = integers(&array);
        let bad =
            held.iter().position(|&label| Some(label) != labels.ignored && !(0..labels.count as i64).contains(&label));
        let mut operands = self.operands.clone();
        operands[place] = (*spec, array.with_class_axis(self.axis));
        let id = self.loss.header().id;
        match (self.evaluate(&operands), bad) {
            (Ok(_), None) => {}
            (Err(Error::LabelOutOfRange { position, value, .. }), Some(bad)) => {
                assert_eq!((position, value), (bad as u64, held[bad]), "{id}: the first bad label");
            }
            (answer, bad) => panic!("{id}: {:?}, where the first bad label of {held:?} is at {bad:?}", answer.err()),
        }
    }
}

impl Labels {
    /// Draws valid labels, some of them ignored.
    fn drawn(&self, count: usize, shape: Vec<usize>, draw: &mut Draw<'_>) -> Result<Array, Error> {
        let labels = (0..count).map(|_| match self.ignored {
            Some(ignored) if draw.below(4) == 0 => ignored,
            _ => draw.below(self.count.max(1)) as i64,
        });
        Array::from_data(Data::I64(labels.collect()), shape)
    }
}

fn assert_same(id: &str, what: &str, a: &[f64], b: &[f64]) {
    let same =
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()));
    assert!(same, "{id}: masked or ignored elements change {what} from {a:?} to {b:?}");
}

fn shape(loss: &dyn Loss, draw: &mut Draw<'_>) -> Vec<usize> {
    let axes = match loss.leaf() {
        Leaf::Pointwise(_) => 1 + draw.below(3),
        Leaf::Boxes(_) => draw.below(3),
        Leaf::Vectors(_) | Leaf::Similarity(_) | Leaf::Hardest(_) | Leaf::Linear(_) | Leaf::LinearDivergence(_) => 2,
        _ => 2 + draw.below(3),
    };
    let mut shape: Vec<usize> = (0..axes).map(|_| draw.of(&[1, 2, 3, 4, 5, 7, 0])).collect();
    shape.extend(matches!(loss.leaf(), Leaf::Boxes(_)).then_some(4));
    shape
}

fn class_count(shape: &[usize], axis: ClassAxis) -> usize {
    let place = if axis == ClassAxis::Last { shape.len().saturating_sub(1) } else { 1 };
    shape.get(place).copied().unwrap_or(1)
}

fn integers(array: &Array) -> Vec<i64> {
    match array.data() {
        Data::I64(labels) => labels.to_vec(),
        Data::I32(labels) => labels.iter().map(|&label| label.into()).collect(),
        Data::U32(labels) => labels.iter().map(|&label| label.into()).collect(),
        Data::U8(labels) => labels.iter().map(|&label| label.into()).collect(),
        _ => unreachable!("labels are integers"),
    }
}

/// Draws numbers of a domain.
fn numbers(domain: Domain, count: usize, draw: &mut Draw<'_>) -> Vec<f32> {
    let mut corner = 0.0;
    (0..count)
        .map(|k| {
            let share = (f32::from(draw.byte()) + 0.5) / 256.0;
            match domain {
                Domain::Real => 16.0 * share - 8.0,
                Domain::Probability => share,
                Domain::Binary => share.round(),
                Domain::Sign => 2.0 * share.round() - 1.0,
                Domain::Positive => 0.1 + share,
                Domain::Log | Domain::LogProbability => -8.0 * share,
                Domain::Corners if k % 4 < 2 => {
                    corner = share;
                    share
                }
                // the second corner is beyond the first one
                Domain::Corners => 1.1 + share + corner,
            }
        })
        .collect()
}
