// What is known of a position's softmax and mean slope from an earlier range of classes, where one dispatch walks all: nothing.
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
