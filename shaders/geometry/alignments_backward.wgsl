// Writes the gradient of the log-probabilities of a block of steps; a workgroup takes a step of an item. The gradient of a
// class is the class's probability less its share, times the item's scale. A share is the part of the probability of all
// alignments that goes through a node, or through the nodes of a class, at the step.
// needs: lib/math lib/params lib/scaled geometry/nodes scratch/alphas scratch/betas scratch/heads scratch/peaks scratch/spans scratch/symbols
// slots: dx0 x0

// the exponents, the sums and the greatest shares of the lanes
var<workgroup> exponents: array<f32, 256>;
var<workgroup> lane_sums: array<vec2<f32>, 256>;
var<workgroup> greatest: array<vec2<f32>, 256>;

// The probability of all alignments that go through a node at a step, up to a factor that is the same for all nodes of the
// step.
fn passing(own: Item, step: u32, node: u32, peak: f32) -> Scaled {
    let at = place_of_sum(own, step, node);
    let before = alphas[at];
    let after = betas[at];
    // `before` and `after` both contain the node's own probability, which is divided out once
    let alone = emission(own, step, class_of(own, node), peak);
    if (before.m == 0.0) | (after.m == 0.0) | (alone.m == 0.0) {
        return scaled_nothing();
    }
    // the sum of the first two exponents may be past f32
    return scaled((before.m * after.m) / alone.m, (before.e - alone.e) + after.e);
}

// The probability that `passing` returns, divided by 2^exponent. Divided by the sum over all nodes, it is the node's share.
fn share_of(own: Item, step: u32, node: u32, peak: f32, exponent: f32) -> f32 {
    let number = passing(own, step, node, peak);
    return number.m * two_to(number.e - exponent);
}

// Returns the greatest of all lanes' exponents to every lane. Sixteen lanes take the greatest first, then every lane takes that
// of the sixteen: a further barrier would cost more.
fn greatest_exponent(own: f32, lane: u32) -> f32 {
    exponents[lane] = own;
    workgroupBarrier();
    var most = own;
    if lane < 16u {
        for (var i = lane + 16u; i < 256u; i += 16u) {
            most = max(most, exponents[i]);
        }
        exponents[lane] = most;
    }
    workgroupBarrier();
    most = exponents[0];
    for (var i = 1u; i < params.sixteen; i += 1u) {
        most = max(most, exponents[i]);
    }
    return most;
}

// Returns the sums of all lanes' pairs to every lane.
fn sum_lanes(own: vec2<f32>, lane: u32) -> vec2<f32> {
    lane_sums[lane] = own;
    workgroupBarrier();
    var sum = own;
    if lane < 16u {
        for (var i = lane + 16u; i < 256u; i += 16u) {
            sum += lane_sums[i];
        }
        lane_sums[lane] = sum;
    }
    workgroupBarrier();
    sum = lane_sums[0];
    for (var i = 1u; i < params.sixteen; i += 1u) {
        sum += lane_sums[i];
    }
    // the memory is used again
    workgroupBarrier();
    return sum;
}

// The greater of two shares (x), each with its node (y); of equal shares, the one with the lower node.
fn greater_share(one: vec2<f32>, other: vec2<f32>) -> vec2<f32> {
    let wins = (other.x > one.x) | ((other.x == one.x) & (other.y < one.y));
    return select(one, other, wins);
}

// Returns the node with the greatest of all lanes' shares to every lane.
fn greatest_share(own: vec2<f32>, lane: u32) -> u32 {
    greatest[lane] = own;
    workgroupBarrier();
    var most = own;
    if lane < 16u {
        for (var i = lane + 16u; i < 256u; i += 16u) {
            most = greater_share(most, greatest[i]);
        }
        greatest[lane] = most;
    }
    workgroupBarrier();
    most = greatest[0];
    for (var i = 1u; i < params.sixteen; i += 1u) {
        most = greater_share(most, greatest[i]);
    }
    return u32(most.y);
}

// The sum of the shares of all labels of a class: `heads` has the first, `symbols` links each to the next.
fn share_of_labels(own: Item, step: u32, class_index: u32, peak: f32, exponent: f32) -> f32 {
    let first = spans[own.item].first;
    let labels = spans[own.item].labels;
    var place = heads[(own.item * params.classes) + class_index];
    // if the item lacks the class, `place` is arbitrary, and may be that of a label of another class
    if place >= labels {
        return 0.0;
    }
    if symbols[first + place].x != class_index {
        return 0.0;
    }
    var sum = 0.0;
    for (var k = 0u; (k < labels) & (place < labels); k += 1u) {
        sum += share_of(own, step, (2u * place) + 1u, peak, exponent);
        place = symbols[first + place].y;
    }
    return sum;
}

@compute @workgroup_size(256)
fn alignments_backward(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let items = params.block.own_end - params.block.own_first;
    let count = params.block.other_end - params.block.other_first;
    // workgroups are numbered over the whole walk: first come all steps of earlier blocks' items, then this block's earlier
    // steps
    let place = workgroup_at(group, grid) - ((params.block.own_first * params.per_item) + (params.block.other_first * items));
    let live = place < count * items;
    let near = min(place, (count * items) - 1u);
    let own = item_of_block(near % items);
    let step = params.block.other_first + (near / items);
    let moves = live & (step < spans[own.item].steps) & (spans[own.item].moves != 0u);
    let nodes = select(0u, own.nodes, moves);
    let peak = peaks[(step * params.items) + own.item];
    var own_exponent = LEAST_EXPONENT;
    for (var node = lane; node < nodes; node += 256u) {
        own_exponent = max(own_exponent, passing(own, step, node, peak).e);
    }
    let exponent = greatest_exponent(own_exponent, lane);
    // the sums of the shares of all nodes and of the blanks; and the greatest share with its node
    var own_sums = vec2<f32>(0.0);
    var own_greatest = vec2<f32>(0.0);
    for (var node = lane; node < nodes; node += 256u) {
        let share = share_of(own, step, node, peak, exponent);
        own_sums += vec2<f32>(share, select(0.0, share, class_of(own, node) == params.blank));
        own_greatest = select(own_greatest, vec2<f32>(share, f32(node)), share > own_greatest.x);
    }
    let sums = sum_lanes(own_sums, lane);
    let likely = class_of(own, min(greatest_share(own_greatest, lane), max(own.nodes, 1u) - 1u));
    // the shares of all classes but the likely one: computed as 1 less the likely share, their sum would lose its digits
    var own_rest = 0.0;
    for (var node = lane; node < nodes; node += 256u) {
        own_rest += select(share_of(own, step, node, peak, exponent), 0.0, class_of(own, node) == likely);
    }
    let rest = sum_lanes(vec2<f32>(own_rest, 0.0), lane).x;
    if !live {
        return;
    }
    let scale = spans[own.item].scale;
    for (var k = lane; k < params.classes; k += 256u) {
        let element = element_of_step(step, own.item, k);
        var d = 0.0;
        if moves {
            let x = x0_at(element);
            var share = sums.y;
            if k != params.blank {
                share = share_of_labels(own, step, k, peak, exponent);
            }
            d = exp_any(x) - (share / sums.x);
            if k == likely {
                d = expm1(x) + (rest / sums.x);
            }
            d = select(product(scale, d), nan(), is_nan(scale) | is_nan(x));
        }
        store_dx0(element, d);
    }
}
