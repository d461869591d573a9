//! Which loss to use for which task: a table that the program prints, docs/choosing.md shows, and the compiler checks.

/// A task, and the loss that people commonly train it with.
#[derive(Clone, Copy, Debug)]
pub struct Task {
    /// The task in a few words.
    pub name: &'static str,
    /// The tensor that the model returns.
    pub data: &'static str,
    /// The target that the model's output is compared with.
    pub targets: &'static str,
    /// The line of code.
    pub code: &'static str,
    /// A pitfall of this choice, or the loss to try next.
    pub note: &'static str,
}

/// Writes the table, and a test that compiles each line of code.
macro_rules! tasks {
    ($($name:literal: $data:literal, $targets:literal => |$($operand:ident),*| $code:expr; $note:literal)*) => {
        /// The tasks, with similar tasks next to each other.
        pub static TASKS: &[Task] = &[$(Task {
            name: $name,
            data: $data,
            targets: $targets,
            code: stringify!($code),
            note: $note,
        }),*];

        #[cfg(test)]
        #[test]
        fn every_line_of_code_compiles() {
            use crate::*;
            // the code only has to compile; it is never run
            $(let _ = |$($operand: Array),*| $code;)*
        }
    };
}

tasks! {
    "classification": "logits `[N, C]`", "labels `[N]`" =>
        |logits, labels| CrossEntropy::default().of(&logits, &labels);
        "label_smoothing for over-confidence; weights or SoftmaxFocal for imbalance; Nll for log-probabilities"
    "multi-label classification": "logits `[N, C]`", "0/1 `[N, C]`" =>
        |logits, targets| BceWithLogits::default().of(&logits, &targets);
        "PosWeight or SigmoidFocal where positives are rare; MultilabelSoftMargin is its mean over classes; Bce for probabilities, SoftMargin for targets of −1 and 1"
    "multi-label classification, few positives": "logits `[N, C]`", "0/1 `[N, C]`" =>
        |logits, targets| Asymmetric::default().of(&logits, &targets);
        "clip leaves easy negatives out; through_focus false trains as the authors do"
    "classification with noisy labels": "logits `[N, C]`", "labels `[N]`, some wrong" =>
        |logits, labels| GeneralizedCrossEntropy::default().of(&logits, &labels);
        "a wrong label costs 1/q at most; PolyCrossEntropy adds a weighted 1 − p of the label"
    "imbalanced classification": "logits `[N, C]`", "labels `[N]`" =>
        |logits, labels, alpha| SoftmaxFocal::default().of(&logits, &labels).alpha(&alpha);
        "alpha, a weight for each class, is about the inverse of its share"
    "margins between classes": "scores `[N, C]`", "labels `[N]`" =>
        |scores, labels| MultiMargin::default().of(&scores, &labels);
        "for scores without a softmax"
    "tokens with padding": "logits `[B, T, V]`", "tokens `[B, T]`" =>
        |logits, tokens| CrossEntropy::new().ignore_index(-100).of(&logits.class_axis_last(), &tokens);
        "label padding by the ignore_index: it takes no part, not even in the mean"
    "speech and handwriting": "log-probabilities `[T, N, C]`", "labels `[N, S]`, numbers of steps and of labels `[N]`" =>
        |log_probs, targets, input_lengths, target_lengths| Ctc::new().zero_infinity(true)
            .of(&log_probs, &targets, &input_lengths, &target_lengths);
        "sequences whose labels have no known places; zero_infinity for items with more labels than steps"
    "language models": "hidden states `[N, D]`, output weights `[V, D]`", "tokens `[N]`" =>
        |hidden, weights, tokens| LinearCrossEntropy::default().of(&hidden, &weights, &tokens);
        "never holds the `[N, V]` logits; z_loss keeps them from drifting"
    "very many classes, most of them rare": "features `[N, D]`, class weights `[V, D]`", "labels `[N]`" =>
        |features, weights, labels| LinearSoftmaxFocal::new().gamma(2.0).of(&features, &weights, &labels);
        "rows that are right already count little; never holds the `[N, V]` logits"
    "faces, people and products": "embeddings `[N, D]`, class weights `[V, D]`", "who or what each shows `[N]`" =>
        |features, weights, labels| MarginSoftmax::new().kind(MarginKind::Arcface).m(0.5).of(&features, &weights, &labels);
        "embeddings that are compared by their cosines afterwards; never holds the `[N, V]` cosines"
    "distillation": "the student's logits `[N, C]`", "the teacher's logits `[N, C]`" =>
        |student, teacher| Distillation::new().temperature(4.0).of(&student, &teacher);
        "usually beside the cross-entropy of the labels"
    "distillation of language models": "the student's hidden states `[N, D]`, its output weights `[V, D]`",
        "the teacher's, `[N, E]` and `[V, E]`" =>
        |hidden, weights, teacher, teacher_weights| LinearDistillation::new().temperature(2.0)
            .of(&hidden, &weights, &teacher, &teacher_weights);
        "never holds the `[N, V]` logits of either; the teacher may be wider"
    "regression": "numbers", "numbers of that shape" =>
        |input, target| Mse::default().of(&input, &target);
        "predicts the mean"
    "regression with outliers": "numbers", "numbers of that shape" =>
        |input, target| Huber { delta: 1.0 }.of(&input, &target);
        "or SmoothL1, LogCosh, Charbonnier for images; L1 for the median"
    "landmarks": "coordinates in pixels", "coordinates of that shape" =>
        |input, target| Wing::default().of(&input, &target);
        "w and epsilon are in units of the coordinates"
    "claims, rainfall": "logs of means", "amounts, often 0" =>
        |input, target| Tweedie { p: 1.5 }.of(&input, &target);
        "PoissonNll for counts"
    "regression with uncertainty": "means and variances", "numbers of that shape" =>
        |input, target, var| GaussianNll::default().of(&input, &target, &var);
        "variances, not their logs; eps is their lower bound"
    "quantiles": "a number a quantile, `[..., Q]`", "numbers `[...]`" =>
        |input, target| Quantile::new().quantiles([0.1, 0.5, 0.9]).of(&input, &target);
        "all quantiles at once"
    "distributions": "log-probabilities `[N, C]`", "probabilities `[N, C]`" =>
        |input, target| KlDiv::default().of(&input, &target).reduce(Reduction::BatchMean);
        "batch_mean gives the mathematical divergence, mean does not"
    "reward models": "rewards of two answers `[N]`", "which was preferred: their order" =>
        |chosen, rejected| Preference::default().of(&chosen, &rejected);
        "give Margin where answers are rated"
    "preference learning": "log-probabilities of two answers `[N]`", "log-probabilities of a reference model `[N]`" =>
        |chosen, rejected, ref_chosen, ref_rejected| Dpo::default().of(&chosen, &rejected, &ref_chosen, &ref_rejected);
        "no reward model"
    "preference learning, from hidden states": "hidden states of all tokens `[N, D]`, output weights `[V, D]`", "tokens and their answers `[N]`, a reference `[2·B]`" =>
        |hidden, weights, tokens, answers, reference| LinearDpo::default().of(&hidden, &weights, &tokens, &answers, &reference);
        "never holds the `[N, V]` logits; the chosen answers come before the rejected ones"
    "preference learning without a reference": "mean log-probabilities of two answers `[N]`", "which was preferred: their order" =>
        |chosen, rejected| Simpo::new().beta(2.0).gamma(1.0).of(&chosen, &rejected);
        "means over each answer's tokens; Orpo adds the cross-entropy of the chosen answer"
    "preference learning from single answers": "log-probabilities of answers `[N]`, and of a reference model", "1 good, 0 bad `[N]`" =>
        |policy, reference, label, kl| Kto::default().of(&policy, &reference, &label).kl(&kl);
        "kl: log-ratios of prompts paired with other prompts' answers; their mean, at least 0, is z"
    "reinforcement from feedback": "log-probabilities and values of tokens", "advantages, returns, a reference" =>
        |new, old, reference, advantages, values, old_values, returns| Rlhf::default().of(Rollout {
            log_probs: &new, old_log_probs: &old, ref_log_probs: &reference, advantages: &advantages,
            values: &values, old_values: &old_values, returns: &returns, mask: None,
        });
        "PpoPolicy, PpoValue and KlPenalty in one"
    "reinforcement without a critic": "log-probabilities of tokens `[B, T]`", "advantages of that shape" =>
        |new, old, advantages| PpoPolicy::default().of(&new, &old, &advantages).reduce(Reduction::SequenceMean);
        "GRPO, with Mask for padding; kind Sequence with narrower bounds is GSPO"
    "detection": "logits `[A, C]`, boxes `[A, 4]`", "0/1 `[A, C]`, boxes `[A, 4]`" =>
        |classes, class_targets, boxes, box_targets, positives| Detection::default().of(Anchors {
            classes: &classes, class_targets: &class_targets, boxes: &boxes, box_targets: &box_targets,
            positives: &positives,
        }, 12.0);
        "divided by the number of positives, here 12; InstanceSegmentation adds masks"
    "detection without anchors": "logits `[A, C]`", "IoU at the class, 0 elsewhere `[A, C]`" =>
        |classes, qualities| QualityFocal::default().of(&classes, &qualities);
        "Varifocal weights positives by their quality"
    "boxes": "boxes `[N, 4]`", "boxes `[N, 4]`" =>
        |boxes, targets| BoxIou::new().kind(IouKind::Ciou).of(&boxes, &targets);
        "giou at least, so that boxes apart attract each other"
    "segmentation": "logits `[N, C, H, W]`", "labels `[N, H, W]`" =>
        |logits, labels| DiceCrossEntropy::default().of(&logits, &labels);
        "one pass over the logits; CrossEntropy alone where classes are balanced, Dice alone where regions are all that counts"
    "segmentation, small regions": "logits `[N, C, H, W]`", "labels `[N, H, W]`" =>
        |logits, labels| Tversky::new().alpha(0.3).beta(0.7).of(&logits, &labels);
        "beta above alpha asks for what is missed; GeneralizedDice weighs classes by their size"
    "binary segmentation, few positives": "logits `[N, 1, H, W]`", "0/1 `[N, 1, H, W]`" =>
        |logits, mask| DiceBce::default().of(&logits, &mask);
        "Dice is not swamped where the classes are imbalanced; DiceFocal where positives are rarer still, Tversky of Activation::Sigmoid where misses cost more; divide a mask of 0 and 255 by 255"
    "segmentation, regions that overlap": "logits `[N, C, H, W]`", "0/1 `[N, C, H, W]`" =>
        |logits, answers| DiceBce::default().of(&logits, &answers);
        "a sigmoid for each class; DiceFocal where most of a picture is background"
    "variational autoencoders": "reconstruction, means, log variances", "the input" =>
        |output, input, mu, log_var| Vae::new().reconstruction(Reconstruction::BceWithLogits)
            .of(&output, &input, &mu, &log_var);
        "beta above 1 for disentangled codes; GaussianKl is its second part"
    "adversarial networks, discriminator": "scores of real and generated", "none" =>
        |real, fake| AdversarialDiscriminator { kind: AdversarialKind::Hinge }.of(&real, &fake);
        "take the same kind on both sides"
    "adversarial networks, generator": "scores of generated", "none" =>
        |fake| AdversarialGenerator { kind: AdversarialKind::Hinge }.of(&fake);
        "take the same kind on both sides"
    "diffusion": "predicted noise `[N, ...]`, timesteps `[N]`", "the noise, the schedule's ᾱ" =>
        |prediction, noise, timesteps, alphas| Diffusion::new().weighting(SnrWeighting::MinSnr)
            .of(&prediction, &noise, &timesteps, &alphas);
        "v_prediction and sample build their target in the kernel"
    "image to image": "a picture and a discriminator's scores of it", "the picture wanted" =>
        |scores, output, target| Pix2Pix::default().of(&scores, &output, &target, &[]);
        "with feature layers, the loss of pix2pixHD"
    "pictures that look alike": "pictures `[N, C, H, W]` from 0 to 1", "pictures of that shape" =>
        |pictures, targets| 0.8 * L1::default().of(&pictures, &targets) + 0.2 * Ssim::default().of(&pictures, &targets);
        "the sum of Gaussian splatting, which takes a padding of same"
    "restoration of pictures": "pictures `[N, C, H, W]` from 0 to 1, sides above 160", "pictures of that shape" =>
        |pictures, targets| 0.84 * MsSsim::default().of(&pictures, &targets) + 0.16 * L1::default().of(&pictures, &targets);
        "the weights of Zhao et al. 2017; a smaller window takes smaller pictures"
    "smooth pictures": "pictures `[N, C, H, W]`", "none" =>
        |pictures| 1e-4 * TotalVariation::default().of(&pictures);
        "a term beside another loss; p of 2 also smooths edges"
    "super-resolution": "features of two pictures", "none" =>
        |features, wanted| Perceptual::default().of(&[Layer::new(&features, &wanted)]);
        "usually beside L1 of the pixels"
    "style": "features of a picture", "features of two others" =>
        |features, content, style| StyleTransfer::default()
            .of(&[Layer::new(&features, &content)], &[Layer::new(&features, &style)]);
        "a list of layers each; GramStyle alone for textures"
    "metric learning": "anchors, positives, negatives `[N, D]`", "none" =>
        |anchor, positive, negative| TripletMargin::default().of(&anchor, &positive, &negative);
        "swap for harder negatives"
    "metric learning from labels": "embeddings `[N, D]`", "labels `[N]`" =>
        |features, labels| SupCon::default().of(&features, &labels);
        "labels i mod N of two views make it NT-Xent"
    "re-identification": "embeddings `[N, D]`, several of each label", "labels `[N]`" =>
        |features, labels| TripletHard::default().of(&features, &labels);
        "batch-hard triplets; soft needs no margin"
    "sentence embeddings": "queries and answers `[N, D]`", "none: each other's" =>
        |queries, answers| InfoNce::new().temperature(0.05).of(&queries, &answers);
        "Multiple Negatives Ranking; Negatives adds hard ones"
    "pictures and their texts": "embeddings of both `[N, D]`", "none: each other's" =>
        |images, texts, scale| InfoNce::new().symmetric(true).of(&images, &texts).logit_scale(&scale);
        "CLIP's; Siglip needs no large batch"
    "sentence similarity": "pairs of embeddings `[N, D]`", "similarities `[N]`" =>
        |a, b, similarity| CosineSimilarity::default().of(&a, &b, &similarity);
        "CosineEmbedding for targets of 1 and −1"
    "siamese networks": "pairs of embeddings `[N, D]`", "1 alike, 0 not `[N]`" =>
        |a, b, alike| Contrastive::default().of(&a, &b, &alike);
        "HingeEmbedding of distances that you have already"
    "ranking": "scores of pairs `[N]`", "1 or −1 `[N]`" =>
        |first, second, order| MarginRanking::new().margin(0.1).of(&first, &second, &order);
        "Preference is smooth"
}
