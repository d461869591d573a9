//! Losses of all pairs whose rows are spread over the ranks. Each direction compares rows with keys. An operand's gradients in
//! all directions are added up; those of keys are also added up over the ranks.

use crate::bytes;
use crate::comm::{Comm, same};
use crate::error::{Error, Result};
use crate::spread::Spread;
use wgloss::custom::Leaf;
use wgloss::header::{Role, Value};
use wgloss::{Array, DType, Error as Refusal, Extra, Operand, PartOutcome, Tensor, Term};

/// The rows of all ranks.
pub struct Batch {
    /// The number of rows of each rank.
    pub counts: Vec<usize>,
    pub width: usize,
    /// The labels of all rows, where the loss has labels.
    labels: Option<Tensor>,
}

impl Batch {
    /// The number of rows of all ranks.
    pub fn all(&self) -> usize {
        self.counts.iter().sum()
    }

    /// The index in the batch of a rank's first row.
    pub fn first(&self, rank: usize) -> usize {
        self.counts[..rank].iter().sum()
    }

    /// Gathers each rank's number of rows, and its labels. `over` is how the term is spread.
    pub fn gather(comm: &Comm, term: &Term<Tensor>, over: Spread) -> Result<Batch> {
        let own = own_rows(term, over);
        let bytes = own.as_ref().map(|(shape, labels)| {
            let head = [shape[0], shape[1], usize::from(labels.is_some())].map(|number| number as u64);
            bytes::of_words(head.into_iter().chain(labels.iter().flatten().map(|&label| label as u64)))
        });
        let all = comm.agree(bytes.map_err(Clone::clone))?;
        let all: Vec<Vec<u64>> = all.iter().map(|bytes| bytes::words(bytes)).collect();
        let counts: Vec<usize> = all.iter().map(|words| words[0] as usize).collect();
        let width = all[0][1] as usize;
        if let Some(rank) = all.iter().position(|words| words[1] as usize != width) {
            let reason = format!("rows of rank {rank} have {} elements, and rows of rank 0 have {width}", all[rank][1]);
            return Err(Error::Shards { reason });
        }
        let labels = (all[0][2] == 1).then(|| {
            let labels: Vec<i64> = all.iter().flat_map(|words| &words[3..]).map(|&label| label as i64).collect();
            comm.gpu.upload(&labels, [labels.len()])
        });
        let labels = comm.all_or_none(labels.transpose().map(|labels| vec![labels]))?.remove(0);
        Ok(Batch { counts, width, labels })
    }
}

/// Returns the shape of this rank's rows, and their labels. Refuses what the spreads of all pairs do not support.
fn own_rows(term: &Term<Tensor>, over: Spread) -> wgloss::Result<(Vec<usize>, Option<Vec<i64>>)> {
    // refuses what the shard alone would be refused for
    let shape = term.loss_shape()?;
    let (loss, name, rows) = term.operands().next().ok_or_else(|| Refusal::Gpu("a term without operands".into()))?;
    let refuse = |option: &str, value: &str, expected: &str| {
        let (option, value, expected) = (option.into(), value.into(), expected.into());
        Err(Refusal::InvalidOption { loss: loss.header().id, option, value, expected })
    };
    if !matches!(loss.leaf(), Leaf::Similarity(_) | Leaf::Hardest(_)) {
        return refuse("spread", &over.to_string(), "another spread: the loss does not compare all pairs of rows");
    }
    if !shape.is_empty() {
        return refuse("reduction", "none", "a reduction, for a loss over many ranks");
    }
    if of_role(term, Role::Anchors).is_some() {
        return refuse("anchors", "given", "none: the rows of each rank are its anchors");
    }
    debug_assert!(loss.header().operand(name).is_some());
    let labels = of_role(term, Role::RowLabels).map(|(_, labels)| labels.read().wait()).transpose()?;
    Ok((rows.shape().to_vec(), labels.map(|labels| bytes::labels(&labels))))
}

/// The first operand with this role, and its name.
fn of_role(term: &Term<Tensor>, role: Role) -> Option<(&'static str, &Tensor)> {
    term.operands().find_map(|(loss, name, tensor)| {
        let spec = loss.header().operand(name).filter(|spec| spec.role == role)?;
        Some((spec.name, tensor))
    })
}

