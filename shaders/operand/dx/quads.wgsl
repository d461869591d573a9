// The gradient of an operand that begins at a quad: four elements are one store. Written for dx0; the linker makes dx1, dx2 and
// dx3 from it.
// needs: lib/component lib/params
// slots: quad
@group(0) @binding(6) var<storage, read_write> dx0: array<QuadOfWords>;

override DX0_ADD: bool = false;

// Stores one element. This rewrites the whole quad, so no other invocation may write to that quad.
fn store_dx0(i: u32, d: f32) {
    let element = i + base(6u);
    let words = words_of(dx0[element >> 2u]);
    let sum = select(d, bitcast<f32>(word_at(words, element & 3u)) + d, DX0_ADD);
    dx0[element >> 2u] = quad_of(with_word_at(words, element & 3u, bitcast<u32>(sum)));
}

fn store_dx0_four(i: u32, d: vec4<f32>) {
    let place = (i + base(6u)) >> 2u;
    if DX0_ADD {
        dx0[place] = quad_of(bitcast<vec4<u32>>(bitcast<vec4<f32>>(words_of(dx0[place])) + d));
    } else {
        dx0[place] = quad_of(bitcast<vec4<u32>>(d));
    }
}
