// Each row's cosine with its label's class, and its margin: leaves the label's logit, and the slope that the margin gives it. Tiles
// of products have rounded the cosine, and with it the sine of a small angle. Several lanes share a row.
// needs: lib/params scratch/factors scratch/hits scratch/margin_slopes geometry/row_elements
// slots: labels leaf logit_scale x0 x1

// how many lanes share a row
override LANES: u32 = 16u;

// vectors whose sine is below this have no direction that f32 can tell
const LEAST_SINE: f32 = 1e-6;

// for each lane, Σ (u − v)² and Σ (u + v)², where u is the row and v the class, both divided by their norms
var<workgroup> lanes: array<vec2<f32>, 256>;

// Whether a vector was divided by the least norm instead of its own.
fn is_short(factor: f32) -> bool {
    return (factor == 0.0) | (factor >= 1e8);
}

@compute @workgroup_size(256)
fn linear_margins(
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
    let end = select(0u, params.per_item, has_label);
    var sums = vec2<f32>(0.0);
    for (var k = lane; k < end; k += LANES) {
        let u = of_row * x0_at(element_of(row, k));
        let v = of_class * x1_at(element_of(class_place, k));
        sums += vec2<f32>((u - v) * (u - v), (u + v) * (u + v));
    }
    lanes[invocation] = sums;
    workgroupBarrier();
    if has_label & (lane == 0u) {
        for (var other = 1u; other < LANES; other += 1u) {
            sums += lanes[invocation + other];
        }
        let cosine = clamp(0.25 * (sums.y - sums.x), -1.0, 1.0);
        // 1 − cosine and 1 + cosine; of a short vector they are not halves of these sums
        let short = is_short(of_row) | is_short(of_class);
        let ends = select(0.5 * sums, vec2<f32>(1.0 - cosine, 1.0 + cosine), short);
        let sine = sqrt(ends.x * ends.y);
        let margined = softmax_margin(cosine, sine);
        hits[row] = product_scale() * margined.x;
        margin_slopes[row] = select(margined.y, 0.0, sine < LEAST_SINE);
    }
}
