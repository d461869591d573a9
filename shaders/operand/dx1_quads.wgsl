// The gradient of the second element operand, which begins at a quad: four elements are one store. Uses lib/component lib/params dtype/quad.
@group(0) @binding(7) var<storage, read_write> dx1: array<QuadOfWords>;

override DX1_ADD: bool = false;

// One of a quad that nobody else writes to, nor what shares a word with it.
fn store_dx1(i: u32, d: f32) {
    let element = i + base(7u);
    let words = words_of(dx1[element >> 2u]);
    let sum = select(d, bitcast<f32>(word_at(words, element & 3u)) + d, DX1_ADD);
    dx1[element >> 2u] = quad_of(with_word_at(words, element & 3u, bitcast<u32>(sum)));
}

fn store_dx1_four(i: u32, d: vec4<f32>) {
    let place = (i + base(7u)) >> 2u;
    if DX1_ADD {
        dx1[place] = quad_of(bitcast<vec4<u32>>(bitcast<vec4<f32>>(words_of(dx1[place])) + d));
    } else {
        dx1[place] = quad_of(bitcast<vec4<u32>>(d));
    }
}
