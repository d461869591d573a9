// Structural dissimilarity: the twin of src/losses/windows/ssim.rs.
// needs: lib/params geometry/element
const SIGMA: u32 = 0u;
const DATA_RANGE: u32 = 1u;

fn window_sigma() -> f32 {
    return option(SIGMA);
}

fn window_score(v: vec4<f32>) -> ElementScore {
    let c1 = (0.01 * option(DATA_RANGE)) * (0.01 * option(DATA_RANGE));
    let c2 = (0.03 * option(DATA_RANGE)) * (0.03 * option(DATA_RANGE));
    let y = v.x - v.y;
    let means = (v.x * v.x) + (y * y) + c1;
    let spreads = v.z + c2;
    // 1 minus each of the two ratios
    let apart = (v.y * v.y) / means;
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
