// One dispatch walks all classes of a position: nothing is known from an earlier range.
// needs: geometry/probable
struct Softmax {
    peak: vec4<f32>,
    rest: vec4<f32>,
}

fn softmax_before(at: vec4<u32>) -> Softmax {
    return Softmax(vec4<f32>(-3.4028234e38), vec4<f32>(-1.0));
}

fn pull_before(at: vec4<u32>) -> Pull {
    return no_pull();
}

fn keep_pull(at: vec4<u32>, pull: Pull) {}
