// The parameters of a part (sizes, bases, options) in one uniform block, the twin of `Params` in src/gpu/params.rs.
// needs: lib/component
struct Params {
    // sizes
    items: u32,
    per_item: u32,
    classes: u32,
    class_stride: u32,
    position_stride: u32,
    // how the walk is divided: elements, positions or classes per chunk, chunks per item or row, rounds per workgroup
    chunk: u32,
    chunks: u32,
    rounds: u32,
    // tallies: how many the walk leaves, and the index of the first one that its second stage, or a look-up of items, leaves
    tallies: u32,
    first_tally: u32,
    // the count that runs before the walk: elements or positions per chunk, and its number of tallies
    count_chunk: u32,
    count_tallies: u32,
    // labels: how many classes they may name, whether one label is ignored, and which
    label_count: u32,
    ignores: u32,
    ignore_index: i32,
    // this part's first row in the outcome; and the element of the caller's tensor that gets the term's loss, or 0xffffffff
    first_outcome_row: u32,
    loss_slot: u32,
    // bits that a shader cannot write as constants
    nan: u32,
    infinity: u32,
    // `factor` is the upstream gradient times the part's weight, over the divisor, as far as the host knows them
    factor: f32,
    weight: f32,
    divisor: f32,
    // the length of the last axis, from which an element's row and column follow
    columns: u32,
    // factor, weight and divisor of the fused loss
    fused_factor: f32,
    fused_weight: f32,
    fused_divisor: f32,
    // a batch spread over devices: the number of shards, this shard's first class, the classes of all shards
    shards: u32,
    first_class: u32,
    all_classes: u32,
    // 16, as a loop bound that compilers cannot see: FXC unrolls a loop of known length, and then takes seconds to compile
    // one that merges states
    sixteen: u32,
    // how many rows all parts have in the outcome, without their observations; a part with a fused loss has two
    outcome_rows: u32,
    // the number out of range in this run: 1 + its place among the options, or 17 for the coefficient; 0 if there is none
    bad_number: u32,
    // the bits of that number
    bad_bits: u32,
    // the part's first entry in the caller's tensor of sums, and whether its extra loss has the entry after it
    first_sums_entry: u32,
    has_extra: u32,
    // the pixels of a window's side, and how many zeros stand around a picture on each side
    window: u32,
    margin: u32,
    // observations: this part's first row in the outcome, its first entry in the caller's tensor of sums, and the k of top-k
    first_observed_row: u32,
    first_observed_entry: u32,
    top_k: u32,
    // alignments: the class of the blank, the length of the tensor of all items' labels, and the most labels that an item may
    // have
    blank: u32,
    labels: u32,
    longest: u32,
    // the number of segments: two for each value
    segments: u32,
    // how many workgroups inspected operands
    faults: u32,
    // which fault is active, where `cargo xtask mutants` has built several into the shaders to test the tests; else 0
    mutant: u32,
    spare_1: u32,
    spare_2: u32,
    // what this one dispatch covers, if a walk takes several
    block: Block,
    // the element at which each binding's tensor begins, by binding number
    bases: array<vec4<u32>, 6>,
    // the loss's number options, in the order of its header
    options: array<vec4<f32>, 4>,
}

// The part of a walk that a dispatch covers. Where own rows are compared with other rows, each side's rows go from its `first`
// to before its `end`; its `base` is the place of its row 0 in scratch memory that holds the rows of both sides.
struct Block {
    own_first: u32,
    own_end: u32,
    own_base: u32,
    other_first: u32,
    other_end: u32,
    other_base: u32,
    // tiles per chunk, chunks per row, and this dispatch's first chunk
    chunk: u32,
    chunks: u32,
    first_chunk: u32,
    // whether sums start at zero here, rather than go on from an earlier dispatch
    fresh: u32,
    // how many steps of sixteen elements a product takes; in levels_product, the number of levels
    steps: u32,
    // the place in the batch of each side's row 0, if the side is a shard of the batch
    own_from: u32,
    other_from: u32,
    // the number of this dispatch's first workgroup in the whole walk
    first_group: u32,
    // where this dispatch's entries begin in `slope_sums`, in `row_sums` and in `products`
    first_sum: u32,
    first_row_sum: u32,
    first_product: u32,
    // the number after this dispatch's last workgroup, and by how much surplus workgroups are moved past the end of the walk
    end_group: u32,
    beyond: u32,
    spare_5: u32,
    // pictures: the rows of a plane, the pixels of a row, the elements from one plane of an item to the next, and from a pixel
    // to its right neighbour; `other_base` is the first line of the band of windows in memory; in levels, `own_base` and
    // `other_from` are where plane 0 of this level and of the next would begin in scratch memory
    // tiles: `width` is the elements of a row
    // alignments: `height` is the number of steps whose sums are kept, `width` the number of sums of a step; own rows are
    // items, other rows are steps
    // inspections: `chunk` is the rounds of a workgroup, `plane` the elements of an item, `step` those from class to class,
    // `width` the number of classes; of alignments, `plane` is the elements of a step, `step` its classes
    height: u32,
    width: u32,
    plane: u32,
    step: u32,
}

@group(0) @binding(0) var<uniform> params: Params;

fn base(binding: u32) -> u32 {
    return word_at(params.bases[binding >> 2u], binding & 3u);
}

// The number of a workgroup in the whole walk. A grid is folded into two dimensions, since each is limited, and may have
// surplus workgroups. These get numbers past the end of the walk. Else they would do the next dispatch's work, for which other
// elements have to be bound, and its gradients would be added twice.
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