/// One direction of a loss of all pairs: this rank's rows against the keys of all ranks.
pub struct Direction {
    /// The loss in this direction, with its share of the coefficient.
    term: Term<Tensor>,
    keys_name: &'static str,
    /// This rank's rows.
    pub rows: Tensor,
    /// This rank's keys.
    pub keys: Tensor,
    /// Further keys (negatives), which every rank holds whole. Each rank compares its own rows with them once.
    further: Option<&'static str>,
}

impl Direction {
    /// Returns one direction, or the two of a symmetric loss, each with half the coefficient.
    pub fn of(term: &Term<Tensor>, batch: &Batch) -> wgloss::Result<Vec<Direction>> {
        let loss = term.operands().next().map(|(loss, ..)| loss);
        let symmetric = match loss.map(|loss| loss.leaf()) {
            Some(Leaf::Similarity(leaf)) => leaf.settings().symmetric,
            _ => false,
        };
        let rows: Vec<(&'static str, Tensor)> = term
            .operands()
            .filter_map(|(loss, name, tensor)| {
                let spec = loss.header().operand(name).filter(|spec| spec.role == Role::Rows)?;
                Some((spec.name, tensor.clone()))
            })
            .collect();
        let further = of_role(term, Role::MoreRows).map(|(name, _)| name);
        let [(first_name, first), others @ ..] = &rows[..] else {
            return Err(Refusal::Gpu("a loss of all pairs without rows".into()));
        };
        let Some((second_name, second)) = others.first() else {
            // the rows are also the keys
            let mut term = term.clone().with(Extra::Anchors, first);
            if let (Some((name, _)), Some(labels)) = (of_role(&term, Role::RowLabels), &batch.labels) {
                term = term.with_operand(name, labels);
            }
            let (rows, keys) = (first.clone(), first.clone());
            return Ok(vec![Direction { term, keys_name: first_name, rows, keys, further }]);
        };
        let forth = |term: Term<Tensor>| Direction {
            term,
            keys_name: second_name,
            rows: first.clone(),
            keys: second.clone(),
            further,
        };
        if !symmetric {
            return Ok(vec![forth(term.clone())]);
        }
        let half = 0.5 * term.clone().with_option("symmetric", &Value::Flag(false))?;
        let back = half.clone().with_operand(first_name, second);
        let back = further.into_iter().fold(back, Term::without_operand);
        let back =
            Direction { term: back, keys_name: second_name, rows: second.clone(), keys: first.clone(), further: None };
        Ok(vec![forth(half), back])
    }

    /// This rank's rows against the keys of all ranks. `first` is the index in the batch of this rank's first row.
    pub fn against_all(&self, keys: &Tensor, first: usize) -> Term<Tensor> {
        self.term.clone().with_operand(self.keys_name, keys).rows_from(first)
    }

    /// The rows of rank `own`, which is this one, against the keys of rank `of`. The further keys are compared with the
    /// rows only where `of` is `own`.
    pub fn against(&self, keys: &Tensor, batch: &Batch, own: usize, of: usize) -> Term<Tensor> {
        let term = self.term.clone().with_operand(self.keys_name, keys);
        let term = if own == of { term } else { self.further.into_iter().fold(term, Term::without_operand) };
        term.rows_from(batch.first(own)).keys_from(batch.first(of), batch.all())
    }

    /// The operands other than rows and keys that `of` asks for, with their indices in `of`: scale, shift and further keys.
    pub fn other_operands<'o>(&self, term: &Term<Tensor>, of: &[&'o Tensor]) -> Vec<(usize, &'o Tensor)> {
        let is_other = |tensor: &Tensor| {
            term.operands().any(|(loss, name, operand)| {
                let role = loss.header().operand(name).map(|spec| spec.role);
                let other = matches!(role, Some(Role::Scale | Role::Shift | Role::MoreRows));
                other && same(operand, tensor)
            })
        };
        of.iter().enumerate().filter(|(_, tensor)| is_other(tensor)).map(|(k, tensor)| (k, *tensor)).collect()
    }
}

/// The gradients of the operands that a call asks for, collected from several directions and ranks.
pub struct Gradients<'a> {
    comm: &'a Comm,
    of: &'a [&'a Tensor],
    on_gpu: Vec<Vec<Tensor>>,
    on_host: Vec<Vec<Vec<f32>>>,
}

