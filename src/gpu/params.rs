//! The parameter block that every kernel of a part reads: the twin of `Params` in `shaders/lib/params.wgsl`.

use bytemuck::{Pod, Zeroable};

/// The parameters, laid out as the shader reads them; a test compares the two through naga.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub(crate) struct Params {
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
    pub part: u32,
    pub slot: u32,
    pub nan: u32,
    pub infinity: u32,
    pub factor: f32,
    pub weight: f32,
    pub divisor: f32,
    pub spare_0: f32,
    pub spare_1: f32,
    pub bases: [u32; 24],
    pub options: [f32; 16],
}

impl Params {
    /// The names of the fields, in order, with the size of each in bytes: what the layout test goes by.
    #[cfg(test)]
    pub const FIELDS: &[(&str, usize)] = &[
        ("items", 4),
        ("per_item", 4),
        ("classes", 4),
        ("class_stride", 4),
        ("position_stride", 4),
        ("chunk", 4),
        ("chunks", 4),
        ("rounds", 4),
        ("tallies", 4),
        ("first_tally", 4),
        ("count_chunk", 4),
        ("count_tallies", 4),
        ("label_count", 4),
        ("ignores", 4),
        ("ignore_index", 4),
        ("part", 4),
        ("slot", 4),
        ("nan", 4),
        ("infinity", 4),
        ("factor", 4),
        ("weight", 4),
        ("divisor", 4),
        ("spare_0", 4),
        ("spare_1", 4),
        ("bases", 96),
        ("options", 64),
    ];

    /// Parameters with nothing set but the bits that a shader cannot write itself.
    pub fn new() -> Params {
        Params { nan: f32::NAN.to_bits(), infinity: f32::INFINITY.to_bits(), ..Params::zeroed() }
    }
}
