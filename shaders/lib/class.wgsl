// A fold gets two things of a position: one class at a time (Class), and the prediction and weight of the label's class (LabelClass).
struct Class {
    // the prediction
    x: f32,
    // the dense target's float for the class; 0 if targets are labels
    t: f32,
    weight: f32,
    // whether this is the label's class
    hit: bool,
    // the number of this class, and of the label's class
    index: u32,
    label: u32,
}

struct LabelClass {
    labelled: bool,
    // the prediction for the label's class, and that class's weight
    x: f32,
    weight: f32,
}
