//! Tests every spread with every loss that it supports.

use crate::tests;
use crate::whole::{compare, lengths, rows};
use wgloss_checks::case::{Case, Floats};
use wgloss_checks::pieces::{class_axis, slice};
use wgloss_checks::samples::samples;
use wgloss_mpi::Comm;
use wgloss_mpi::Spread::{Batch, Classes, Regions, Ring, Rows};
use wgloss_mpi::wgloss::header::{Role, Value};
use wgloss_mpi::wgloss::{Array, ClassAxis, DType, Loss, Reduction, all};

pub fn tests() -> Vec<crate::Test> {
    tests![
        softmaxes_over_their_classes,
        a_vocabulary_over_its_classes,
        regions_over_a_batch_and_over_tiles,
        all_pairs_gathered_and_around_a_ring,
        means_and_sums_over_a_batch,
    ]
}

const FLOATS: [DType; 3] = [DType::F32, DType::F16, DType::BF16];

/// Every loss with a mean for which a shard of the batch is a loss of the same kind, so that the shards' sums add up.
fn means() -> impl Iterator<Item = Box<dyn Loss>> {
    let means = all().into_iter().filter(|loss| loss.header().reductions.contains(&Reduction::Mean));
    means.filter(|loss| loss.adds_up())
}

fn means_and_sums_over_a_batch(comm: &Comm) {
    for (k, loss) in means().enumerate() {
        let (id, reductions) = (loss.header().id, loss.header().reductions);
        let batch = samples(&*loss).batch;
        // the mean of every loss, with all operands; then the required operands alone, with a reduction and a 16-bit dtype
        // that alternate from loss to loss
        let others: Vec<Reduction> = reductions.iter().copied().filter(|of| *of != Reduction::None).collect();
        let whole = Case::new(id, batch, DType::I32).with_all();
        let mut cases = vec![(whole.clone(), 2)];
        let (reduction, floats) = (others[k % others.len()], FLOATS[1 + k % 2]);
        cases.push((Case { reduction, floats: Floats::All(floats), ..Case::new(id, batch, DType::I32) }, 1));
        if id == "cross_entropy" {
            // two parts, with different denominators
            cases.push((whole.option("z_loss", Value::Number(0.1)), 1));
        }
        for (case, ways) in cases {
            let inputs = case.inputs();
            let items = inputs.operands[0].1.shape()[0];
            for lengths in lengths(items, comm.size()).into_iter().take(ways) {
                compare(comm, &case, &inputs, &lengths, |_| Batch, rows);
            }
        }
    }
}

fn softmaxes_over_their_classes(comm: &Comm) {
    for id in ["cross_entropy", "softmax_focal", "nll"] {
        for (shape, axis, floats) in [
            (&[70, 37][..], ClassAxis::Second, DType::F32),
            (&[3, 9, 41], ClassAxis::Second, DType::F16),
            (&[3, 41, 9], ClassAxis::Last, DType::BF16),
        ] {
            for target in [DType::I64, DType::F32] {
                let mut case = Case::new(id, shape, target).with_all();
                (case.setting.axis, case.floats) = (axis, Floats::All(floats));
                if !case.is_valid() {
                    continue;
                }
                let inputs = case.inputs();
                let along = class_axis(&inputs.operands[0].1);
                let of = shape[along];
                let whole = inputs.operands[0].1.shape().to_vec();
                let cut = |role: Role, array: &Array, range: &std::ops::Range<usize>| match role {
                    Role::PerClass => Some(slice(array, 0, range)),
                    _ if array.shape() == whole => Some(slice(array, along, range)),
                    _ => None,
                };
                let uneven = lengths(of, comm.size())[0].clone();
                compare(comm, &case, &inputs, &uneven, |range| Classes { first: range.start, of }, cut);
            }
        }
    }
}

