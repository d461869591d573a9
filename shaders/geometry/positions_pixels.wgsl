// A value for each of positions whose classes lie far apart, from a fold over them: a lane takes four neighbours, whose class is one load. Uses lib/params lib/math lib/class lib/label lib/tally lib/workspace dtype/float operand/x0 operand/labels absent/class_weight absent/mask absent/upstream absent/losses absent/dx0 fold/softmax fold/softmax_classes losses/softmax/cross_entropy geometry/places geometry/class_axis geometry/positions_tally geometry/positions_write absent/pixel_states geometry/class_range geometry/logits_read.

// how many neighbours a lane takes: four where items are a multiple of that, else one
override EACH: u32 = 4u;
// whether workgroups belong to one item each
override BY_ITEM: bool = false;
// what is done here: all of it, or where classes are gone through range by range one thing after the other
override FOLDS: bool = true;
override SCORES: bool = true;
override WRITES: bool = false;
// how many lanes walk a contiguous piece of a tile together
override TEAM: u32 = 256u;

// One of the neighbours.
struct Pixel {
    label: Label,
    kept: bool,
    place: Place,
}

fn pixel_at(position: u32, first: u32, label: Label) -> Pixel {
    return Pixel(label, takes_part(position, label), pixel_place(position, first, label));
}

// What comes of it.
struct Settled {
    s: Statistics,
    slopes: Slopes,
}

fn settle(position: u32, pixel: Pixel, state: State, tally: ptr<function, Tally>) -> Settled {
    let s = finish_place(state, pixel.place);
    let score = score_place(s);
    if SCORES {
        tally_position(position, pixel.label, pixel.kept, s, score, tally);
    }
    return Settled(s, slopes_of(s, score, scales() * upstream_at(position)));
}

fn write_pixel(pixel: Pixel, after: Settled, x: f32, t: f32, k: u32) -> f32 {
    return settled(write_class(after.slopes, class_of(x, t, pixel.label, k)), pixel.kept, after.s);
}

fn visit_four(position: u32, tally: ptr<function, Tally>) {
    let first = first_class(position);
    look_at(first);
    let labels = target_labels(vec4<u32>(position) + vec4<u32>(0u, 1u, 2u, 3u));
    let pixel_a = pixel_at(position, first, labels.a);
    let pixel_b = pixel_at(position + 1u, first + 1u, labels.b);
    let pixel_c = pixel_at(position + 2u, first + 2u, labels.c);
    let pixel_d = pixel_at(position + 3u, first + 3u, labels.d);
    var a = state_before(position);
    var b = state_before(position + 1u);
    var c = state_before(position + 2u);
    var d = state_before(position + 3u);
    if FOLDS {
        for (var k = classes_from(); k < classes_to(); k += 1u) {
            let x = logits_at(first, k);
            let t = targets_at(first, k);
            absorb_class(&a, class_of(x.x, t.x, pixel_a.label, k), pixel_a.place);
            absorb_class(&b, class_of(x.y, t.y, pixel_b.label, k), pixel_b.place);
            absorb_class(&c, class_of(x.z, t.z, pixel_c.label, k), pixel_c.place);
            absorb_class(&d, class_of(x.w, t.w, pixel_d.label, k), pixel_d.place);
        }
        keep_state(position, a);
        keep_state(position + 1u, b);
        keep_state(position + 2u, c);
        keep_state(position + 3u, d);
    }
    let of_a = settle(position, pixel_a, a, tally);
    let of_b = settle(position + 1u, pixel_b, b, tally);
    let of_c = settle(position + 2u, pixel_c, c, tally);
    let of_d = settle(position + 3u, pixel_d, d, tally);
    if WRITES {
        for (var k = classes_from(); k < classes_to(); k += 1u) {
            let x = logits_at(first, k);
            let t = targets_at(first, k);
            let four = vec4<f32>(
                write_pixel(pixel_a, of_a, x.x, t.x, k),
                write_pixel(pixel_b, of_b, x.y, t.y, k),
                write_pixel(pixel_c, of_c, x.z, t.z, k),
                write_pixel(pixel_d, of_d, x.w, t.w, k),
            );
            store_dx0_four(first + (k * params.class_stride), four);
        }
    }
}

fn visit_one(position: u32, tally: ptr<function, Tally>) {
    let first = first_class(position);
    let pixel = pixel_at(position, first, target_label(position));
    var state = state_before(position);
    if FOLDS {
        for (var k = classes_from(); k < classes_to(); k += 1u) {
            absorb_class(&state, class_at(first, pixel.label, k), pixel.place);
        }
        keep_state(position, state);
    }
    let after = settle(position, pixel, state, tally);
    if WRITES {
        for (var k = classes_from(); k < classes_to(); k += 1u) {
            let d = write_class(after.slopes, class_at(first, pixel.label, k));
            store_dx0(first + (k * params.class_stride), settled(d, pixel.kept, after.s));
        }
    }
}

@compute @workgroup_size(256)
fn positions_pixels(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let tile = workgroup_at(group, grid);
    let live = tile < params.tallies;
    let run = select(positions(), params.per_item, BY_ITEM);
    let item = tile / params.chunks;
    let start = (item * run) + ((tile % params.chunks) * params.chunk);
    let end = select(start, min(start + params.chunk, (item + 1u) * run), live);
    let first = start + (EACH * (((lane / TEAM) * TEAM * params.rounds) + (lane % TEAM)));
    var tally = tally_none();
    for (var round = 0u; round < params.rounds; round += 1u) {
        let position = first + (EACH * round * TEAM);
        if position < end {
            if EACH == 4u {
                visit_four(position, &tally);
            } else {
                visit_one(position, &tally);
            }
        }
    }
    if SCORES {
        let merged = tally_workgroup(tally, lane);
        if live && (lane == 0u) {
            workspace.tallies[tile] = merged;
        }
    }
}
