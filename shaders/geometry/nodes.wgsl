// The nodes of items: the labels of an item, with a blank before, between and after them. Alignments go from node to node.
// needs: lib/params lib/scaled scratch/spans scratch/symbols
// slots: x0

// An item, the number of its nodes, and the column at which they begin in a row of all nodes of a block of items.
struct Item {
    item: u32,
    nodes: u32,
    column: u32,
}

// The item at a place of the block; if there is none, the last item, with 0 nodes.
fn item_of_block(place: u32) -> Item {
    let item = min(params.block.own_first + place, params.block.own_end - 1u);
    let live = params.block.own_first + place < params.block.own_end;
    let labels = spans[item].first - spans[params.block.own_first].first;
    let nodes = select(0u, (2u * spans[item].labels) + 1u, live);
    return Item(item, nodes, (2u * labels) + (item - params.block.own_first));
}

// The class of a node.
fn class_of(own: Item, node: u32) -> u32 {
    if (node & 1u) == 0u {
        return params.blank;
    }
    return symbols[spans[own.item].first + (node >> 1u)].x;
}

// Whether alignments may skip the blank before this node: it is a label, and the label before it has another class.
fn skips_to(own: Item, node: u32) -> bool {
    if ((node & 1u) == 0u) | (node < 2u) | (node >= own.nodes) {
        return false;
    }
    return class_of(own, node) != class_of(own, node - 2u);
}

fn element_of_step(step: u32, item: u32, class_index: u32) -> u32 {
    return (((step * params.items) + item) * params.classes) + class_index;
}

// The probability of a class at a step, divided by exp(peak), where `peak` is the step's entry in `peaks`.
fn emission(own: Item, step: u32, class_index: u32, peak: f32) -> Scaled {
    return scaled_exp(x0_at(element_of_step(step, own.item, class_index)) - peak);
}

// Where the sum of a node at a step is kept. There is room for `block.height` steps: for gradients all steps of a
// block, otherwise two, which later steps use again.
fn place_of_sum(own: Item, step: u32, node: u32) -> u32 {
    let row = (step - params.block.other_first) % params.block.height;
    return (row * params.block.width) + (own.column + node);
}
