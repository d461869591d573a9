//! The parameter block that every kernel of a part reads, which mirrors `Params` in `shaders/lib/params.wgsl`; and the
//! uniform of the kernel that writes a number into this block.

use bytemuck::{Pod, Zeroable};

/// Declares the struct, and lists its fields, so that a test can compare them with the shader's.
macro_rules! params {
    ($(#[$doc:meta])* pub struct $name:ident { $(pub $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[repr(C)]
        #[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
        pub(crate) struct $name {
            $(pub $field: $type,)*
        }

        impl $name {
            /// The fields in order, each with its name, and its offset and size in bytes.
            #[cfg(test)]
            pub const FIELDS: &[(&str, usize, usize)] =
                &[$((stringify!($field), std::mem::offset_of!($name, $field), size_of::<$type>())),*];
        }
    };
}

params! {
    /// The part of a walk that one dispatch covers, if the walk is cut into blocks or slices. Mirrors `Block` in `lib/params`.
    pub struct Block {
        pub own_first: u32,
        pub own_end: u32,
        pub own_base: u32,
        pub other_first: u32,
        pub other_end: u32,
        pub other_base: u32,
        pub chunk: u32,
        pub chunks: u32,
        pub first_chunk: u32,
        pub fresh: u32,
        pub steps: u32,
        pub own_from: u32,
        pub other_from: u32,
        pub first_group: u32,
        pub first_sum: u32,
        pub first_row_sum: u32,
        pub first_product: u32,
        pub end_group: u32,
        pub beyond: u32,
        pub spare_5: u32,
        pub height: u32,
        pub width: u32,
        pub plane: u32,
        pub step: u32,
    }
}

params! {
    /// The parameters, laid out as in the shader.
    pub struct Params {
        pub items: u32,
        pub per_item: u32,
        pub classes: u32,
        pub class_stride: u32,
        pub position_stride: u32,
        pub chunk: u32,
        pub chunks: u32,
        pub rounds: u32,
        pub tallies: u32,
        pub first_tally: u32,
        pub count_chunk: u32,
        pub count_tallies: u32,
        pub label_count: u32,
        pub ignores: u32,
        pub ignore_index: i32,
        pub first_outcome_row: u32,
        pub loss_slot: u32,
        pub nan: u32,
        pub infinity: u32,
        pub factor: f32,
        pub weight: f32,
        pub divisor: f32,
        pub columns: u32,
        pub fused_factor: f32,
        pub fused_weight: f32,
        pub fused_divisor: f32,
        pub shards: u32,
        pub first_class: u32,
        pub all_classes: u32,
        pub sixteen: u32,
        pub outcome_rows: u32,
        pub bad_number: u32,
        pub bad_bits: u32,
        pub first_sums_entry: u32,
        pub has_extra: u32,
        pub window: u32,
        pub margin: u32,
        pub first_observed_row: u32,
        pub first_observed_entry: u32,
        pub top_k: u32,
        pub blank: u32,
        pub labels: u32,
        pub longest: u32,
        pub segments: u32,
        pub faults: u32,
        pub mutant: u32,
        pub spare_1: u32,
        pub spare_2: u32,
        pub block: Block,
        pub bases: [u32; 24],
        pub options: [f32; 16],
    }
}

params! {
    /// A number to write to the parameters, and where. Mirrors `Change` in `geometry/number`.
    pub struct Change {
        pub blocks: u32,
        pub stride: u32,
        pub place: u32,
        pub base: u32,
        pub lowest: f32,
        pub highest: f32,
        pub count: u32,
        pub first: u32,
        pub bad_place: u32,
        pub bad_note: u32,
        pub scales: u32,
        pub factor_count: u32,
        pub factor_places: [u32; 2],
        pub weight_places: [u32; 2],
        pub factors: [f32; 2],
        pub weights: [f32; 2],
        pub nan: u32,
        pub spare_0: u32,
        pub spare_1: u32,
        pub spare_2: u32,
    }
}

impl Default for Block {
    fn default() -> Block {
        Block::zeroed()
    }
}

impl Params {
    /// Parameters with the numbers that are the same in every plan: the bits of NaN and of infinity, 16 as a loop bound that
    /// compilers cannot see, and the planted fault. All others are 0.
    pub fn new() -> Params {
        #[cfg(feature = "mutable-shaders")]
        let mutant = crate::gpu::mutable::mutant();
        #[cfg(not(feature = "mutable-shaders"))]
        let mutant = 0;
        Params { nan: f32::NAN.to_bits(), infinity: f32::INFINITY.to_bits(), sixteen: 16, mutant, ..Params::zeroed() }
    }
}
