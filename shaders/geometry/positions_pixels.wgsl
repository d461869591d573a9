// Computes a value for each position, and gradients in the same pass, where the classes of a position lie far apart: a lane
// takes four neighbouring positions, so that a class of all four is one load.
// needs: lib/class lib/label lib/params lib/tally lib/workspace geometry/class_axis geometry/places geometry/positions_tally geometry/positions_write
// slots: classes comparison dx0 fold labels logits observation position_states target upstream x0

// how many neighbouring positions a lane takes: one, or four, which only items of a multiple of four positions allow
override EACH: u32 = 4u;
// whether each workgroup belongs to one item
override BY_ITEM: bool = false;
// which of these the dispatch does: all that is wanted, or only a part of it where classes are walked in ranges
override FOLDS: bool = true;
override SCORES: bool = true;
override WRITES: bool = false;
// how many lanes walk a contiguous range of a chunk together
override TEAM: u32 = 256u;

// One of the neighbouring positions.
struct Pixel {
    label: Label,
    kept: bool,
    label_class: LabelClass,
}

fn pixel_at(position: u32, first: u32, label: Label) -> Pixel {
    return Pixel(label, takes_part(position, label), position_label_class(position, first, label));
}

// how many quads of positions a lane takes at a time; the target sets it, and unrolls the loops over it
const STRIP: u32 = 1u;

// The statistics of a position, and what its gradients need.
struct Scored {
    s: Statistics,
    slopes: Slopes,
}

fn score_pixel(position: u32, live: bool, pixel: Pixel, state: State, tally: ptr<function, Tally>) -> Scored {
    let s = finish_position(state, pixel.label_class);
    let score = score_position(s);
    if SCORES & live {
        tally_position(position, pixel.label, pixel.kept, s, score, tally);
        observe_position(position, pixel.label, pixel.kept, state, s);
    }
    return Scored(s, slopes_of(s, score, scales() * upstream_at(position)));
}

fn write_pixel(pixel: Pixel, after: Scored, x: f32, t: f32, k: u32) -> f32 {
    return write_capped(after.slopes, x, t, pixel.label, k, pixel.kept, after.s);
}

// Four neighbouring positions: the first one, whether they lie in this chunk, and the element of the first one's first
// class.
struct Four {
    position: u32,
    live: bool,
    first: u32,
    a: Pixel,
    b: Pixel,
    c: Pixel,
    d: Pixel,
}

struct States {
    a: State,
    b: State,
    c: State,
    d: State,
}

struct FourScored {
    a: Scored,
    b: Scored,
    c: Scored,
    d: Scored,
}

// Loads the four at `position`. Past the end, loads those at `instead` and marks them dead, so that nothing is stored.
fn four_at(position: u32, instead: u32, end: u32) -> Four {
    let live = position < end;
    let at = select(instead, position, live);
    let first = first_class(at);
    load_classes(first);
    let labels = target_labels(vec4<u32>(at) + vec4<u32>(0u, 1u, 2u, 3u));
    return Four(
        at,
        live,
        first,
        pixel_at(at, first, labels.a),
        pixel_at(at + 1u, first + 1u, labels.b),
        pixel_at(at + 2u, first + 2u, labels.c),
        pixel_at(at + 3u, first + 3u, labels.d),
    );
}

fn states_before(four: Four) -> States {
    let at = four.position;
    return States(state_before(at, 0u), state_before(at + 1u, 0u), state_before(at + 2u, 0u), state_before(at + 3u, 0u));
}

fn absorbed(states: States, four: Four, k: u32) -> States {
    let x = logits_at(four.first, k);
    let t = targets_at(four.first, k);
    var a = states.a;
    var b = states.b;
    var c = states.c;
    var d = states.d;
    absorb_class(&a, class_of(x.x, t.x, four.a.label, k), four.a.label_class);
    absorb_class(&b, class_of(x.y, t.y, four.b.label, k), four.b.label_class);
    absorb_class(&c, class_of(x.z, t.z, four.c.label, k), four.c.label_class);
    absorb_class(&d, class_of(x.w, t.w, four.d.label, k), four.d.label_class);
    return States(a, b, c, d);
}

fn keep_states(four: Four, states: States) {
    if four.live {
        keep_state(four.position, 0u, states.a);
        keep_state(four.position + 1u, 0u, states.b);
        keep_state(four.position + 2u, 0u, states.c);
        keep_state(four.position + 3u, 0u, states.d);
    }
}

