//! What is measured: each loss at a real size, with the least traffic that it can come by.

use wgloss::{
    Array, CosineEmbedding, CrossEntropy, Dice, DiceCrossEntropy, Diffusion, Distillation, Extra, InfoNce,
    LinearCrossEntropy, Mse, MultiMargin, MultilabelSoftMargin, Nll, PredictionType, Result, SigmoidFocal,
    SoftmaxFocal, Term, TripletMargin,
};

/// A loss at a size.
pub struct Case {
    /// The loss's id and its size.
    pub name: String,
    /// The term, of arrays of the host's.
    pub term: Term<Array>,
    /// The operand that is differentiated.
    pub input: Array,
    /// The bytes that have to move for the value, and for the value and the gradient.
    pub least: [f64; 2],
}

/// The cases, of a batch that is so many times smaller than the real one.
pub fn cases(smaller: usize) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    let mut add = |name: &str, shape: &[usize], make: &dyn Fn(&Array) -> Result<Term<Array>>, least: [f64; 2]| {
        let input = numbers(shape, 4.0)?;
        let bytes = 4.0 * input.len() as f64;
        let term = make(&input)?;
        cases.push(Case { name: format!("{name} {shape:?}"), term, input, least: least.map(|s| s * bytes) });
        Result::Ok(())
    };
    let batch = |n: usize| (n / smaller).max(1);

    let pixels = [batch(8), 21, 256, 256];
    let of_pixels = |x: &Array| labels(&[x.shape()[0], x.shape()[2], x.shape()[3]], 21);
    // a label of four bytes for each 21 logits
    let per_pixel = 1.0 / 21.0;
    let by_softmax = [1.0 + per_pixel, 2.0 + per_pixel];
    add("cross_entropy", &pixels, &|x| Ok(CrossEntropy::default().of(x, &of_pixels(x)?)), by_softmax)?;
    add("softmax_focal", &pixels, &|x| Ok(SoftmaxFocal::default().of(x, &of_pixels(x)?)), by_softmax)?;
    let dice = [1.0 + per_pixel, 3.0 + 2.0 * per_pixel];
    add("dice", &pixels, &|x| Ok(Dice::default().of(x, &of_pixels(x)?)), dice)?;
    // the cross-entropy rides along: it needs nothing that Dice does not read
    add("dice_cross_entropy", &pixels, &|x| Ok(DiceCrossEntropy::default().of(x, &of_pixels(x)?)), dice)?;
    let rows = |x: &Array| Ok(CrossEntropy::default().of(x, &labels(&[x.shape()[0]], x.shape()[1])?));
    add("cross_entropy", &[batch(512), 32000], &rows, [1.0, 2.0])?;
    add("cross_entropy", &[batch(65536), 80], &rows, [1.0, 2.0])?;

    // a NaN anywhere has to show: every class is looked at
    add("nll", &pixels, &|x| Ok(Nll::default().of(x, &of_pixels(x)?)), by_softmax)?;
    let margin = |x: &Array| Ok(MultiMargin::default().of(x, &labels(&[x.shape()[0]], x.shape()[1])?));
    add("multi_margin", &[batch(65536), 80], &margin, [1.0, 2.0])?;
    let questions = |x: &Array| Ok(MultilabelSoftMargin::default().of(x, &binary(x.shape())?));
    add("multilabel_soft_margin", &[batch(65536), 80], &questions, [2.0, 3.0])?;
    let teacher = |x: &Array| Ok(Distillation::default().of(x, &numbers(x.shape(), 3.0)?));
    add("distillation", &[batch(512), 32000], &teacher, [2.0, 3.0])?;

    // the gradient of one operand, that of the others being as much again
    let vectors = [batch(65536), 256];
    let cosine = |x: &Array| {
        let target = numbers(&[x.shape()[0]], 2.0)?.to_f32().iter().map(|t| t.signum()).collect::<Vec<f32>>();
        Ok(CosineEmbedding::default().of(x, &numbers(x.shape(), 3.0)?, &Array::new(&target, [x.shape()[0]])?))
    };
    add("cosine_embedding", &vectors, &cosine, [2.0, 3.0])?;
    let triplet = |x: &Array| Ok(TripletMargin::default().of(x, &numbers(x.shape(), 2.0)?, &numbers(x.shape(), 8.0)?));
    add("triplet_margin", &vectors, &triplet, [3.0, 4.0])?;

    // these are bound by arithmetic: the share of a copy only tells runs apart
    let nce = |x: &Array| Ok(InfoNce::default().of(x, &numbers(x.shape(), 2.0)?));
    add("info_nce", &[batch(2048), 256], &nce, [2.0, 3.0])?;
    let linear = |x: &Array| {
        let weight = numbers(&[8192, x.shape()[1]], 0.25)?;
        Ok(LinearCrossEntropy::default().of(x, &weight, &labels(&[x.shape()[0]], 8192)?))
    };
    add("linear_cross_entropy", &[batch(1024), 512], &linear, [9.0, 10.0])?;

    let focal = |x: &Array| Ok(SigmoidFocal::default().of(x, &binary(x.shape())?));
    add("sigmoid_focal", &[batch(131_072), 80], &focal, [2.0, 3.0])?;
    let squared = |x: &Array| Ok(Mse::default().of(x, &numbers(x.shape(), 1.0)?));
    add("mse", &[batch(16_777_216)], &squared, [2.0, 3.0])?;
    let diffusion = |x: &Array| {
        let alphas: Vec<f32> = (0..1000).map(|t| (1.0 - t as f32 / 1001.0).powi(2)).collect();
        let steps: Vec<i32> = (0..x.shape()[0]).map(|i| (i * 37 % 1000) as i32).collect();
        let (noise, steps) = (numbers(x.shape(), 1.0)?, Array::new(&steps, [x.shape()[0]])?);
        let loss = Diffusion { prediction_type: PredictionType::VPrediction, ..Default::default() };
        let term = loss.of(x, &noise, &steps, &Array::new(&alphas, [1000])?);
        Ok(term.with(Extra::Sample, &numbers(x.shape(), 2.0)?))
    };
    add("diffusion", &[batch(256), 4, 128, 128], &diffusion, [3.0, 4.0])?;
    Ok(cases)
}

/// Numbers between minus and plus half a spread, without a pattern that a kernel could profit from; others for another
/// spread, lest operands are multiples of each other.
fn numbers(shape: &[usize], spread: f32) -> Result<Array> {
    let mut state = 0x9e37_79b9u32 ^ spread.to_bits().wrapping_mul(2_654_435_761);
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32 * spread - spread / 2.0
    };
    Array::new(&(0..shape.iter().product()).map(next).collect::<Vec<f32>>(), shape)
}

fn binary(shape: &[usize]) -> Result<Array> {
    let bits = numbers(shape, 2.0)?.to_f32().iter().map(|x| f32::from(u8::from(*x > 0.5))).collect::<Vec<f32>>();
    Array::new(&bits, shape)
}

fn labels(shape: &[usize], classes: usize) -> Result<Array> {
    let numbers = numbers(shape, classes as f32)?.to_f32();
    let label = |x: &f32| ((x + classes as f32 / 2.0) as i32).clamp(0, classes as i32 - 1);
    Array::new(&numbers.iter().map(label).collect::<Vec<i32>>(), shape)
}
