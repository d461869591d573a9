// The gradient of a position's classes. Uses lib/params lib/math lib/class lib/label dtype/float operand/x0 operand/labels absent/class_weight absent/mask absent/dx0 fold/softmax fold/softmax_classes losses/softmax/cross_entropy geometry/places geometry/class_axis.
fn write_classes(
    first: u32,
    begin: u32,
    end: u32,
    step: u32,
    kept: bool,
    label: Label,
    s: Statistics,
    score: Score,
    scale: vec2<f32>,
) {
    for (var k = begin; k < end; k += step) {
        var d = 0.0;
        if kept {
            d = write_class(s, score, class_at(first, label, k), scale);
            if s.poison {
                d = nan();
            }
        }
        store_dx0(first + (k * params.class_stride), d);
    }
}
