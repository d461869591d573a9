// The gradient of a position's classes. Uses lib/params lib/math lib/label dtype/float operand/x0 operand/labels absent/class_weight absent/mask absent/dx0 fold/softmax losses/softmax/cross_entropy geometry/places geometry/class_axis.
fn write_classes(
    first: u32,
    begin: u32,
    end: u32,
    step: u32,
    kept: bool,
    label: Label,
    s: Statistics,
    score: SoftmaxScore,
    scale: vec2<f32>,
) {
    for (var k = begin; k < end; k += step) {
        let element = first + (k * params.class_stride);
        var d = 0.0;
        if kept {
            let hit = LABELLED && (k == label.index);
            d = fold_write(s, score, x0_at(element), share_at(element, k), hit, scale);
            if s.poison {
                d = nan();
            }
        }
        store_dx0(element, d);
    }
}
