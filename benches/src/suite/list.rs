//! The cases: the losses at real sizes, and which of them the curves of time against size measure.

use super::case::{Case, Problem};
use super::numbers::{binary_targets, boxes, labels, numbers, signs};
use wgloss::{
    Array, BceWithLogits, BoxIou, CosineEmbedding, CrossEntropy, Ctc, DType, Dice, DiceBce, DiceCrossEntropy,
    DiceFocal, Diffusion, Distillation, GramStyle, InfoNce, IouKind, LinearCrossEntropy, Loss, MarginKind,
    MarginSoftmax, MsSsim, Mse, MultiMargin, MultilabelSoftMargin, Nll, PredictionType, Result, SigmoidFocal,
    SoftmaxFocal, Ssim, TotalVariation, TripletHard, TripletMargin,
};

/// The most informative cases, most important first.
const HEADLINE: [&str; 6] = [
    "cross_entropy 8x21x256x256",
    "cross_entropy 512x32000",
    "sigmoid_focal 131072x80",
    "dice 8x21x256x256",
    "mse 16777216",
    "bce_with_logits 131072x80 pos_weight",
];

/// One case of each family that has cases. A case with small items has a longer curve, since its batch can shrink further.
const FAMILIES: [&str; 14] = [
    "mse 16777216",
    "cross_entropy 65536x80",
    "multi_margin 65536x80",
    "distillation 512x32000",
    "dice 8x21x256x256",
    "triplet_margin 65536x256",
    "box_iou 1048576x4",
    "info_nce 2048x256",
    "triplet_hard 4096x256",
    "linear_cross_entropy 1024x512x8192",
    "gram_style 4x256x64x64",
    "total_variation 8x3x1024x1024",
    "ssim 8x3x512x512",
    "ctc 1000x32x64",
];

/// The most informative cases, most important first.
pub fn headline() -> Vec<Case> {
    named(&HEADLINE)
}

fn named(names: &[&str]) -> Vec<Case> {
    let cases = cases();
    let case = |name: &&str| {
        let found = cases.iter().find(|case| case.name() == *name);
        found.unwrap_or_else(|| panic!("HEADLINE or FAMILIES names `{name}`, and there is no such case")).clone()
    };
    names.iter().map(case).collect()
}

/// All cases. Options have their defaults, so that peers can match them.
pub fn cases() -> Vec<Case> {
    let case = |loss, shape: &[usize], make| Case { loss, shape: shape.to_vec(), detail: "", dtype: DType::F32, make };
    let weighted = |shape: &[usize]| Case { detail: "pos_weight", ..case("bce_with_logits", shape, with_pos_weight) };
    let pixels = [8, 21, 256, 256];
    vec![
        case("cross_entropy", &pixels, |s| labelled(s, CrossEntropy::default())),
        case("cross_entropy", &[2, 150, 512, 512], |s| labelled(s, CrossEntropy::default())),
        case("cross_entropy", &[512, 32000], |s| labelled(s, CrossEntropy::default())),
        case("cross_entropy", &[64, 128_256], |s| labelled(s, CrossEntropy::default())),
        case("cross_entropy", &[65536, 80], |s| labelled(s, CrossEntropy::default())),
        case("softmax_focal", &pixels, |s| labelled(s, SoftmaxFocal::default())),
        // the nll kernel reads every class, because a NaN in any class has to show in the loss
        case("nll", &pixels, |s| labelled(s, Nll::default())),
        case("multi_margin", &[65536, 80], |s| labelled(s, MultiMargin::default())),
        case("multilabel_soft_margin", &[65536, 80], |s| with_binary_targets(s, MultilabelSoftMargin::default())),
        case("distillation", &[512, 32000], distillation),
        case("dice", &pixels, |s| Ok(labelled(s, Dice::default())?.read_twice())),
        // the fused cross-entropy reads nothing beyond what Dice reads
        case("dice_cross_entropy", &pixels, |s| Ok(labelled(s, DiceCrossEntropy::default())?.read_twice())),
        case("dice_bce", &pixels, |s| Ok(with_binary_targets(s, DiceBce::default())?.read_twice())),
        case("dice_focal", &pixels, |s| Ok(with_binary_targets(s, DiceFocal::default())?.read_twice())),
        case("mse", &[16_777_216], mse),
        case("sigmoid_focal", &[131_072, 80], |s| with_binary_targets(s, SigmoidFocal::default())),
        weighted(&[65536, 80]),
        weighted(&[131_072, 80]),
        case("diffusion", &[256, 4, 128, 128], diffusion),
        case("box_iou", &[1 << 20, 4], giou),
        case("cosine_embedding", &[65536, 256], cosine),
        case("triplet_margin", &[65536, 256], triplet),
        case("info_nce", &[2048, 256], info_nce),
        case("info_nce", &[8192, 512], info_nce),
        case("triplet_hard", &[4096, 256], triplet_hard),
        case("linear_cross_entropy", &[1024, 512, 8192], linear),
        case("linear_cross_entropy", &[2048, 512, 32000], linear),
        case("margin_softmax", &[1024, 512, 8192], margins),
        case("gram_style", &[4, 256, 64, 64], gram),
        case("total_variation", &[8, 3, 1024, 1024], variation),
        case("ssim", &[8, 3, 512, 512], |s| one_gradient(Ssim::default(), numbers(s, 1.0)?, numbers(s, 0.5)?)),
        case("ms_ssim", &[64, 3, 256, 256], |s| one_gradient(MsSsim::default(), numbers(s, 1.0)?, alike(s)?)),
        case("ctc", &[1000, 32, 64], sequences),
        case("ctc", &[400, 64, 5000], sequences),
    ]
}

