//! The names of the library's ready-made sums, and the expressions that replace them.

/// A ready-made sum.
pub struct Compound {
    /// Its name.
    pub id: &'static str,
    /// Its purpose.
    pub title: &'static str,
    /// The expression that replaces the name.
    pub sum: &'static str,
    /// The further arguments that a call takes: operands that `sum` does not name, or the denominator.
    pub note: &'static str,
}

/// The sums with a fixed number of losses, and with at most one denominator that the call gives.
pub const COMPOUNDS: &[Compound] = &[
    Compound {
        id: "detection",
        title: "object detection: the classes of all anchors, and the boxes of the positives",
        sum: "sigmoid_focal(input=classes, target=class_targets, reduction=sum) \
              + smooth_l1(input=boxes, target=box_targets, mask=positives, beta=0.11111111, reduction=sum)",
        note: "--divide-by with the number of positives",
    },
    Compound {
        id: "rlhf",
        title: "reinforcement learning from human feedback, by proximal policy optimisation",
        sum: "ppo_policy + 0.5*ppo_value + 0.05*kl_penalty",
        note: "--mask with the tokens of the answer",
    },
    Compound {
        id: "pix2pix",
        title: "an image that should look like another, and that a discriminator has scored",
        sum: "adversarial_generator(fake=scores) + 100*l1(input=output)",
        note: "--target with the other image",
    },
];

/// The sum of this name.
pub fn named(id: &str) -> Option<&'static Compound> {
    COMPOUNDS.iter().find(|compound| compound.id == id)
}
