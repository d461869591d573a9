// Structural dissimilarity: the twin of src/losses/windows/ssim.rs.
// needs: lib/math lib/params geometry/element
const SIGMA: u32 = 0u;
const DATA_RANGE: u32 = 1u;

fn window_sigma() -> f32 {
    return option(SIGMA);
}

// The factor of all pixels: the power of two that brings the data range to between 2 and 4. So squares of pixels neither
// overflow nor vanish.
fn window_unit() -> f32 {
    let exponent = bitcast<u32>(option(DATA_RANGE)) >> 23u;
    return bitcast<f32>((255u - min(exponent, 254u)) << 23u);
}

fn window_score(v: vec4<f32>) -> ElementScore {
    // the data range times the unit
    let range = bitcast<f32>((bitcast<u32>(option(DATA_RANGE)) & 0x007fffffu) | 0x40000000u);
    let c1 = (0.01 * range) * (0.01 * range);
    let c2 = (0.03 * range) * (0.03 * range);
    let y = v.x - v.y;
    let means = (v.x * v.x) + (y * y) + c1;
    let spreads = v.z + c2;
    // 1 minus each of the two ratios
    let apart = select((v.y * v.y) / means, nan(), is_infinite(means));
    let unlike = v.w / spreads;
    let d_apart = 1.0 - unlike;
    let d_unlike = 1.0 - apart;
    let d = vec4<f32>(
        -2.0 * d_apart * (apart / means) * (v.x + y),
        2.0 * d_apart * ((v.y + (apart * y)) / means),
        -d_unlike * (unlike / spreads),
        d_unlike / spreads,
    );
    return ElementScore(apart + unlike - (apart * unlike), d);
}
