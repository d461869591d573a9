// Walks through a block of steps, an item to a workgroup, and stores the sum of each node at each step: the probability of all
// ways in which alignments come to it. A node's sum follows from its own sum and those of the one or two nodes before it, at
// the step before. A walk backward goes from the last step to the first, and from later nodes to earlier ones.
// needs: lib/params lib/scaled geometry/nodes scratch/boundaries scratch/node_ends scratch/peaks scratch/spans
// slots: node_sums

// A node's sum at the step before, in the walk's direction.
fn sum_before(own: Item, step: u32, node: u32, first: bool) -> Scaled {
    if first {
        return boundaries[(params.block.own_base * params.block.width) + (own.column + node)];
    }
    return node_sum(place_of_sum(own, select(step - 1u, step + 1u, BACKWARD), node));
}

// The sum of all ways to come to a node at a step.
fn ways_to(own: Item, step: u32, node: u32, first: bool) -> Scaled {
    let same = sum_before(own, step, node, first);
    var near = scaled_nothing();
    var far = scaled_nothing();
    if BACKWARD {
        if node + 1u < own.nodes {
            near = sum_before(own, step, node + 1u, first);
        }
        if skips_to(own, node + 2u) {
            far = sum_before(own, step, node + 2u, first);
        }
    } else {
        if node > 0u {
            near = sum_before(own, step, node - 1u, first);
        }
        if skips_to(own, node) {
            far = sum_before(own, step, node - 2u, first);
        }
    }
    return scaled_sum(same, near, far);
}

@compute @workgroup_size(256)
fn alignments_walk(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let own = item_of_block(workgroup_at(group, grid));
    let steps = spans[own.item].steps;
    let count = params.block.other_end - params.block.other_first;
    for (var k = 0u; k < count; k += 1u) {
        let step = select(params.block.other_first + k, params.block.other_end - 1u - k, BACKWARD);
        if step < steps {
            let begins = step == select(0u, steps - 1u, BACKWARD);
            let peak = peaks[(step * params.items) + own.item];
            for (var node = lane; node < own.nodes; node += 256u) {
                var sum = scaled_nothing();
                if !begins {
                    sum = ways_to(own, step, node, k == 0u);
                } else if select(node, own.nodes - 1u - node, BACKWARD) < 2u {
                    sum = Scaled(1.0, 0.0);
                }
                sum = scaled_product(sum, emission(own, step, class_of(own, node), peak));
                keep_sum(place_of_sum(own, step, node), sum);
                if k + 1u == count {
                    boundaries[(params.block.other_base * params.block.width) + (own.column + node)] = sum;
                }
                if !BACKWARD & (step + 1u == steps) & (node + 2u >= own.nodes) {
                    node_ends[(2u * own.item) + (own.nodes - 1u - node)] = sum;
                }
            }
        }
        storageBarrier();
    }
}
