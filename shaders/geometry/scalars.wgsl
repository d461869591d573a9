// The scores of elements of as many as four operands, one or four at a time, and where their derivatives go. Uses lib/params lib/math dtype/float operand/x0 operand/x1 absent/x2 absent/x3 absent/dx0 absent/dx1 absent/dx2 absent/dx3 geometry/element losses/pointwise/mse.

// which number of an operand stands at an element: 0 its own, 1 its row's, 2 its column's, 3 the same where four columns from a
// multiple of four are never cut
override X1_PLACE: u32 = 0u;
override X2_PLACE: u32 = 0u;
override X3_PLACE: u32 = 0u;

// What the leaf sees of four elements: a column each.
struct Four {
    seen: mat4x4<f32>,
}

fn place_of(i: u32, place: u32) -> u32 {
    switch place {
        case 1u: {
            return i / params.columns;
        }
        case 2u, 3u: {
            return i % params.columns;
        }
        default: {
            return i;
        }
    }
}

// A row and a column, and those of the next element.
fn next_place(at: vec2<u32>) -> vec2<u32> {
    let column = at.y + 1u;
    return select(vec2<u32>(at.x, column), vec2<u32>(at.x + 1u, 0u), column == params.columns);
}

// The rows or columns of four elements, for one division.
fn places_of(i: u32, place: u32) -> vec4<u32> {
    let row = i / params.columns;
    let a = vec2<u32>(row, i - (row * params.columns));
    let b = next_place(a);
    let c = next_place(b);
    let d = next_place(c);
    return select(vec4<u32>(a.y, b.y, c.y, d.y), vec4<u32>(a.x, b.x, c.x, d.x), place == 1u);
}

fn four_at(i: u32) -> Four {
    var x1 = vec4<f32>(0.0);
    var x2 = vec4<f32>(0.0);
    var x3 = vec4<f32>(0.0);
    if X1_PLACE == 0u {
        x1 = x1_four(i);
    } else if X1_PLACE == 3u {
        x1 = x1_four(i % params.columns);
    } else {
        let at = places_of(i, X1_PLACE);
        x1 = vec4<f32>(x1_at(at.x), x1_at(at.y), x1_at(at.z), x1_at(at.w));
    }
    if X2_PLACE == 0u {
        x2 = x2_four(i);
    } else if X2_PLACE == 3u {
        x2 = x2_four(i % params.columns);
    } else {
        let at = places_of(i, X2_PLACE);
        x2 = vec4<f32>(x2_at(at.x), x2_at(at.y), x2_at(at.z), x2_at(at.w));
    }
    if X3_PLACE == 0u {
        x3 = x3_four(i);
    } else if X3_PLACE == 3u {
        x3 = x3_four(i % params.columns);
    } else {
        let at = places_of(i, X3_PLACE);
        x3 = vec4<f32>(x3_at(at.x), x3_at(at.y), x3_at(at.z), x3_at(at.w));
    }
    return Four(transpose(mat4x4<f32>(x0_four(i), x1, x2, x3)));
}

fn score_of_four(four: Four, k: u32, of_item: vec3<f32>) -> ElementScore {
    return score_seen(four.seen[k], of_item);
}

fn score_at(i: u32, of_item: vec3<f32>) -> ElementScore {
    let x1 = x1_at(place_of(i, X1_PLACE));
    return score_seen(vec4<f32>(x0_at(i), x1, x2_at(place_of(i, X2_PLACE)), x3_at(place_of(i, X3_PLACE))), of_item);
}

fn score_seen(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    var score = element_score(v, of_item);
    if is_nan(v.x) || is_nan(v.y) || is_nan(v.z) || is_nan(v.w) {
        score.loss = nan();
    }
    return score;
}

// The derivatives of four elements: a column each.
fn store_four(i: u32, d: mat4x4<f32>) {
    let by_operand = transpose(d);
    store_dx0_four(i, by_operand[0]);
    store_dx1_four(i, by_operand[1]);
    store_dx2_four(i, by_operand[2]);
    store_dx3_four(i, by_operand[3]);
}

fn store(i: u32, d: vec4<f32>) {
    store_dx0(i, d.x);
    store_dx1(i, d.y);
    store_dx2(i, d.z);
    store_dx3(i, d.w);
}
