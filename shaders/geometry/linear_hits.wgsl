// Computes the logit of each row's label from the row and the class itself, before the tiles compute all logits, and passes it
// to `keep_label`. Several lanes share a row. Sixteen elements are summed first, in the order of `geometry/tile_products`, so that
// the label's product has the bits of the products that tiles compute.
// needs: lib/params scratch/factors geometry/row_elements
// slots: label_logit labels x0 x1

// how many lanes share a row
override LANES: u32 = 16u;

var<workgroup> lanes: array<vec2<f32>, 256>;

@compute @workgroup_size(256)
fn linear_hits(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) invocation: u32,
) {
    let place = params.block.own_first + (workgroup_at(group, grid) * (256u / LANES)) + (invocation / LANES);
    let live = place < params.block.own_end;
    let row = select(params.block.own_first, place, live);
    let label = target_label(row);
    // another dispatch, or another device, may have the label's class
    let inside = (label.index >= params.block.other_first) & (label.index < params.block.other_end);
    let has_label = live & label.kept & inside;
    let class_place = select(params.block.other_first, label.index, has_label);
    let of_row = factors[params.block.own_base + row];
    let of_class = factors[params.block.other_base + class_place];
    let lane = invocation % LANES;
    let width = params.block.width;
    let end = select(0u, width, has_label);
    var sums = vec2<f32>(0.0);
    for (var first = 0u; first < width; first += 16u * LANES) {
        let begin = first + (16u * lane);
        var few = vec2<f32>(0.0);
        for (var k = begin; k < min(begin + 16u, end); k += 1u) {
            few = add_label_summands(few, of_row * x0_at(element_of(row, k)), of_class * x1_at(element_of(class_place, k)));
        }
        lanes[invocation] = few;
        workgroupBarrier();
        if lane == 0u {
            for (var other = 0u; other < LANES; other += 1u) {
                sums += lanes[invocation + other];
            }
        }
        workgroupBarrier();
    }
    if has_label & (lane == 0u) {
        keep_label(row, class_place, sums, of_row, of_class);
    }
}
