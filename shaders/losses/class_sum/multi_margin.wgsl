// Multi-class margin loss: the twin of src/losses/class_sum/multi_margin.rs.
// needs: lib/class lib/math lib/params fold/class_sum
override P: u32 = 1u;

const MARGIN: u32 = 0u;

fn class_score(seen: Class, label_class: LabelClass) -> ClassScore {
    if seen.hit | (is_infinite(seen.x) & (seen.x < 0.0)) {
        return ClassScore(0.0, 0.0, 0.0);
    }
    let short = option(MARGIN) + difference(seen.x, label_class.x);
    if is_nan(short) {
        return ClassScore(nan(), nan(), nan());
    }
    if short <= 0.0 {
        return ClassScore(0.0, 0.0, 0.0);
    }
    let share = label_class.weight / f32(params.classes);
    let d = part_of(share, select(1.0, 2.0 * short, P == 2u));
    return ClassScore(part_of(share, select(short, short * short, P == 2u)), d, -d);
}
