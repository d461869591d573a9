//! The losses, by family; names are flat.

#[cfg(test)]
mod tests;

use crate::loss::Loss;

/// Declares the files of a family and what they export, and gathers the defaults of all into the list.
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
        quantile: Quantile,
        bce_with_logits: BceWithLogits,
        bce: Bce,
        sigmoid_focal: SigmoidFocal,
        kl_div: KlDiv,
        gaussian_kl: GaussianKl,
        gaussian_nll: GaussianNll,
        poisson_nll: PoissonNll,
        soft_margin: SoftMargin,
        hinge_embedding: HingeEmbedding,
        margin_ranking: MarginRanking,
        diffusion: Diffusion,
        adversarial_generator: AdversarialGenerator,
        ppo_policy: PpoPolicy,
        ppo_value: PpoValue,
        kl_penalty: KlPenalty,
        preference: Preference,
        dpo: Dpo;
        // what only sums are made of
        adversarial_side
    }
    softmax {
        cross_entropy: CrossEntropy,
        softmax_focal: SoftmaxFocal,
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
    gram {
        gram_style: GramStyle,
    }
    linear {
        linear_cross_entropy: LinearCrossEntropy,
    }
}

/// Every loss that is walked itself: sums taken apart.
#[cfg(all(test, feature = "gpu"))]
pub(crate) fn walked() -> Vec<Box<dyn Loss>> {
    let part: Box<dyn Loss> = Box::new(pointwise::adversarial_side::AdversarialSide::default());
    all().into_iter().filter(|loss| !matches!(loss.leaf(), crate::Leaf::Composite(_))).chain([part]).collect()
}

/// The loss of this id, with its default options.
pub fn by_id(id: &str) -> Option<Box<dyn Loss>> {
    all().into_iter().find(|loss| loss.header().id == id)
}
