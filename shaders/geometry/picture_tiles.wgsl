// Tiles of a plane, 16 lines high, of pixels or of windows.
// needs: lib/params
struct PictureTile {
    // whether there is such a tile; a surplus one has the number of the last plane
    live: bool,
    plane: u32,
    line: u32,
    column: u32,
}

// The tile of this number, `wide` columns wide, on planes of this width and height.
fn picture_tile(place: u32, size: vec2<u32>, wide: u32) -> PictureTile {
    let across = (size.x + wide - 1u) / wide;
    let down = (size.y + 15u) / 16u;
    let planes = params.items * params.classes;
    let plane = place / (across * down);
    return PictureTile(plane < planes, min(plane, planes - 1u), 16u * ((place / across) % down), wide * (place % across));
}
