// The diffusion loss: the twin of src/losses/pointwise/diffusion.rs.
// needs: lib/math lib/params geometry/element

// 0 epsilon, 1 v_prediction, 2 sample, 3 flow
override PREDICTION_TYPE: u32 = 0u;
// 0 none, 1 min_snr, 2 snr, 3 truncated_snr, 4 soft_min_snr, 5 inverse_sigma_squared
override WEIGHTING: u32 = 0u;
// 0 squared, 1 huber, 2 pseudo_huber
override ERROR: u32 = 0u;
const GAMMA: u32 = 0u;
const HUBER_C: u32 = 1u;

// The factors of the noise and of the sample in the target, and the item's weight. The argument is ᾱ, or σ for a flow.
fn element_item(alpha_bar: f32) -> vec3<f32> {
    if PREDICTION_TYPE == 3u {
        let inverse = ratio_of(1.0, alpha_bar);
        return vec3<f32>(1.0, -1.0, select(1.0, inverse * inverse, WEIGHTING == 5u));
    }
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
    if WEIGHTING >= 2u {
        weight = weight_of(alpha_bar, rest);
    }
    return vec3<f32>(target_of, weight);
}

// The weights that follow from the signal-to-noise ratio, ᾱ/(1 − ᾱ), without a cut.
fn weight_of(alpha_bar: f32, rest: f32) -> f32 {
    // The weight is signal/of_type. For an error of the sample it is signal/(1 − ᾱ). The squared error of the noise is
    // ᾱ/(1 − ᾱ) times the sample's, and that of v 1/(1 − ᾱ) times, so their weights are divided by these factors.
    let of_type = select(select(alpha_bar, 1.0, PREDICTION_TYPE == 1u), rest, PREDICTION_TYPE == 2u);
    if WEIGHTING == 4u {
        let gamma = option(GAMMA);
        let share = select(select(rest, alpha_bar * rest, PREDICTION_TYPE == 1u), alpha_bar, PREDICTION_TYPE == 2u);
        return select((gamma * share) / (alpha_bar + (gamma * rest)), 0.0, gamma == 0.0);
    }
    let signal = select(alpha_bar, max(alpha_bar, rest), WEIGHTING == 3u);
    return select(ratio_of(signal, of_type), 1.0, (WEIGHTING == 2u) & (PREDICTION_TYPE == 0u));
}

// a/b for a ≥ 0 and b ≥ 0, infinite where b is 0.
fn ratio_of(a: f32, b: f32) -> f32 {
    return select(a / b, infinity(), b == 0.0);
}

fn element_score(v: vec4<f32>, of_item: vec3<f32>) -> ElementScore {
    let d = difference(v.x, part_of(of_item.x, v.y) + part_of(of_item.y, v.z));
    if ERROR == 0u {
        return ElementScore(of_item.z * d * d, vec4<f32>(2.0 * of_item.z * d, 0.0, 0.0, 0.0));
    }
    let size = abs(d);
    let c = option(HUBER_C);
    var error = c * (size - (0.5 * c));
    var slope = c * sign_of_number(d);
    if ERROR == 1u {
        if size <= c {
            error = 0.5 * d * d;
            slope = d;
        }
    } else {
        // scales the larger of the two to 1, so that no square overflows and the larger one does not vanish
        let ratio = min(size, c) / max(size, c);
        let long = max(size, c) * sqrt(1.0 + (ratio * ratio));
        error = select(part_of(c, 2.0 * size * (size / (long + c))), size, is_infinite(size) | is_nan(size));
        slope = part_of(c, 2.0 * select(d / long, sign_of_number(d), is_infinite(size)));
    }
    return ElementScore(product(of_item.z, error), vec4<f32>(of_item.z * slope, 0.0, 0.0, 0.0));
}
