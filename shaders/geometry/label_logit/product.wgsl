// The label's logit for top-k, with which the row's other logits are compared. It is stored in `hits` behind the label's logits
// that the tiles compute, which may differ from it by rounding.
// needs: lib/params scratch/hits
// slots: pairs softcap

// What a coordinate adds to the two sums: to the product, and nothing to the second, which is not used.
fn label_summands(u: f32, v: f32) -> vec2<f32> {
    return vec2<f32>(u * v, 0.0);
}

fn keep_label(row: u32, class_place: u32, sums: vec2<f32>, of_row: f32, of_class: f32) {
    hits[params.items + row] = capped(pair_score(sums.x, own_unlabelled(row), other_row(class_place)));
}
