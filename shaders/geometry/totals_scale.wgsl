// Writes the scale of gradients to the workspace, if only the GPU knows it: the upstream gradient over the denominator, and 0
// for a denominator of 0.
// needs: lib/params lib/totals lib/workspace
// slots: upstream
fn over(numerator: f32, denominator: f32) -> f32 {
    // compares bits, since compilers may find a NaN equal to 0
    if (bitcast<u32>(denominator) & 0x7fffffffu) == 0u {
        return 0.0;
    }
    return numerator / denominator;
}

@compute @workgroup_size(256)
fn totals_scale(@builtin(local_invocation_index) lane: u32) {
    let total = tally_all(0u, params.count_tallies, lane);
    if lane == 0u {
        // a divisor that is a number is in params.factor already
        let denominator = select(denominators(total), vec2<f32>(1.0), DIVISOR == 0u);
        let scale = over(upstream_at(0u), denominator.x);
        let extra_scale = over(upstream_at(0u), denominator.y);
        if WALK_LOSS == 2u {
            workspace.fused_scale = scale;
            workspace.fused_extra_scale = extra_scale;
        } else {
            workspace.scale = scale;
            workspace.extra_scale = extra_scale;
        }
    }
}
