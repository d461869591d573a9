// The numbers of a part: sizes, bases, options. One uniform block, the twin of `Params` in src/gpu/params.rs.
// needs: lib/component
struct Params {
    // sizes
    items: u32,
    per_item: u32,
    classes: u32,
    class_stride: u32,
    position_stride: u32,
    // how the walk is cut: elements or positions of a chunk, chunks of an item or row, rounds of a workgroup
    chunk: u32,
    chunks: u32,
    rounds: u32,
    // where tallies go: how many there are in all, and where a second stage's begin
    tallies: u32,
    first_tally: u32,
    // how a count before the walk is cut, and its tallies
    count_chunk: u32,
    count_tallies: u32,
    // labels: how many there are, and the one that takes no part, where there is one
    label_count: u32,
    ignores: u32,
    ignore_index: i32,
    // this part's place in the outcome, the caller's place for the loss
    part: u32,
    slot: u32,
    // bits that a shader cannot write as constants
    nan: u32,
    infinity: u32,
    // upstream gradient times the part's weight, over the divisor where that is known
    factor: f32,
    weight: f32,
    divisor: f32,
    // the length of the last axis, whose places rows and columns are told by
    columns: u32,
    // factor, weight and divisor of a loss that rides along in the walk of this one
    rider_factor: f32,
    rider_weight: f32,
    rider_divisor: f32,
    // of what is spread over devices: the pieces, this one's first class, and the classes of all
    pieces: u32,
    first_class: u32,
    all_classes: u32,
    // 16, for loops that compilers should not write out: FXC takes seconds where a loop of known length merges states
    sixteen: u32,
    // how many places the outcome has
    places: u32,
    spare_2: u32,
    // what this dispatch alone runs over, where a walk goes block by block
    block: Block,
    // the element at which each binding's tensor begins, by binding number
    bases: array<vec4<u32>, 6>,
    // the loss's numbers, in its header's order
    options: array<vec4<f32>, 4>,
}

// Rows against others: both from first to below end, and the place of each side's row 0 among the rows of all sides.
struct Block {
    own_first: u32,
    own_end: u32,
    own_base: u32,
    other_first: u32,
    other_end: u32,
    other_base: u32,
    // tiles of a chunk, chunks of a row, and which of them is this dispatch's first
    chunk: u32,
    chunks: u32,
    first_chunk: u32,
    // whether sums begin here, rather than going on
    fresh: u32,
    // how many times sixteen elements products run over
    steps: u32,
    // the places of each side's row 0 in the batch, where a side is a piece of it
    own_from: u32,
    other_from: u32,
    // the place of this dispatch's first workgroup, where a walk goes dispatch by dispatch
    first_group: u32,
    // where the sums of a block's tiles begin, those of whole rows, and the rows' products
    first_sum: u32,
    first_pull: u32,
    first_product: u32,
    // the place after its last workgroup, and how far a workgroup from there on is moved, beyond the end of the walk
    end_group: u32,
    beyond: u32,
    spare_5: u32,
}

@group(0) @binding(0) var<uniform> params: Params;

fn base(binding: u32) -> u32 {
    return word_at(params.bases[binding >> 2u], binding & 3u);
}

// The place of a workgroup in the whole walk. A grid is folded into two dimensions, since each is limited, and may have a few
// workgroups too many. Where a walk goes dispatch by dispatch these must not do what the next dispatch does: it binds other
// elements, and a gradient would be added twice.
fn workgroup_at(group: vec3<u32>, grid: vec3<u32>) -> u32 {
    let place = params.block.first_group + ((group.y * grid.x) + group.x);
    return select(place, place + params.block.beyond, place >= params.block.end_group);
}

fn option(place: u32) -> f32 {
    return float_at(params.options[place >> 2u], place & 3u);
}

fn nan() -> f32 {
    return bitcast<f32>(params.nan);
}

fn infinity() -> f32 {
    return bitcast<f32>(params.infinity);
}
