// Finds the first number of an operand that breaks a rule, among those that take part. A workgroup takes 1,024 elements a round, and
// stores its first such number in `faults`.
// needs: lib/fault lib/params
// slots: inspected x0

// which numbers keep to the rule. 0: finite ones; 1: finite ones and −∞; 2: those from 0 to 1, inclusive; 3: only 0 and 1;
// 4: only −1 and 1
override RULE: u32 = 0u;
// how many lanes go through a contiguous range together
override TEAM: u32 = 256u;

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
    let rounds = params.block.chunk;
    let end = params.block.own_end;
    let start = params.block.own_first + (own * rounds * 1024u) + (4u * (((lane / TEAM) * TEAM * rounds) + (lane % TEAM)));
    // The round from which on a lane looks at single elements, their masks and labels: the first in which a number breaks a rule,
    // or that has fewer than four elements. Few lanes have one. There are no branches, since llvmpipe goes through both sides.
    var suspect = rounds;
    for (var round = 0u; round < rounds; round += 1u) {
        let first = start + (4u * TEAM * round);
        let whole = first + 4u <= end;
        let four = x0_four(select(params.block.own_first, first, whole));
        let breaks = breaks_rule(four.x) | breaks_rule(four.y) | breaks_rule(four.z) | breaks_rule(four.w);
        suspect = select(suspect, min(suspect, round), (first < end) & (breaks | !whole));
    }
    for (var round = suspect; round < rounds; round += 1u) {
        for (var k = 0u; k < 4u; k += 1u) {
            let element = start + (4u * TEAM * round) + k;
            if (element < end) & (place == NO_PLACE) {
                let x = x0_at(element);
                if breaks_rule(x) {
                    if is_inspected(element) {
                        place = params.block.other_first + element;
                        number = x;
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
