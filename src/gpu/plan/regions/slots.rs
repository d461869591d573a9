//! The slots and choices of the kernels over regions.

use super::Regions;
use crate::gpu::choices::Choices;
use crate::gpu::link::Slots;
use crate::gpu::plan::fused::Fused;
use crate::gpu::plan::options::overrides;
use crate::gpu::plan::slots::slots;
use crate::gpu::shaders::geometry::{
    class_mask, class_slopes, class_sums, classes, earlier_ranges, fused_scales, logits, quad_factors,
    region_observation, taken,
};
use crate::gpu::shaders::lib::count;
use crate::gpu::shaders::operand::{mask, sample_weight};
use crate::gpu::shaders::{activation, choice, slot};
use crate::leaf::Activation;
use crate::role::Role;

impl Regions<'_> {
    /// Fills the slots of the kernels over positions, and those of the fused loss.
    pub(super) fn over_positions(&self) -> Slots {
        let mut slots = slots(self.request);
        let softmaxes = match self.settings.activation {
            Activation::Softmax => self.kept_softmaxes().1,
            Activation::Sigmoid => activation::SIGMOID,
            Activation::None => activation::NONE,
        };
        let activation = if self.softmax() { activation::SOFTMAX } else { softmaxes };
        let ranged = self.softmax() && self.range.is_some();
        slots.fill(slot::ACTIVATION, activation);
        slots.fill(slot::SOFTMAXES, softmaxes);
        slots.fill(slot::EARLIER_RANGES, if ranged { softmaxes } else { earlier_ranges::NONE });
        slots.fill(slot::CLASSES, classes::RANGE);
        slots.fill(slot::LOGITS, logits::READ);
        slots.fill(slot::CLASS_SUMS, class_sums::BLOCKS);
        self.observation(&mut slots);
        slots.fill(slot::CLASS_SLOPES, class_slopes::AGAIN);
        self.factors(&mut slots);
        Fused::fill(self.fused.as_ref(), &mut slots, self.range.is_some());
        slots
    }

    /// Fills the slots of observations.
    fn observation(&self, slots: &mut Slots) {
        slots.fill(slot::TAKEN, if self.range.is_some() { taken::RANGES } else { taken::ROUNDS });
        slots.fill(
            slot::REGION_OBSERVATION,
            match (self.request.observes(), self.softmax()) {
                (false, _) => region_observation::NONE,
                (true, true) => region_observation::GREATEST,
                (true, false) => region_observation::ABOVE,
            },
        );
    }

    /// Fills the slots of masks, which leave out positions or single elements, and of sample weights, which multiply
    /// positions.
    fn factors(&self, slots: &mut Slots) {
        let masks_elements = self.masks_elements();
        let weighed = self.request.of_role(Role::SampleWeight).is_some();
        let of_quads = match (self.masks_positions(), weighed) {
            (true, _) => quad_factors::MASKED,
            (false, true) => quad_factors::WEIGHTS,
            (false, false) => quad_factors::ONE,
        };
        slots.fill(slot::QUAD_FACTORS, of_quads);
        slots.fill(slot::CLASS_MASK, if masks_elements { class_mask::GIVEN } else { class_mask::EVERYWHERE });
        slots.fill(slot::FUSED_SCALES, fused_scales::WORKSPACE);
        if weighed {
            slots.fill(slot::SAMPLE_WEIGHT, sample_weight::GIVEN);
            slots.fill(slot::COUNT, count::WEIGHTS);
        }
        if self.fused.is_some() && self.request.weighs_positions() {
            slots.fill(slot::COUNT, count::WEIGHTS);
            slots.fill(slot::SAMPLE_WEIGHT, sample_weight::UNIT);
        }
        if self.combines() {
            slots.fill(slot::SAMPLE_WEIGHT, sample_weight::COMBINED);
            slots.fill(slot::FUSED_SCALES, fused_scales::COMBINED);
        }
        // a mask of elements is not combined, but read by `class_mask`
        if self.combines() && !masks_elements {
            slots.fill(slot::MASK, mask::COMBINED);
            slots.fill(slot::QUAD_FACTORS, quad_factors::MASKED);
        }
    }

    pub(super) fn choices(&self) -> Choices {
        let choices = overrides(self.request.loss())
            .flag(choice::LABELLED, self.request.checked.labels.is_some())
            .flag(choice::SQUARED, self.settings.squared)
            .flag(choice::SOFT, self.settings.soft && !self.settings.squared)
            .flag(choice::TOGETHER, self.settings.together)
            .flag(choice::FOURS, self.quads)
            .named(choice::PREDICTED_ABOVE.0, if self.settings.activation == Activation::None { 0.5 } else { 0.0 })
            .number(choice::TEAM, self.request.target.team());
        self.fused.iter().fold(choices, |choices, fused| choices.and(&fused.choices))
    }
}
