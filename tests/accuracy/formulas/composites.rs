//! Losses that are sums of other losses, each of its own operands.

use super::Inputs;
use super::elements::{adversarial, bce_with_logits, gaussian_kl};
use super::math::square;
use crate::big::Big;

pub(super) fn adversarial_discriminator(of: &Inputs) -> Vec<Big> {
    let side = |name: &str, real| -> Big {
        of.of(name).iter().map(|x| adversarial(&of.name("kind"), x.clone(), real, false)).sum()
    };
    vec![side("real", true) + side("fake", false)]
}

pub(super) fn vae(of: &Inputs) -> Vec<Big> {
    let of_element = |i: usize| match of.name("reconstruction").as_str() {
        "mse" => square(of.x("input", i) - of.x("target", i)),
        _ => bce_with_logits(&of.x("input", i), &of.x("target", i)),
    };
    let reconstruction: Big = (0..of.of("input").len()).map(of_element).sum();
    let latents = 0..of.of("mu").len();
    let latent: Big = latents.map(|i| gaussian_kl(&of.x("mu", i), &of.x("log_var", i))).sum();
    vec![reconstruction + latent * of.number("beta")]
}