fn score_four(four: Four, states: States, tally: ptr<function, Tally>) -> FourScored {
    let at = four.position;
    return FourScored(
        score_pixel(at, four.live, four.a, states.a, tally),
        score_pixel(at + 1u, four.live, four.b, states.b, tally),
        score_pixel(at + 2u, four.live, four.c, states.c, tally),
        score_pixel(at + 3u, four.live, four.d, states.d, tally),
    );
}

fn write_four(four: Four, after: FourScored, k: u32) {
    let x = logits_at(four.first, k);
    let t = targets_at(four.first, k);
    let d = vec4<f32>(
        write_pixel(four.a, after.a, x.x, t.x, k),
        write_pixel(four.b, after.b, x.y, t.y, k),
        write_pixel(four.c, after.c, x.z, t.z, k),
        write_pixel(four.d, after.d, x.w, t.w, k),
    );
    if four.live {
        store_dx0_four(four.first + (k * params.class_stride), d);
    }
}

// Visits a strip of quads, 4·TEAM positions apart, so that the team reads and writes a long contiguous range of each class.
fn visit_strip(position: u32, end: u32, tally: ptr<function, Tally>) {
    var fours: array<Four, STRIP>;
    var states: array<States, STRIP>;
    var after: array<FourScored, STRIP>;
    // @unroll q STRIP
    for (var q = 0u; q < STRIP; q += 1u) {
        fours[q] = four_at(position + (4u * TEAM * q), position, end);
        states[q] = states_before(fours[q]);
    }
    if FOLDS {
        // @unroll k CLASSES
        for (var k = classes_from(); k < classes_to(); k += 1u) {
            // @unroll q STRIP
            for (var q = 0u; q < STRIP; q += 1u) {
                states[q] = absorbed(states[q], fours[q], k);
            }
        }
        // @unroll q STRIP
        for (var q = 0u; q < STRIP; q += 1u) {
            keep_states(fours[q], states[q]);
        }
    }
    // @unroll q STRIP
    for (var q = 0u; q < STRIP; q += 1u) {
        after[q] = score_four(fours[q], states[q], tally);
    }
    if WRITES {
        // @unroll k CLASSES
        for (var k = classes_from(); k < classes_to(); k += 1u) {
            // @unroll q STRIP
            for (var q = 0u; q < STRIP; q += 1u) {
                write_four(fours[q], after[q], k);
            }
        }
    }
}

fn visit_one(position: u32, tally: ptr<function, Tally>) {
    let first = first_class(position);
    let pixel = pixel_at(position, first, target_label(position));
    var state = state_before(position, 0u);
    if FOLDS {
        // @unroll k CLASSES
        for (var k = classes_from(); k < classes_to(); k += 1u) {
            absorb_class(&state, class_at(first, pixel.label, k), pixel.label_class);
        }
        keep_state(position, 0u, state);
    }
    compare_lane(position, true, first, pixel.label, state, 0u);
    let after = score_pixel(position, true, pixel, state, tally);
    if WRITES {
        // @unroll k CLASSES
        for (var k = classes_from(); k < classes_to(); k += 1u) {
            let at = first + (k * params.class_stride);
            store_dx0(at, write_pixel(pixel, after, x0_at(at), target_at(at), k));
        }
    }
}

@compute @workgroup_size(256)
fn positions_pixels(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let workgroup = workgroup_at(group, grid);
    let live = workgroup < params.tallies;
    let run = select(positions(), params.per_item, BY_ITEM);
    let item = workgroup / params.chunks;
    let start = (item * run) + ((workgroup % params.chunks) * params.chunk);
    let end = select(start, min(start + params.chunk, (item + 1u) * run), live);
    let together = TEAM * select(1u, STRIP, EACH == 4u);
    let first = start + (EACH * (((lane / TEAM) * together * params.rounds) + (lane % TEAM)));
    var tally = tally_none();
    for (var round = 0u; round < params.rounds; round += 1u) {
        let position = first + (EACH * round * together);
        if position < end {
            if EACH == 4u {
                visit_strip(position, end, &tally);
            } else {
                visit_one(position, &tally);
            }
        }
    }
    if SCORES {
        let merged = tally_workgroup(tally, lane);
        if live & (lane == 0u) {
            workspace.tallies[workgroup] = merged;
        }
        observe_workgroup(workgroup, live, lane);
    }
}
