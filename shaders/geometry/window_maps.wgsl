// The map of a picture's windows: how many there are, where each begins in the picture, and where scratch memory holds it.
// needs: lib/params

// How many columns (x) and lines (y) of windows there are.
fn map_size() -> vec2<u32> {
    let sides = vec2<u32>(params.block.width, params.block.height);
    return (sides + vec2<u32>((2u * params.margin) + 1u)) - vec2<u32>(params.window);
}

// The column and line of the first pixel of a window; below 0 if it is one of the zeros around the picture.
fn first_pixel(line: u32, column: u32) -> vec2<i32> {
    return vec2<i32>(i32(column), i32(line)) - vec2<i32>(i32(params.margin));
}

// The place of a window in the memory that holds a band of the map. The band begins at the line `block.other_base`, counted
// through all planes.
fn held_place(plane: u32, line: u32, column: u32) -> u32 {
    let size = map_size();
    return ((((plane * size.y) + line) - params.block.other_base) * size.x) + column;
}
