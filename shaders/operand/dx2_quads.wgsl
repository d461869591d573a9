// The gradient of the third element operand, which begins at a quad: four elements are one store. Uses lib/component lib/params dtype/quad.
@group(0) @binding(8) var<storage, read_write> dx2: array<QuadOfWords>;

override DX2_ADD: bool = false;

// One of a quad that nobody else writes to, nor what shares a word with it.
fn store_dx2(i: u32, d: f32) {
    let element = i + base(8u);
    let words = words_of(dx2[element >> 2u]);
    let sum = select(d, bitcast<f32>(word_at(words, element & 3u)) + d, DX2_ADD);
    dx2[element >> 2u] = quad_of(with_word_at(words, element & 3u, bitcast<u32>(sum)));
}

fn store_dx2_four(i: u32, d: vec4<f32>) {
    let place = (i + base(8u)) >> 2u;
    if DX2_ADD {
        dx2[place] = quad_of(bitcast<vec4<u32>>(bitcast<vec4<f32>>(words_of(dx2[place])) + d));
    } else {
        dx2[place] = quad_of(bitcast<vec4<u32>>(d));
    }
}
