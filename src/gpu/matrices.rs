//! Cooperative matrices: products of small matrices of f16 that the lanes of a subgroup make together, which GPUs have units
//! for. wgpu calls the feature experimental.

use crate::gpu::link::Slots;
use crate::gpu::shaders::geometry::{matrix, stack};
use crate::gpu::shaders::{Shader, slot};

/// The features that kernels with matrices use.
pub(super) const FEATURES: wgpu::Features =
    wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX.union(wgpu::Features::SHADER_F16).union(wgpu::Features::SUBGROUP);

/// The consent without which wgpu enables no experimental feature.
#[expect(unsafe_code, reason = "wgpu marks every experimental feature as unsafe")]
pub(super) fn experimental() -> wgpu::ExperimentalFeatures {
    // SAFETY: wgpu asks its callers to know that its code for the feature may have bugs. The kernels keep to what its
    // validation and Vulkan's rules ask: matrices are loaded and stored inside of arrays, in uniform control flow.
    unsafe { wgpu::ExperimentalFeatures::enabled() }
}

/// The own rows of a tile. Each subgroup takes as many of them as it has lanes.
const TILE: u32 = 64;

/// The matrices that kernels for an adapter multiply.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Matrices {
    /// The rows and columns of each.
    pub side: u32,
    /// The fewest and the most lanes of a subgroup.
    pub lanes: (u32, u32),
}

impl Matrices {
    /// The largest square matrices of f16 whose products an adapter sums in f32, if kernels can use them.
    pub fn of(adapter: &wgpu::Adapter) -> Option<Matrices> {
        let info = adapter.get_info();
        let has = adapter.features().contains(FEATURES);
        Matrices::among(&adapter.cooperative_matrix_properties(), (info.subgroup_min_size, info.subgroup_max_size))
            .filter(|_| has)
    }

    /// The largest of these that kernels can use, with subgroups of at least `lanes.0` and at most `lanes.1` lanes.
    fn among(all: &[wgpu::CooperativeMatrixProperties], lanes: (u32, u32)) -> Option<Matrices> {
        let fits = |side: &u32| {
            all.iter().any(|one| {
                let sizes = [one.m_size, one.n_size, one.k_size];
                let types = (one.ab_type, one.cr_type);
                sizes == [*side; 3] && types == (wgpu::CooperativeScalarType::F16, wgpu::CooperativeScalarType::F32)
            })
        };
        let candidates = [16, 8].into_iter().filter(fits).map(|side| Matrices { side, lanes });
        candidates.into_iter().find(|matrices| matrices.stack().is_some())
    }

    /// The file that says how many matrices a subgroup stacks. The stack has a row for each lane, and each matrix has `side` rows.
    fn stack(self) -> Option<Shader> {
        let Matrices { side, lanes: (least, most) } = self;
        // if lanes varied, so would control flow around matrices, and naga refuses that
        let whole = least == most && most <= TILE && most.is_multiple_of(side);
        match most / side {
            1 if whole => Some(stack::ONE),
            2 if whole => Some(stack::TWO),
            4 if whole => Some(stack::FOUR),
            _ => None,
        }
    }

    /// Fills the slots for these matrices.
    pub fn fill(self, slots: &mut Slots) {
        slots.fill(slot::MATRIX, if self.side == 8 { matrix::EIGHTS } else { matrix::SIXTEENS });
        if let Some(stack) = self.stack() {
            slots.fill(slot::STACK, stack);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Matrices;
    use wgpu::CooperativeMatrixProperties;
    use wgpu::CooperativeScalarType::{F16, F32};

    #[test]
    fn the_largest_matrices_that_fit_subgroups_are_chosen() {
        let of = |[m_size, n_size, k_size]: [u32; 3], ab_type, cr_type| CooperativeMatrixProperties {
            m_size,
            n_size,
            k_size,
            ab_type,
            cr_type,
            saturating_accumulation: false,
        };
        let (eights, sixteens) = (of([8; 3], F16, F32), of([16; 3], F16, F32));
        let others = [of([16; 3], F16, F16), of([8; 3], F32, F32), of([16, 8, 16], F16, F32)];
        for (all, lanes, side) in [
            // NVIDIA
            (vec![sixteens, others[0], others[2]], (32, 32), Some(16)),
            // RDNA 3, whose driver chooses the lanes
            (vec![sixteens, others[0]], (32, 64), None),
            // llvmpipe, with vectors of 256 and of 512 bits
            (vec![eights, others[0]], (8, 8), Some(8)),
            (vec![eights], (16, 16), Some(8)),
            (vec![eights, sixteens], (64, 64), Some(16)),
            // more lanes than a tile has rows; lanes that vary; fewer lanes than a matrix has rows; a stack of eight matrices
            (vec![sixteens], (128, 128), None),
            (vec![eights, sixteens], (8, 32), None),
            (vec![eights], (4, 4), None),
            (vec![eights], (64, 64), None),
            (others.to_vec(), (32, 32), None),
            (vec![], (32, 32), None),
        ] {
            let found = Matrices::among(&all, lanes);
            assert_eq!(found.map(|matrices| matrices.side), side, "{all:?} with {lanes:?} lanes");
            assert!(found.is_none_or(|matrices| matrices.lanes == lanes));
        }
    }
}