/// One case of each family that has cases, for the curves of time against size.
pub fn families() -> Vec<Case> {
    named(&FAMILIES)
}

/// Logits, and a label for each position.
fn labelled(shape: &[usize], loss: impl Loss) -> Result<Problem> {
    let positions = [&shape[..1], &shape[2..]].concat();
    one_gradient(loss, numbers(shape, 4.0)?, labels(&positions, shape[1])?)
}

/// Logits, and a target of 0 or 1 for each.
fn with_binary_targets(shape: &[usize], loss: impl Loss) -> Result<Problem> {
    one_gradient(loss, numbers(shape, 4.0)?, binary_targets(shape)?)
}

fn one_gradient(loss: impl Loss, input: Array, target: Array) -> Result<Problem> {
    Ok(Problem::new(loss, vec![("input", input), ("target", target)], &["input"]))
}

/// Log-probabilities of the classes for each step, and one label for every eight steps.
fn sequences(shape: &[usize]) -> Result<Problem> {
    let [steps, items, classes] = [shape[0], shape[1], shape[2]];
    let mut logits = numbers(shape, 4.0)?.to_f32();
    for row in logits.chunks_mut(classes) {
        let log_sum = row.iter().map(|x| x.exp()).sum::<f32>().ln();
        row.iter_mut().for_each(|x| *x -= log_sum);
    }
    let count = steps / 8;
    let of_items = |number: usize| Array::new(&vec![number as i32; items], [items]);
    // no label is the blank
    let targets = labels(&[items, count], classes.max(2) - 1)?.to_f64();
    let targets: Vec<i32> = targets.iter().map(|label| (*label as i32 + 1).min(classes as i32 - 1)).collect();
    let operands = vec![
        ("log_probs", Array::new(&logits, shape)?),
        ("targets", Array::new(&targets, [items, count])?),
        ("input_lengths", of_items(steps)?),
        ("target_lengths", of_items(count)?),
    ];
    Ok(Problem::new(Ctc::default(), operands, &["log_probs"]))
}

/// Pictures that correlate with `numbers(shape, 1.0)`: half of each of those numbers, plus an independent number of the same
/// range. If a channel of two pictures does not correlate, ms_ssim is constant, and its gradient 0.
fn alike(shape: &[usize]) -> Result<Array> {
    let (pictures, own) = (numbers(shape, 1.0)?.to_f32(), numbers(shape, 0.5)?.to_f32());
    Array::new(&pictures.iter().zip(own).map(|(x, own)| 0.5 * x + own).collect::<Vec<f32>>(), shape)
}

fn with_pos_weight(shape: &[usize]) -> Result<Problem> {
    let weights: Vec<f32> = numbers(&shape[1..], 3.0)?.to_f32().iter().map(|x| x + 2.0).collect();
    let weights = Array::new(&weights, &shape[1..])?;
    let operands = vec![("input", numbers(shape, 4.0)?), ("target", binary_targets(shape)?), ("pos_weight", weights)];
    Ok(Problem::new(BceWithLogits::default(), operands, &["input"]))
}

fn mse(shape: &[usize]) -> Result<Problem> {
    one_gradient(Mse::default(), numbers(shape, 4.0)?, numbers(shape, 1.0)?)
}

fn giou(shape: &[usize]) -> Result<Problem> {
    let loss = BoxIou { kind: IouKind::Giou, ..Default::default() };
    one_gradient(loss, boxes(shape[0], 1.0)?, boxes(shape[0], 2.0)?)
}

