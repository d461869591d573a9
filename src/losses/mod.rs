//! The losses: a module for each family. All are exported from here, so that paths to them name no family.

use crate::loss::Loss;

/// [`loss!`](crate::loss!) for this library's own losses, whose pages link to `crate`. A caller's pages link to
/// `wgloss`, a name that means nothing inside this crate.
macro_rules! loss {
    ($($loss:tt)+) => { crate::loss! { @"crate" $($loss)+ } };
}

/// What the pages say about the operands of [`OperandSpec::PAIRED`](crate::header::OperandSpec::PAIRED).
macro_rules! paired {
    () => {
        "`input` (x) and `target` (t) are floats of one shape. With the reduction `none` the result has the shape of \
        `input`. [`Extra::Weight`], of a shape that broadcasts to the input's, multiplies each value; a mean then divides \
        by the sum of the weights. \
        [`Extra::Mask`], of the input's shape, leaves out each value where it is 0. Gradients: `input`, `target`."
    };
}

// below the macros, since the tests expand `paired!`
#[cfg(test)]
mod tests;

/// Declares the files of each family, exports their losses, and lists the defaults of all losses.
macro_rules! catalogue {
    ($($family:ident { $($file:ident: $loss:ident),* $(,)? $(; $part:ident)? })*) => {
        $(mod $family { $(pub(super) mod $file;)* $(pub(super) mod $part;)? })*
        $($(pub use $family::$file::*;)*)*

        /// Every loss, with its default options.
        pub fn all() -> Vec<Box<dyn Loss>> {
            vec![$($(Box::new($loss::default())),*),*]
        }
    };
}

catalogue! {
    pointwise {
        mse: Mse,
        l1: L1,
        smooth_l1: SmoothL1,
        huber: Huber,
        log_cosh: LogCosh,
        charbonnier: Charbonnier,
        wing: Wing,
        quantile: Quantile,
        bce_with_logits: BceWithLogits,
        bce: Bce,
        sigmoid_focal: SigmoidFocal,
        asymmetric: Asymmetric,
        quality_focal: QualityFocal,
        varifocal: Varifocal,
        kl_div: KlDiv,
        gaussian_kl: GaussianKl,
        gaussian_nll: GaussianNll,
        poisson_nll: PoissonNll,
        tweedie: Tweedie,
        soft_margin: SoftMargin,
        hinge_embedding: HingeEmbedding,
        margin_ranking: MarginRanking,
        diffusion: Diffusion,
        adversarial_generator: AdversarialGenerator,
        ppo_policy: PpoPolicy,
        ppo_value: PpoValue,
        kl_penalty: KlPenalty,
        preference: Preference,
        dpo: Dpo,
        kto: Kto,
        orpo: Orpo,
        simpo: Simpo;
        // only a part of adversarial_discriminator
        adversarial_side
    }
    softmax {
        cross_entropy: CrossEntropy,
        softmax_focal: SoftmaxFocal,
        poly_cross_entropy: PolyCrossEntropy,
        generalized_cross_entropy: GeneralizedCrossEntropy,
    }
    class_sum {
        nll: Nll,
        multi_margin: MultiMargin,
        multilabel_soft_margin: MultilabelSoftMargin,
    }
    divergence {
        distillation: Distillation,
    }
    region {
        dice: Dice,
        tversky: Tversky,
        generalized_dice: GeneralizedDice,
        dice_cross_entropy: DiceCrossEntropy,
        dice_bce: DiceBce,
        dice_focal: DiceFocal,
    }
    vectors {
        cosine_embedding: CosineEmbedding,
        cosine_similarity: CosineSimilarity,
        contrastive: Contrastive,
        triplet_margin: TripletMargin,
    }
    boxes {
        box_iou: BoxIou,
    }
    composite {
        adversarial_discriminator: AdversarialDiscriminator,
        vae: Vae,
    }
    similarity {
        info_nce: InfoNce,
        siglip: Siglip,
        sup_con: SupCon,
    }
    hardest {
        triplet_hard: TripletHard,
    }
    gram {
        gram_style: GramStyle,
    }
    neighbours {
        total_variation: TotalVariation,
    }
    windows {
        ssim: Ssim,
        ms_ssim: MsSsim,
    }
    alignments {
        ctc: Ctc,
    }
    linear {
        linear_cross_entropy: LinearCrossEntropy,
        linear_softmax_focal: LinearSoftmaxFocal,
        margin_softmax: MarginSoftmax,
    }
    segments {
        linear_dpo: LinearDpo,
    }
    linear_divergence {
        linear_distillation: LinearDistillation,
    }
}

/// Every loss that has a kernel of its own: sums of losses are replaced by their parts.
#[cfg(any(all(test, feature = "gpu"), feature = "fuzzing"))]
pub(crate) fn walked() -> Vec<Box<dyn Loss>> {
    let part: Box<dyn Loss> = Box::new(pointwise::adversarial_side::AdversarialSide::default());
    all().into_iter().filter(|loss| !matches!(loss.leaf(), crate::leaf::Leaf::Composite(_))).chain([part]).collect()
}

/// The loss of this id, with its default options.
pub fn by_id(id: &str) -> Option<Box<dyn Loss>> {
    all().into_iter().find(|loss| loss.header().id == id)
}
