// The score of an element of as many as four operands, and where its derivatives go. Uses lib/params lib/math dtype/float operand/x0 operand/x1 absent/x2 absent/x3 absent/dx0 absent/dx1 absent/dx2 absent/dx3 geometry/element losses/pointwise/mse.

// which number of an operand stands at an element: 0 its own, 1 its row's, 2 its column's
override X1_PLACE: u32 = 0u;
override X2_PLACE: u32 = 0u;
override X3_PLACE: u32 = 0u;

fn place_of(i: u32, place: u32) -> u32 {
    switch place {
        case 1u: {
            return i / params.columns;
        }
        case 2u: {
            return i % params.columns;
        }
        default: {
            return i;
        }
    }
}

fn score_at(i: u32, of_item: vec3<f32>) -> ElementScore {
    let v = vec4<f32>(x0_at(i), x1_at(place_of(i, X1_PLACE)), x2_at(place_of(i, X2_PLACE)), x3_at(place_of(i, X3_PLACE)));
    if is_nan(v.x) || is_nan(v.y) || is_nan(v.z) || is_nan(v.w) {
        return ElementScore(nan(), vec4<f32>(0.0));
    }
    return element_score(v, of_item);
}

fn store(i: u32, d: vec4<f32>) {
    store_dx0(i, d.x);
    store_dx1(i, d.y);
    store_dx2(i, d.z);
    store_dx3(i, d.w);
}
