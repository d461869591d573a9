// Four neighbouring positions of a region, and their logits and targets for a class.
// needs: lib/params geometry/places
// slots: labels logits quad_factors target x0

// whether a class of all four is one load
override FOURS: bool = false;

struct Quad {
    // the positions, and the elements of their first classes; past the end they repeat the last position
    at: vec4<u32>,
    first: vec4<u32>,
    // whether the position exists, and whether it takes part
    live: vec4<bool>,
    kept: vec4<bool>,
    // the labels' classes
    index: vec4<u32>,
    factors: QuadFactors,
}

fn quad_at(position: u32, end: u32) -> Quad {
    let each = vec4<u32>(position) + vec4<u32>(0u, 1u, 2u, 3u);
    let live = each < vec4<u32>(end);
    let at = min(each, vec4<u32>(end - 1u));
    let labels = target_labels(at);
    var first = vec4<u32>(first_class(position)) + vec4<u32>(0u, 1u, 2u, 3u);
    if !FOURS {
        first = vec4<u32>(first.x, first_class(at.y), first_class(at.z), first_class(at.w));
    }
    let kept = vec4<bool>(labels.a.kept, labels.b.kept, labels.c.kept, labels.d.kept);
    let index = vec4<u32>(labels.a.index, labels.b.index, labels.c.index, labels.d.index);
    let factors = quad_factors(at);
    return Quad(at, first, live, kept_by(factors, live & kept), index, factors);
}

// How many of four are true.
fn count_of(four: vec4<bool>) -> f32 {
    let ones = select(vec4<f32>(0.0), vec4<f32>(1.0), four);
    return (ones.x + ones.y) + (ones.z + ones.w);
}

// Of four positions: how many are of a class both by prediction and by target, how many by prediction, how many by target.
fn counts_of(kept: vec4<bool>, predicted: vec4<bool>, wanted: vec4<f32>) -> vec3<f32> {
    let of_prediction = kept & predicted;
    let of_target = kept & (wanted > vec4<f32>(0.5));
    return vec3<f32>(count_of(of_prediction & of_target), count_of(of_prediction), count_of(of_target));
}

fn elements_of(quad: Quad, k: u32) -> vec4<u32> {
    return quad.first + vec4<u32>(k * params.class_stride);
}

fn logits_of(quad: Quad, k: u32) -> vec4<f32> {
    if FOURS {
        return logits_at(quad.first.x, k);
    }
    let at = elements_of(quad, k);
    return vec4<f32>(x0_at(at.x), x0_at(at.y), x0_at(at.z), x0_at(at.w));
}

// The targets of a class: 1 at the label's class. With one channel, the label itself.
fn targets_of(quad: Quad, k: u32) -> vec4<f32> {
    if !LABELLED {
        if FOURS {
            return targets_at(quad.first.x, k);
        }
        let at = elements_of(quad, k);
        return vec4<f32>(target_at(at.x), target_at(at.y), target_at(at.z), target_at(at.w));
    }
    let class_of_one = select(k, 1u, params.classes == 1u);
    return select(vec4<f32>(0.0), vec4<f32>(1.0), quad.index == vec4<u32>(class_of_one));
}
