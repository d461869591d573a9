// The label's logit for top-k, with which the row's other logits are compared. It has the bits that tiles compute for an equal
// class, so that equal logits are seen to be equal. It is stored in `hits` behind the label's logits that the tiles leave.
// needs: lib/params scratch/hits
// slots: pairs softcap

// Adds a coordinate to the two sums: to the product, as `geometry/tile_summands/products` does, and nothing to the second, which
// is not used.
fn add_label_summands(sums: vec2<f32>, u: f32, v: f32) -> vec2<f32> {
    return vec2<f32>(fma(u, v, sums.x), 0.0);
}

fn keep_label(row: u32, class_place: u32, sums: vec2<f32>, of_row: f32, of_class: f32) {
    hits[params.items + row] = capped(pair_score(sums.x, own_unlabelled(row), other_row(class_place)));
}
