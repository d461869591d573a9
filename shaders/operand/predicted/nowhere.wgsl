// No predicted class is wanted.
fn store_predicted(position: u32, class_place: u32) {}
