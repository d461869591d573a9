// The diffusion loss: the twin of src/losses/pointwise/diffusion.rs.
// needs: lib/math lib/params geometry/element

// 0 epsilon, 1 v_prediction, 2 sample
override PREDICTION_TYPE: u32 = 0u;
// 0 none, 1 min_snr
override WEIGHTING: u32 = 0u;
const GAMMA: u32 = 0u;

// The factors of the noise and of the sample in the target, and the item's weight.
fn element_item(alpha_bar: f32) -> vec3<f32> {
    let rest = 1.0 - alpha_bar;
    let cut = option(GAMMA) * rest;
    var target_of = vec2<f32>(1.0, 0.0);
    if PREDICTION_TYPE == 1u {
        target_of = vec2<f32>(sqrt(alpha_bar), -sqrt(rest));
    } else if PREDICTION_TYPE == 2u {
        target_of = vec2<f32>(0.0, 1.0);
    }
    var weight = 1.0;
    if WEIGHTING == 1u {
        if PREDICTION_TYPE == 0u {
            if alpha_bar > cut {
                weight = cut / alpha_bar;
            }
        } else if PREDICTION_TYPE == 1u {
            weight = min(alpha_bar, cut);
        } else {
            weight = option(GAMMA);
            if alpha_bar <= cut {
                weight = alpha_bar / rest;
            }
        }
    }
    return vec3<f32>(target_of, weight);
}

fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let d = difference(v.x, part_of(of_item.x, v.y) + part_of(of_item.y, v.z));
    return ElementScore(of_item.z * d * d, vec4<f32>(2.0 * of_item.z * d, 0.0, 0.0, 0.0));
}
