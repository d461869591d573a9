// Weighted sums over windows of the terms that the slot `window_terms` has for each pixel: along rows first, then down the
// columns.
//
// The sum along a row is about a pivot, the pixel in the middle of that row, and the whole sum about the pixel in the middle of
// the window, so that the sums over nearly equal pixels keep their digits.
// needs: lib/math lib/params geometry/pixels
// slots: leaf window_terms

// the weights along a window's side
var<workgroup> taps: array<f32, 256>;
// sums along the rows of sixteen lines for sixteen columns, and the pivots that they are about
var<workgroup> row_sums: array<vec4<f32>, 256>;
var<workgroup> row_pivots: array<vec2<f32>, 256>;

// Makes the weights, a bell curve of sum 1.
fn make_taps(lane: u32) {
    let from_middle = (f32(lane) - (0.5 * f32(params.window - 1u))) / window_sigma();
    let bell = exp_negative(0.5 * from_middle * from_middle);
    taps[lane] = select(0.0, bell, lane < params.window);
    workgroupBarrier();
    var sum = 0.0;
    for (var k = 0u; k < params.window; k += 1u) {
        sum += taps[k];
    }
    workgroupBarrier();
    taps[lane] = select(0.0, bell / sum, lane < params.window);
    workgroupBarrier();
}

// The sum over this lane's window, of a tile of 16 × 16 windows. The first one begins at `line` and `column`, and each lane
// has the window that begins as many lines and columns on as its place in the tile says.
fn window_sum(plane: u32, line: i32, column: i32, lane: u32) -> vec4<f32> {
    let down = lane / 16u;
    let own_column = column + i32(lane % 16u);
    let half = i32(params.window / 2u);
    let pivot = pivot_at(plane, pixel_of(line + i32(down) + half), pixel_of(own_column + half));
    let lines = params.window + 15u;
    var sum = vec4<f32>(0.0);
    for (var first = 0u; first < lines; first += 16u) {
        let own_line = line + i32(first + down);
        var row_pivot = vec2<f32>(0.0);
        var across = vec4<f32>(0.0);
        if first + down < lines {
            row_pivot = pivot_at(plane, pixel_of(own_line), pixel_of(own_column + half));
            for (var k = 0u; k < params.window; k += 1u) {
                across += taps[k] * term_at(plane, own_line, own_column + i32(k), row_pivot);
            }
        }
        workgroupBarrier();
        row_sums[lane] = across;
        row_pivots[lane] = row_pivot;
        workgroupBarrier();
        // the lines of these sixteen that lie in the lane's window
        let end = min(first + 16u, down + params.window);
        for (var i = max(first, down); i < end; i += 1u) {
            let at = (16u * (i - first)) + (lane % 16u);
            sum += taps[i - down] * moved(row_sums[at], row_pivots[at] - pivot);
        }
    }
    return sum;
}
