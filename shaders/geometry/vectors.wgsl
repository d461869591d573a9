// The vectors of a row: what a walk sees of them, their share of the tally, and their gradients. Uses lib/params lib/math lib/tally dtype/float operand/x0 operand/x1 absent/x2 absent/row absent/losses absent/dx0 absent/dx1 absent/dx2 geometry/distances fold/cosine losses/vectors/cosine_embedding.
fn coordinates(element: u32) -> vec3<f32> {
    return vec3<f32>(x0_at(element), x1_at(element), x2_at(element));
}

// The state of every `step`th coordinate from `begin` to `end`.
fn absorb_vectors(look: u32, known: Known, begin: u32, end: u32, step: u32) -> State {
    var state = fold_empty();
    for (var i = begin; i < end; i += step) {
        fold_absorb(&state, look, known, coordinates(i));
    }
    return state;
}

// The loss of a row and its slopes, NaN where any of its numbers is.
fn score_of(row: u32, state: State, known: Known) -> VectorsScore {
    let number = row_at(row);
    let score = vectors_score(fold_finish(state, known), number);
    if fold_poisoned(state) || is_nan(number) || is_nan(score.loss) {
        return VectorsScore(nan(), vec3<f32>(nan()));
    }
    return score;
}

fn tally_row(row: u32, kept: bool, score: VectorsScore, tally: ptr<function, Tally>) {
    if !kept {
        emit_loss(row, 0.0);
        return;
    }
    (*tally).count += 1u;
    if is_nan(score.loss) {
        (*tally).poison = 1u;
        emit_loss(row, nan());
    } else {
        (*tally).sum += score.loss;
        emit_loss(row, params.weight * score.loss);
    }
}

// The gradients of every `step`th coordinate from `begin` to `end`.
fn write_vectors(kept: bool, state: State, known: Known, score: VectorsScore, scale: f32, begin: u32, end: u32, step: u32) {
    for (var i = begin; i < end; i += step) {
        var d = vec3<f32>(0.0);
        if kept {
            d = fold_write(state, known, coordinates(i), scale * score.d);
            if is_nan(score.loss) {
                d = vec3<f32>(nan());
            }
        }
        store_dx0(i, d.x);
        store_dx1(i, d.y);
        store_dx2(i, d.z);
    }
}
