// The factors of each value, as `value_factors` reads them.
// needs: lib/params
@group(0) @binding(13) var<storage, read_write> value_factors_out: array<vec4<u32>>;

fn store_factors(i: u32, takes_part: bool, factors: vec4<f32>) {
    let bits = bitcast<vec4<u32>>(factors);
    value_factors_out[i + base(13u)] = vec4<u32>(select(0xffffffffu, bits.x, takes_part), bits.yzw);
}
