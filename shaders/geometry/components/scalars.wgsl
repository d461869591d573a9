// Loads what belongs to an element from up to four operands, scores the element, and stores the derivatives with respect to
// the operands. Loads and stores are of one element or of four.
// needs: lib/math lib/params geometry/cells geometry/element
// slots: dx0 dx1 dx2 dx3 leaf x0 x1 x2 x3

// which number of an operand belongs to an element: 0 the element's own, 1 its row's, 2 its column's, 3 its column's where the
// number of columns is a multiple of four, so that four numbers are one load
override X1_PLACE: u32 = 0u;
override X2_PLACE: u32 = 0u;
override X3_PLACE: u32 = 0u;

// What the leaf sees of an element: a number of each operand. `Four` has four elements.
alias Seen = vec4<f32>;

struct Four {
    a: Seen,
    b: Seen,
    c: Seen,
    d: Seen,
}

fn place_of(i: u32, cell: vec2<u32>, place: u32) -> u32 {
    return select(select(cell.y, cell.x, place == 1u), i, place == 0u);
}

// The rows or columns of four elements.
fn places_of(cell: vec2<u32>, place: u32) -> vec4<u32> {
    let next = select(vec2<u32>(0u, 1u), vec2<u32>(1u, 0u), params.columns == 1u);
    let b = cell_after(cell, next);
    let c = cell_after(b, next);
    let d = cell_after(c, next);
    return select(vec4<u32>(cell.y, b.y, c.y, d.y), vec4<u32>(cell.x, b.x, c.x, d.x), place == 1u);
}

fn four_at(i: u32, cell: vec2<u32>) -> Four {
    var x1 = vec4<f32>(0.0);
    var x2 = vec4<f32>(0.0);
    var x3 = vec4<f32>(0.0);
    if (X1_PLACE == 0u) | (X1_PLACE == 3u) {
        x1 = x1_four(place_of(i, cell, X1_PLACE));
    } else {
        let at = places_of(cell, X1_PLACE);
        x1 = vec4<f32>(x1_at(at.x), x1_at(at.y), x1_at(at.z), x1_at(at.w));
    }
    if (X2_PLACE == 0u) | (X2_PLACE == 3u) {
        x2 = x2_four(place_of(i, cell, X2_PLACE));
    } else {
        let at = places_of(cell, X2_PLACE);
        x2 = vec4<f32>(x2_at(at.x), x2_at(at.y), x2_at(at.z), x2_at(at.w));
    }
    if (X3_PLACE == 0u) | (X3_PLACE == 3u) {
        x3 = x3_four(place_of(i, cell, X3_PLACE));
    } else {
        let at = places_of(cell, X3_PLACE);
        x3 = vec4<f32>(x3_at(at.x), x3_at(at.y), x3_at(at.z), x3_at(at.w));
    }
    let seen = transpose(mat4x4<f32>(x0_four(i), x1, x2, x3));
    return Four(seen[0], seen[1], seen[2], seen[3]);
}

fn seen_at(i: u32) -> Seen {
    let cell = cell_at(i);
    let x1 = x1_at(place_of(i, cell, X1_PLACE));
    let x2 = x2_at(place_of(i, cell, X2_PLACE));
    return vec4<f32>(x0_at(i), x1, x2, x3_at(place_of(i, cell, X3_PLACE)));
}

fn score_seen(v: Seen, of_item: vec3<f32>) -> ElementScore {
    var score = element_score(v, of_item);
    if is_nan(v.x) | is_nan(v.y) | is_nan(v.z) | is_nan(v.w) {
        score.loss = nan();
    }
    return score;
}

// Stores the derivatives of four elements. `d` has a column for each element, with a derivative for each operand.
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
