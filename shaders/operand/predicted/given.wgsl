// Writes the predicted class of each position.
// needs: lib/params
@group(0) @binding(15) var<storage, read_write> predicted: array<u32>;

fn store_predicted(position: u32, class_place: u32) {
    predicted[position + base(15u)] = class_place;
}
