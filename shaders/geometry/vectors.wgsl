// The vectors of a row: absorbs them, tallies their loss, and writes their gradients.
// needs: lib/math lib/params lib/tally geometry/distances
// slots: dx0 dx1 dx2 fold leaf losses row sample_weight x0 x1 x2
// whether coordinates are read four at a time, which needs rows of a multiple of four
override FOURS: bool = false;

fn coordinates(element: u32) -> vec3<f32> {
    return vec3<f32>(x0_at(element), x1_at(element), x2_at(element));
}

// The coordinates of all vectors at four neighbouring elements. A column holds those at one element.
fn four_coordinates(element: u32) -> mat4x3<f32> {
    return transpose(mat3x4<f32>(x0_four(element), x1_four(element), x2_four(element)));
}

// Absorbs the coordinates from `begin` to `end` that belong to this lane, of `lanes` that share them.
fn absorb_vectors(sweep: u32, known: Known, begin: u32, end: u32, lane: u32, lanes: u32) -> State {
    var state = fold_empty();
    if FOURS {
        for (var i = begin + (4u * lane); i < end; i += 4u * lanes) {
            let x = four_coordinates(i);
            fold_absorb(&state, sweep, known, x[0]);
            fold_absorb(&state, sweep, known, x[1]);
            fold_absorb(&state, sweep, known, x[2]);
            fold_absorb(&state, sweep, known, x[3]);
        }
    } else {
        for (var i = begin + lane; i < end; i += lanes) {
            fold_absorb(&state, sweep, known, coordinates(i));
        }
    }
    return state;
}

// The loss of a row, and its derivatives with respect to the distances; NaN if any of its numbers is.
fn score_of(row: u32, state: State, known: Known) -> VectorsScore {
    let number = row_at(row);
    let score = vectors_score(fold_finish(state, known), number);
    if fold_poisoned(state) | is_nan(number) | is_nan(score.loss) {
        return VectorsScore(nan(), vec3<f32>(nan()));
    }
    return score;
}

fn tally_row(row: u32, kept: bool, score: VectorsScore, tally: ptr<function, Tally>) {
    if !kept {
        emit_loss(row, 0.0);
        return;
    }
    let loss = sampled(row, score.loss);
    (*tally).count += count_at(row);
    if is_nan(loss) {
        (*tally).poison = 1u;
        emit_loss(row, nan());
    } else {
        (*tally).sum += loss;
        emit_loss(row, params.weight * loss);
    }
}

// What the gradients of a row need.
struct RowSlopes {
    kept: bool,
    unknown: bool,
    state: State,
    known: Known,
    d: vec3<f32>,
}

fn row_slopes(kept: bool, state: State, known: Known, score: VectorsScore, scale: f32) -> RowSlopes {
    return RowSlopes(kept, is_nan(score.loss), state, known, scale * score.d);
}

fn write_coordinate(row: RowSlopes, x: vec3<f32>) -> vec3<f32> {
    let d = fold_write(row.state, row.known, x, row.d);
    return select(vec3<f32>(0.0), select(d, vec3<f32>(nan()), row.unknown), row.kept);
}

// Writes the gradients of the coordinates from `begin` to `end` that belong to this lane, of `lanes` that share them.
fn write_vectors(row: RowSlopes, begin: u32, end: u32, lane: u32, lanes: u32) {
    if FOURS {
        for (var i = begin + (4u * lane); i < end; i += 4u * lanes) {
            let x = four_coordinates(i);
            let d = transpose(mat4x3<f32>(
                write_coordinate(row, x[0]),
                write_coordinate(row, x[1]),
                write_coordinate(row, x[2]),
                write_coordinate(row, x[3]),
            ));
            store_dx0_four(i, d[0]);
            store_dx1_four(i, d[1]);
            store_dx2_four(i, d[2]);
        }
        return;
    }
    for (var i = begin + lane; i < end; i += lanes) {
        let d = write_coordinate(row, coordinates(i));
        store_dx0(i, d.x);
        store_dx1(i, d.y);
        store_dx2(i, d.z);
    }
}
