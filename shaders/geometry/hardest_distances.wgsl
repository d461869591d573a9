// Replaces the squared distances of a block's rows from its others by the distances; by NaN if one of the two rows is not
// finite.
// needs: lib/math lib/params scratch/distances scratch/factors geometry/row_elements
// slots: x0 x1

// the bits of 2^-80 and of 2^120: a sum of squares between them has neither overflowed nor lost digits to underflow
const LEAST_SQUARES: u32 = 0x17800000u;
const MOST_SQUARES: u32 = 0x7b800000u;

// 2^80, by which differences are multiplied or divided before they are squared
const LARGE: f32 = 1.2089258e24;
const SMALL: f32 = 1.0 / LARGE;

// The distance of two rows, times `by`: their differences are multiplied by `by` before they are squared. Sixteen quads are
// summed first, so that the long sum has few steps.
fn scaled_distance(own: u32, other: u32, by: f32) -> f32 {
    var sum = vec4<f32>(0.0);
    var few = vec4<f32>(0.0);
    for (var k = 0u; k < params.block.width; k += 4u) {
        let a = before(x0_four(element_of(own, k)), k, params.block.width);
        let b = before(x1_four(element_of(other, k)), k, params.block.width);
        let apart = (a - b) * by;
        few = fma(apart, apart, few);
        if (k & 60u) == 60u {
            sum += few;
            few = vec4<f32>(0.0);
        }
    }
    sum += few;
    return sqrt((sum.x + sum.y) + (sum.z + sum.w));
}

@compute @workgroup_size(256)
fn hardest_distances(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let pair = (workgroup_at(group, grid) * 256u) + lane;
    let others = params.block.other_end - params.block.other_first;
    let own = params.block.own_first + (pair / others);
    let other = params.block.other_first + (pair % others);
    if own >= params.block.own_end {
        return;
    }
    let squares = distances[pair];
    let bits = bitcast<u32>(squares);
    var distance = sqrt(squares);
    if is_nan(factors[params.block.own_base + own]) | is_nan(factors[params.block.other_base + other]) {
        distance = nan();
    } else if bits < LEAST_SQUARES {
        distance = scaled_distance(own, other, LARGE) * SMALL;
    } else if bits > MOST_SQUARES {
        distance = scaled_distance(own, other, SMALL) * LARGE;
    }
    distances[pair] = distance;
}