fn distillation(shape: &[usize]) -> Result<Problem> {
    let operands = vec![("student", numbers(shape, 4.0)?), ("teacher", numbers(shape, 3.0)?)];
    Ok(Problem::new(Distillation::default(), operands, &["student"]))
}

fn diffusion(shape: &[usize]) -> Result<Problem> {
    let alphas: Vec<f32> = (0..1000).map(|t| (1.0 - t as f32 / 1001.0).powi(2)).collect();
    let steps: Vec<i32> = (0..shape[0]).map(|i| (i * 37 % 1000) as i32).collect();
    let operands = vec![
        ("prediction", numbers(shape, 4.0)?),
        ("noise", numbers(shape, 1.0)?),
        ("sample", numbers(shape, 2.0)?),
        ("timesteps", Array::new(&steps, &shape[..1])?),
        ("alphas_cumprod", Array::new(&alphas, [1000])?),
    ];
    let loss = Diffusion { prediction_type: PredictionType::VPrediction, ..Default::default() };
    Ok(Problem::new(loss, operands, &["prediction"]))
}

fn cosine(shape: &[usize]) -> Result<Problem> {
    let operands =
        vec![("input1", numbers(shape, 4.0)?), ("input2", numbers(shape, 3.0)?), ("target", signs(&shape[..1])?)];
    Ok(Problem::new(CosineEmbedding::default(), operands, &["input1", "input2"]))
}

fn triplet(shape: &[usize]) -> Result<Problem> {
    let names = ["anchor", "positive", "negative"];
    // positives and negatives are equally far, so that some triplets violate the margin and others do not
    let operands = names.into_iter().zip([4.0, 3.0, 3.01]);
    let operands = operands.map(|(name, spread)| Ok((name, numbers(shape, spread)?))).collect::<Result<_>>()?;
    Ok(Problem::new(TripletMargin::default(), operands, &names))
}

/// The work is the differences of all pairs and their squares, once for the losses and once for the gradients. On average,
/// four rows share a label. A small batch still has two labels, because a row without a negative has no triplet.
fn triplet_hard(shape: &[usize]) -> Result<Problem> {
    let operands =
        vec![("features", numbers(shape, 4.0)?), ("labels", labels(&shape[..1], shape[0].div_ceil(4).max(2))?)];
    let differences = 3.0 * (shape[0] * shape[0] * shape[1]) as f64;
    Ok(Problem::new(TripletHard::default(), operands, &["features"]).of_flops(differences, 2.0 * differences))
}

/// The work is the products of all pairs, and as many again for the gradients of each side.
fn info_nce(shape: &[usize]) -> Result<Problem> {
    let operands = vec![("query", numbers(shape, 4.0)?), ("key", numbers(shape, 2.0)?)];
    let products = 2.0 * (shape[0] * shape[0] * shape[1]) as f64;
    Ok(Problem::new(InfoNce::default(), operands, &["query", "key"]).of_flops(products, 3.0 * products))
}

/// The shape is rows, width and classes. The work is the products for the logits, and as many again for the gradients
/// of rows and of weights.
fn projected(loss: impl Loss, shape: &[usize]) -> Result<Problem> {
    let &[rows, width, classes] = shape else { unreachable!("three sizes stand in the list") };
    let (leader, products) = (loss.header().operands[0].name, 2.0 * (rows * width * classes) as f64);
    let operands = vec![
        (leader, numbers(&[rows, width], 4.0)?),
        ("weight", numbers(&[classes, width], 0.25)?),
        ("target", labels(&[rows], classes)?),
    ];
    Ok(Problem::new(loss, operands, &[leader, "weight"]).of_flops(products, 3.0 * products))
}

fn linear(shape: &[usize]) -> Result<Problem> {
    projected(LinearCrossEntropy::default(), shape)
}

fn margins(shape: &[usize]) -> Result<Problem> {
    projected(MarginSoftmax::new().kind(MarginKind::Arcface).m(0.5), shape)
}

fn variation(shape: &[usize]) -> Result<Problem> {
    Ok(Problem::new(TotalVariation::default(), vec![("input", numbers(shape, 1.0)?)], &["input"]))
}

/// The work is the Gram matrices of both operands, and the input's products again for the gradient.
fn gram(shape: &[usize]) -> Result<Problem> {
    let products = 2.0 * (shape.iter().product::<usize>() * shape[1]) as f64;
    let problem = one_gradient(GramStyle::default(), numbers(shape, 4.0)?, numbers(shape, 1.0)?)?;
    Ok(problem.of_flops(2.0 * products, 3.0 * products))
}
