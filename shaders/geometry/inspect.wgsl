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

@compute @workgroup_size(256)
fn inspect(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let own = workgroup_at(group, grid);
    var place = NO_PLACE;
    var number = 0.0;
    for (var round = 0u; round < 16u; round += 1u) {
        let element = params.block.own_first + (((own * 16u) + round) * 256u) + lane;
        if (element < params.block.own_end) & (place == NO_PLACE) {
            let x = x0_at(element);
            // few numbers break a rule, so that few look at masks and labels
            if breaks_rule(x) {
                if is_inspected(element) {
                    place = params.block.other_first + element;
                    number = x;
                }
            }
        }
    }
    // surplus workgroups store nothing
    if own < params.block.chunks {
        store_first_fault(params.block.first_chunk + own, place, number, lane);
    }
}
