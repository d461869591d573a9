// Nothing is observed of a row's logits.
// slots: pairs softmax_state
fn see_logit(state: ptr<function, State>, z: f32, of_label: bool, own: Row, other: Row) {}
