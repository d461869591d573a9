// Replaces the student's logits of a block by the derivatives with respect to them (slopes), with 0 in place of NaN. Marks in
// `slope_sums` the own rows (or own classes) that have a slope of NaN; with SHARED also those of the other side.
// needs: lib/math lib/params lib/workspace scratch/slope_sums scratch/slopes geometry/block_classes geometry/row_elements
// slots: fold labels mask softcap upstream whole

// whether classes are the own side and rows the other; losses belong to rows
override OTHER_SCORES: bool = false;
// whether those of the other side that have a slope of NaN are marked too
override SHARED: bool = false;

// a bit for each of the tile's 64 rows and then for each of its 64 others: whether it has a slope of NaN
var<workgroup> unknown: array<atomic<u32>, 4>;

// What the slopes of a row's classes need.
struct RowSlopes {
    kept: bool,
    poison: bool,
    slopes: Slopes,
}

fn row_slopes(label_class: u32) -> RowSlopes {
    // past the end the last row is read instead, whose slopes are not used
    let row = min(label_class, params.items - 1u);
    let label = target_label(row);
    let s = finish_position(merged_whole(row), whole_label_class(row, label));
    return RowSlopes(mask_at(row) != 0.0, s.poison, slopes_of(s, score_position(s), scales() * upstream_at(row)));
}

fn logit_slope(of_row: RowSlopes, x: f32, t: f32) -> f32 {
    let d = through_cap(write_class(of_row.slopes, class_of_logits(x, t, 0u)), x);
    return select(0.0, select(d, nan(), of_row.poison), of_row.kept);
}

// What is stored as the sums of one of the tile's rows or others: NaN if it has a slope of NaN, otherwise 0. The sums
// themselves are not needed, since no row is divided by its norm, and none has a bias.
fn line_sum(line: u32) -> vec2<f32> {
    let bits = atomicLoad(&unknown[line / 32u]) >> (line % 32u);
    return vec2<f32>(select(0.0, nan(), (bits & 1u) != 0u), 0.0);
}

@compute @workgroup_size(256)
fn logits_slopes(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let label_class = workgroup_at(group, grid);
    let across = (params.block.other_end - params.block.other_first + 63u) / 64u;
    let first_own = params.block.own_first + (64u * (label_class / across));
    let first_other = params.block.other_first + (64u * (label_class % across));
    if lane < 4u {
        atomicStore(&unknown[lane], 0u);
    }
    workgroupBarrier();
    let column = 4u * (lane % 16u);
    let other = first_other + column;
    for (var line = lane / 16u; line < 64u; line += 16u) {
        let own = first_own + line;
        if own < params.block.own_end {
            let four = four_logits(own, other);
            let a = row_slopes(select(own, other, OTHER_SCORES));
            var b = a;
            var c = a;
            var e = a;
            if OTHER_SCORES {
                b = row_slopes(other + 1u);
                c = row_slopes(other + 2u);
                e = row_slopes(other + 3u);
            }
            let all = vec4<f32>(
                logit_slope(a, four.x.x, four.t.x),
                logit_slope(b, four.x.y, four.t.y),
                logit_slope(c, four.x.z, four.t.z),
                logit_slope(e, four.x.w, four.t.w),
            );
            let d = before(all, other, params.block.other_end);
            let is_unknown = are_nan(d);
            slopes[slope_at(own, other)] = select(d, vec4<f32>(0.0), is_unknown);
            if any(is_unknown) {
                let bits = select(vec4<u32>(0u), vec4<u32>(1u, 2u, 4u, 8u), is_unknown);
                atomicOr(&unknown[line / 32u], 1u << (line % 32u));
                atomicOr(&unknown[2u + (column / 32u)], (bits.x | bits.y | bits.z | bits.w) << (column % 32u));
            }
        }
    }
    workgroupBarrier();
    let height = params.block.own_end - params.block.own_first;
    let row = (first_own - params.block.own_first) + lane;
    if (lane < 64u) & (row < height) {
        slope_sums[((label_class % across) * height) + row] = line_sum(lane);
    }
    let width = params.block.other_end - params.block.other_first;
    let of_other = (first_other - params.block.other_first) + (lane % 64u);
    if SHARED & ((lane / 64u) == 1u) & (of_other < width) {
        slope_sums[(across * height) + ((label_class / across) * width) + of_other] = line_sum(lane);
    }
}