impl<'a> Gradients<'a> {
    pub fn new(comm: &'a Comm, of: &'a [&'a Tensor]) -> Gradients<'a> {
        Gradients { comm, of, on_gpu: vec![Vec::new(); of.len()], on_host: vec![Vec::new(); of.len()] }
    }

    /// Whether the call asks for the gradient of an operand.
    pub fn wants(&self, operand: &Tensor) -> bool {
        self.of.iter().any(|of| same(of, operand))
    }

    /// Adds to an operand's gradient a summand on the GPU.
    pub fn add(&mut self, operand: &Tensor, gradient: &Tensor) {
        for (k, _) in self.of.iter().enumerate().filter(|(_, of)| same(of, operand)) {
            self.on_gpu[k].push(gradient.clone());
        }
    }

    /// Adds to an operand's gradient a summand on the host.
    pub fn add_numbers(&mut self, operand: &Tensor, gradient: &[f32]) {
        for (k, _) in self.of.iter().enumerate().filter(|(_, of)| same(of, operand)) {
            self.on_host[k].push(gradient.to_vec());
        }
    }

    /// Returns the sum of each operand's gradients, with the dtype that its gradient has.
    pub fn finish(self) -> wgloss::Result<Vec<Tensor>> {
        let gradients = self.of.iter().zip(self.on_gpu.iter().zip(&self.on_host));
        gradients
            .map(|(of, (on_gpu, on_host))| {
                let dtype = of.gradient_dtype();
                if let ([only], []) = (&on_gpu[..], &on_host[..])
                    && only.dtype() == dtype
                {
                    return Ok(only.clone());
                }
                let mut sum = vec![0.0f64; of.len()];
                let mut add = |numbers: Vec<f32>| sum.iter_mut().zip(numbers).for_each(|(sum, x)| *sum += f64::from(x));
                for gradient in on_gpu {
                    add(gradient.read().wait()?.to_f32());
                }
                on_host.iter().cloned().for_each(&mut add);
                self.comm.gpu.upload_array(&Array::new(&sum, of.shape())?.cast(dtype))
            })
            .collect()
    }
}

/// The rows of a tensor as the bytes that are sent, and their dtype.
pub fn travelling(tensor: &Tensor) -> wgloss::Result<(Vec<u8>, DType)> {
    Ok((bytes::of_array(&tensor.read().wait()?), tensor.dtype()))
}

/// This rank's sum and denominator in each direction, from which the ranks make the outcome of the whole.
pub struct Sums {
    /// The sum and the denominator of this rank in each direction.
    own: Vec<[f64; 2]>,
    part: Option<PartOutcome>,
}

impl Sums {
    pub fn of(parts: Vec<PartOutcome>) -> Sums {
        Sums { own: parts.iter().map(|part| [part.sum, part.denominator]).collect(), part: parts.into_iter().next() }
    }

    /// Gathers the sums of all ranks, and returns the sum and denominator of the whole. `adds` is whether the denominators
    /// of the ranks are added up.
    pub fn gather(comm: &Comm, own: wgloss::Result<Sums>, adds: bool) -> Result<PartOutcome> {
        let sent = own.as_ref().map(|own| own.own.iter().flatten().flat_map(|number| number.to_le_bytes()).collect());
        let all = comm.agree(sent.map_err(Clone::clone))?;
        let own = own.map_err(|error| Error::Refused { rank: comm.rank(), error })?;
        let directions = own.own.len();
        let number = |bytes: &Vec<u8>, k: usize| f64::from_bits(bytes::words(bytes)[k]);
        let each = |k: usize| all.iter().map(move |bytes| number(bytes, k));
        // each of two directions has half the weight; the whole is the mean of their sums, with the full weight
        let sum = (0..directions).map(|k| each(2 * k).sum::<f64>()).sum::<f64>() / directions as f64;
        let denominator = if adds { each(1).sum() } else { number(&all[0], 1) };
        let Some(part) = own.part else { return Err(Error::Shards { reason: "no rank has a loss".into() }) };
        Ok(PartOutcome { sum, denominator, weight: part.weight * directions as f64, ..part })
    }
}
