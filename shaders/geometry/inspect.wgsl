// Finds the first number of an operand that breaks a rule, among those that take part. A workgroup takes 4,096 elements, and
// stores its first such number in `faults`.
// needs: lib/fault lib/params
// slots: inspected x0

// 0 finite; 1 finite, or −∞; 2 from 0 to 1; 3 0 or 1; 4 −1 or 1
override RULE: u32 = 0u;

fn breaks_rule(x: f32) -> bool {
    let bits = bitcast<u32>(x);
    if (bits & 0x7f800000u) == 0x7f800000u {
        return (RULE != 1u) | (bits != 0xff800000u);
    }
    switch RULE {
        case 2u: {
            return (x < 0.0) | (x > 1.0);
        }
        case 3u: {
            return (x != 0.0) & (x != 1.0);
        }
        case 4u: {
            return abs(x) != 1.0;
        }
        default: {
            return false;
        }
    }
}

// Four elements; the last one again in place of those from the end on.
fn four_before(end: u32, first: u32) -> vec4<f32> {
    if first + 4u <= end {
        return x0_four(first);
    }
    let last = end - 1u;
    return vec4<f32>(x0_at(first), x0_at(min(first + 1u, last)), x0_at(min(first + 2u, last)), x0_at(last));
}

@compute @workgroup_size(256)
fn inspect(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let own = workgroup_at(group, grid);
    var place = NO_PLACE;
    var number = 0.0;
    for (var round = 0u; round < 4u; round += 1u) {
        let first = params.block.own_first + (((own * 4u) + round) * 1024u) + (4u * lane);
        if (first < params.block.own_end) & (place == NO_PLACE) {
            let four = four_before(params.block.own_end, first);
            // few numbers break a rule, so that few look at masks and labels
            if breaks_rule(four.x) | breaks_rule(four.y) | breaks_rule(four.z) | breaks_rule(four.w) {
                for (var k = 0u; k < 4u; k += 1u) {
                    let element = first + k;
                    if breaks_rule(four[k]) & (element < params.block.own_end) & (place == NO_PLACE) {
                        if is_inspected(element) {
                            place = params.block.other_first + element;
                            number = four[k];
                        }
                    }
                }
            }
        }
    }
    // surplus workgroups store nothing
    if own < params.block.chunks {
        store_first_fault(params.block.first_chunk + own, place, number, lane);
    }
}
