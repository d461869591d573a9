// Where positions and their classes lie in tensors of shape [N, C, ...], and which positions a workgroup has.
// needs: lib/params

// whether each position has a label, rather than a dense target
override LABELLED: bool = true;

fn positions() -> u32 {
    return params.items * params.per_item;
}

// The element of a position's first class.
fn first_class(position: u32) -> u32 {
    let item = position / params.per_item;
    let place = position % params.per_item;
    return (item * params.classes * params.per_item) + (place * params.position_stride);
}

// The positions of a workgroup that belongs to one item: the first, and the one after the last. Past the last item there are
// none.
fn positions_of(workgroup: u32) -> vec2<u32> {
    let item = workgroup / params.chunks;
    let start = (item * params.per_item) + ((workgroup % params.chunks) * params.chunk);
    let end = min(start + params.chunk, (item + 1u) * params.per_item);
    return vec2<u32>(start, select(start, end, item < params.items));
}
