// The map of windows of a picture: how many there are, where each begins, and where the memory for a band of rows has it.
// needs: lib/params

// The windows' columns and lines.
fn map_size() -> vec2<u32> {
    let sides = vec2<u32>(params.block.width, params.block.height);
    return (sides + vec2<u32>((2u * params.margin) + 1u)) - vec2<u32>(params.window);
}

// The column and line at which the first pixel of a window stands; below 0 in the zeros around the picture.
fn first_pixel(line: u32, column: u32) -> vec2<i32> {
    return vec2<i32>(i32(column), i32(line)) - vec2<i32>(i32(params.margin));
}

// The place of a window in the memory that holds a band of the map, from the line `block.other_base` of all planes on.
fn held_place(plane: u32, line: u32, column: u32) -> u32 {
    let size = map_size();
    return ((((plane * size.y) + line) - params.block.other_base) * size.x) + column;
}