fn a_vocabulary_over_its_classes(comm: &Comm) {
    for (id, rows, floats) in [
        ("linear_cross_entropy", 70, DType::F32),
        ("linear_cross_entropy", 9, DType::F16),
        ("linear_cross_entropy", 9, DType::BF16),
        ("margin_softmax", 70, DType::F32),
    ] {
        let mut case = Case::new(id, &[rows, 20], DType::I64).with_all();
        case = case.option("label_smoothing", Value::Number(0.1));
        case = match id {
            "margin_softmax" => case.option("kind", Value::Name("arcface".into())).option("s", Value::Number(8.0)),
            _ => case.option("z_loss", Value::Number(0.1)),
        };
        case.floats = Floats::All(floats);
        let mut inputs = case.inputs();
        // all ranks hold the same rows and add up their gradients, which must not be rounded to 16 bits before
        let rows = case.loss().header().operands[0].name;
        let x = inputs.operand(rows);
        *x = x.clone().f32_gradient();
        let of = inputs.operand("weight").shape()[0];
        let cut = |role: Role, array: &Array, range: &std::ops::Range<usize>| {
            matches!(role, Role::Projection | Role::PerProjection | Role::PerClass).then(|| slice(array, 0, range))
        };
        let uneven = lengths(of, comm.size())[0].clone();
        compare(comm, &case, &inputs, &uneven, |range| Classes { first: range.start, of }, cut);
    }
}

fn all_pairs_gathered_and_around_a_ring(comm: &Comm) {
    for (id, optional, symmetric, floats) in [
        ("info_nce", &[][..], false, DType::F32),
        ("info_nce", &["negatives", "logit_scale"], false, DType::F16),
        ("info_nce", &["logit_scale"], true, DType::F32),
        ("siglip", &[], false, DType::F32),
        ("siglip", &[], false, DType::BF16),
        ("sup_con", &[], false, DType::F32),
        ("triplet_hard", &[], false, DType::F32),
    ] {
        let mut case = Case::new(id, &[23, 20], DType::I32);
        (case.floats, case.optional) = (Floats::All(floats), optional.to_vec());
        if symmetric {
            case = case.option("symmetric", Value::Flag(true));
        }
        let inputs = case.inputs();
        let [uneven, with_none] = lengths(23, comm.size());
        // the hardest of all keys is not a sum over blocks of keys, so the ring refuses it
        let ringed = id != "triplet_hard";
        let spreads = [(Rows, &with_none), (Ring, &uneven), (Ring, &with_none)];
        for (over, lengths) in spreads.into_iter().filter(|(over, _)| ringed || matches!(over, Rows)) {
            compare(comm, &case, &inputs, lengths, |_| over, rows);
        }
    }
}

fn regions_over_a_batch_and_over_tiles(comm: &Comm) {
    for id in ["dice", "tversky", "generalized_dice", "dice_cross_entropy", "dice_bce", "dice_focal"] {
        for (shape, axis, floats) in [
            (&[7, 5, 367][..], ClassAxis::Second, DType::F32),
            (&[7, 367, 5], ClassAxis::Last, DType::F32),
            (&[7, 5, 367], ClassAxis::Second, DType::F16),
            (&[7, 5, 367], ClassAxis::Second, DType::BF16),
        ] {
            let tiles = if axis == ClassAxis::Last { 1 } else { 2 };
            for (batch, along) in [(true, 0), (false, tiles)] {
                if batch && id == "generalized_dice" {
                    continue;
                }
                let mut case = Case::new(id, shape, DType::U8).with_all();
                (case.setting.axis, case.floats) = (axis, Floats::All(floats));
                case.options.extend(batch.then_some(("batch", Value::Flag(true))));
                if id != "generalized_dice" {
                    case = case.option("ignore_index", Value::Number(3.0));
                }
                let inputs = case.inputs();
                let cut = |role: Role, array: &Array, range: &std::ops::Range<usize>| {
                    // labels have no class axis
                    let labels = array.shape().len() < shape.len();
                    let along = along - usize::from(labels && axis == ClassAxis::Second && along > 0);
                    (!matches!(role, Role::PerClass | Role::PosWeight)).then(|| slice(array, along, range))
                };
                for lengths in lengths(shape[along], comm.size()) {
                    compare(comm, &case, &inputs, &lengths, |_| Regions, cut);
                }
            }
        }
    }
}
