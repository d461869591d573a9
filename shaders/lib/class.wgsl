// What a fold sees of a position: a class, and what the position's label points at.
struct Class {
    // the prediction
    x: f32,
    // the float that a dense target has for it; 0 beside labels
    t: f32,
    weight: f32,
    // whether it is the label's
    hit: bool,
}

struct Place {
    labelled: bool,
    // the prediction for the label's class, and that class's weight
    x: f32,
    weight: f32,
}
