// Negative log-likelihood: the twin of src/losses/class_sum/nll.rs.
// needs: lib/class lib/math fold/class_sum
fn class_score(seen: Class, label_class: LabelClass) -> ClassScore {
    if !seen.hit {
        return ClassScore(0.0, 0.0, 0.0);
    }
    return ClassScore(part_of(label_class.weight, -seen.x), -label_class.weight, 0.0);
}
