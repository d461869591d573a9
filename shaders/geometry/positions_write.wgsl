// Writes the gradient of a position's classes.
// needs: lib/component lib/label lib/params geometry/class_axis
// slots: dx0 fold row_quads softcap target x0

// The derivative `d` of a class as it is stored: 0 if its position takes no part, NaN if the position's loss is unknown.
fn gradient_of(d: f32, kept: bool, s: Statistics) -> f32 {
    return select(0.0, select(d, nan(), s.poison), kept);
}

// The derivative with respect to a class's logit as it is stored, taken through the soft cap.
fn write_capped(slopes: Slopes, x: f32, t: f32, label: Label, k: u32, kept: bool, s: Statistics) -> f32 {
    return gradient_of(through_cap(write_class(slopes, class_of(x, t, label, k)), x), kept, s);
}

// Writes the classes from `begin` to `end` that belong to this lane, of `lanes` that share them.
fn write_classes(
    first: u32,
    begin: u32,
    end: u32,
    lane: u32,
    lanes: u32,
    kept: bool,
    label: Label,
    s: Statistics,
    slopes: Slopes,
) {
    if !FOURS {
        for (var k = begin + lane; k < end; k += lanes) {
            let at = first + (k * params.class_stride);
            store_dx0(at, write_capped(slopes, x0_at(at), target_at(at), label, k, kept, s));
        }
        return;
    }
    // @unroll row_quad ROW_QUADS
    for (var k = begin + (4u * lane); k < end; k += 4u * lanes) {
        let four = row_again(row_quad, first + k);
        let d = vec4<f32>(
            write_capped(slopes, four.x.x, four.t.x, label, k, kept, s),
            write_capped(slopes, four.x.y, four.t.y, label, k + 1u, kept, s),
            write_capped(slopes, four.x.z, four.t.z, label, k + 2u, kept, s),
            write_capped(slopes, four.x.w, four.t.w, label, k + 3u, kept, s),
        );
        if WHOLE {
            store_dx0_four(first + k, d);
        } else {
            for (var j = 0u; j < min(4u, end - k); j += 1u) {
                store_dx0(first + k + j, float_at(d, j));
            }
        }
    }
}
