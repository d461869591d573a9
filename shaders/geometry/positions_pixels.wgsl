// A value for each of positions whose classes lie far apart, from a fold over them: a lane takes four neighbours, whose class is one load. Uses lib/params lib/math lib/class lib/label lib/tally lib/workspace dtype/float operand/x0 operand/labels absent/class_weight absent/mask absent/upstream absent/losses absent/dx0 fold/softmax fold/softmax_classes losses/softmax/cross_entropy geometry/places geometry/class_axis geometry/positions_tally geometry/positions_write.

// whether a gradient is wanted
override WRITES: bool = false;
// how many lanes walk a contiguous piece of a tile together
override TEAM: u32 = 256u;

// One of four neighbours.
struct Pixel {
    label: Label,
    kept: bool,
    place: Place,
}

fn pixel_at(position: u32, first: u32, label: Label) -> Pixel {
    return Pixel(label, takes_part(position, label), place_of(first, label));
}

// What comes of it.
struct Settled {
    s: Statistics,
    slopes: Slopes,
}

fn settle(position: u32, pixel: Pixel, state: State, tally: ptr<function, Tally>) -> Settled {
    let s = finish_place(state, pixel.place);
    let score = score_place(s);
    tally_position(position, pixel.label, pixel.kept, s, score, tally);
    return Settled(s, slopes_of(s, score, scales() * upstream_at(position)));
}

fn write_pixel(pixel: Pixel, after: Settled, x: f32, t: f32, k: u32) -> f32 {
    return settled(write_class(after.slopes, class_of(x, t, pixel.label, k)), pixel.kept, after.s);
}

fn visit_four(position: u32, tally: ptr<function, Tally>) {
    let first = first_class(position);
    let labels = target_labels(vec4<u32>(position) + vec4<u32>(0u, 1u, 2u, 3u));
    let pixel_a = pixel_at(position, first, labels.a);
    let pixel_b = pixel_at(position + 1u, first + 1u, labels.b);
    let pixel_c = pixel_at(position + 2u, first + 2u, labels.c);
    let pixel_d = pixel_at(position + 3u, first + 3u, labels.d);
    var a = fold_empty();
    var b = fold_empty();
    var c = fold_empty();
    var d = fold_empty();
    for (var k = 0u; k < params.classes; k += 1u) {
        let x = x0_four(first + (k * params.class_stride));
        let t = target_four(first + (k * params.class_stride));
        absorb_class(&a, class_of(x.x, t.x, pixel_a.label, k), pixel_a.place);
        absorb_class(&b, class_of(x.y, t.y, pixel_b.label, k), pixel_b.place);
        absorb_class(&c, class_of(x.z, t.z, pixel_c.label, k), pixel_c.place);
        absorb_class(&d, class_of(x.w, t.w, pixel_d.label, k), pixel_d.place);
    }
    let of_a = settle(position, pixel_a, a, tally);
    let of_b = settle(position + 1u, pixel_b, b, tally);
    let of_c = settle(position + 2u, pixel_c, c, tally);
    let of_d = settle(position + 3u, pixel_d, d, tally);
    if WRITES {
        for (var k = 0u; k < params.classes; k += 1u) {
            let at = first + (k * params.class_stride);
            let x = x0_four(at);
            let t = target_four(at);
            let four = vec4<f32>(
                write_pixel(pixel_a, of_a, x.x, t.x, k),
                write_pixel(pixel_b, of_b, x.y, t.y, k),
                write_pixel(pixel_c, of_c, x.z, t.z, k),
                write_pixel(pixel_d, of_d, x.w, t.w, k),
            );
            store_dx0_four(at, four);
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
    let start = (tile * params.rounds * 256u) + ((lane / TEAM) * TEAM * params.rounds) + (lane % TEAM);
    var tally = tally_none();
    for (var round = 0u; round < params.rounds; round += 1u) {
        let position = 4u * (start + (round * TEAM));
        if position < positions() {
            visit_four(position, &tally);
        }
    }
    let merged = tally_workgroup(tally, lane);
    if (tile * params.rounds * 1024u < positions()) && (lane == 0u) {
        workspace.tallies[tile] = merged;
    }
}
