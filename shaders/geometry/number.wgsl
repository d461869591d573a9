// Writes a number that changes between runs into all parameter blocks of a part's kernels. If an f32 is out of range, the part's
// loss and gradients become NaN.
// slots: number

// The number to write, and its place: the twin of `Change` in src/gpu/params.rs. Places are words of a parameter block.
struct Change {
    // how many blocks the part has, and how many words lie from one to the next
    blocks: u32,
    stride: u32,
    // where the number goes
    place: u32,
    // where the tensor that holds the number begins
    base: u32,
    // the range of the number, both ends included
    lowest: f32,
    highest: f32,
    // for a whole number, which is stored as u32: how many values it may have; 0 for an f32
    count: u32,
    // whether this is the first number of the run
    first: u32,
    // where a number out of range is noted, with its bits in the word after it; and the note
    bad_place: u32,
    bad_note: u32,
    // whether `factors` and `weights` are multiplied by the number
    scales: u32,
    // how many losses the walk has; for each, the places and values of what its gradients and its loss are multiplied by
    factor_count: u32,
    factor_places: vec2<u32>,
    weight_places: vec2<u32>,
    factors: vec2<f32>,
    weights: vec2<f32>,
    nan: u32,
    spare_0: u32,
    spare_1: u32,
    spare_2: u32,
}

@group(0) @binding(0) var<uniform> change: Change;
@group(0) @binding(7) var<storage, read_write> parameters: array<u32>;

var<workgroup> shared_bits: u32;

// The note of a number out of range, or 0.
fn note_of(bits: u32) -> u32 {
    let number = bitcast<f32>(bits);
    let is_finite = (bits & 0x7f800000u) != 0x7f800000u;
    let is_good = is_finite & (number >= change.lowest) & (number <= change.highest);
    return select(change.bad_note, 0u, is_good);
}

fn write_factor(block: u32, place: u32, factor: f32, scale: f32, is_bad: bool) {
    parameters[block + place] = select(bitcast<u32>(factor * scale), change.nan, is_bad);
}

@compute @workgroup_size(64)
fn number(@builtin(local_invocation_index) lane: u32) {
    if lane == 0u {
        shared_bits = number_bits();
    }
    workgroupBarrier();
    let bits = shared_bits;
    let is_whole = change.count != 0u;
    let note = select(note_of(bits), 0u, is_whole);
    let scale = select(1.0, bitcast<f32>(bits), change.scales != 0u);
    for (var i = lane; i < change.blocks; i += 64u) {
        let block = i * change.stride;
        // a whole number out of range becomes 0xffffffff, a slot that kernels do not write to
        parameters[block + change.place] = select(bits, 0xffffffffu, is_whole & (bits >= change.count));
        // the first number of a run also clears the note of the run before
        if !is_whole & ((change.first | note) != 0u) {
            parameters[block + change.bad_place] = note;
            parameters[block + change.bad_place + 1u] = bits;
            write_factor(block, change.factor_places.x, change.factors.x, scale, note != 0u);
            write_factor(block, change.weight_places.x, change.weights.x, scale, note != 0u);
            if change.factor_count > 1u {
                write_factor(block, change.factor_places.y, change.factors.y, scale, note != 0u);
                write_factor(block, change.weight_places.y, change.weights.y, scale, note != 0u);
            }
        }
    }
}
