// Notes each logit of a row for observations that do not compare it with the label's logit.
// slots: pairs softmax_state
fn see_logit(state: ptr<function, State>, z: f32, of_label: bool, own: Row, other: Row) {
    note_logit(state, z, other.place, false);
}
