// One dispatch walks all classes of a position: nothing is known from an earlier range.
// needs: geometry/probable
struct Softmax {
    peak: vec4<f32>,
    rest: vec4<f32>,
}

fn softmax_before(at: vec4<u32>) -> Softmax {
    return Softmax(vec4<f32>(-3.4028234e38), vec4<f32>(-1.0));
}

fn mean_slope_before(at: vec4<u32>) -> MeanSlope {
    return no_mean_slope();
}

fn keep_mean_slope(at: vec4<u32>, mean_slope: MeanSlope) {}
