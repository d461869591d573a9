//! Hard points of losses of pictures: borders, equal neighbours, pixels that are not finite.

use crate::harness::tests;
use crate::point::{Point, check, floats};
use libtest_mimic::Trial;
use wgloss::{Array, MsSsim, Padding, Reduction, Ssim, TotalVariation};

pub fn tests() -> Vec<Trial> {
    tests![
        total_variation_at_borders_and_between_equal_pixels,
        total_variation_of_what_is_not_finite,
        windows_of_equal_pictures_and_of_flat_ones,
        a_nan_is_seen_by_its_windows_alone,
        levels_are_means_of_four_pixels,
        a_level_without_likeness_leaves_no_gradient,
        a_nan_is_seen_by_its_plane_alone,
    ]
}

const NAN: f64 = f64::NAN;
const INF: f64 = f64::INFINITY;

fn picture(pixels: &[f64], height: usize) -> Array {
    floats(pixels, &[1, 1, height, pixels.len() / height])
}

fn total_variation_at_borders_and_between_equal_pixels() {
    let of = |p: i32, x: &Array| TotalVariation::new().p(p).of(x);
    let (one, row, square) = (picture(&[7.0], 1), picture(&[1.0, 1.0, 3.0], 1), picture(&[0.0, 1.0, 4.0, 2.0], 2));
    // two items of two channels, with the channels last: no channel is another's neighbour
    let last = floats(&[0.0, 9.0, 1.0, 7.0, 0.0, 0.0, 0.0, 0.0], &[2, 1, 2, 2]).class_axis_last();
    check([
        Point::new("a single pixel", of(1, &one), [0.0]).gradient(&one, [0.0]),
        Point::new("equal pixels", of(1, &row), [2.0]).gradient(&row, [0.0, -1.0, 1.0]),
        Point::new("squares", of(2, &row), [4.0]).gradient(&row, [0.0, -4.0, 4.0]),
        Point::new("two rows", of(1, &square), [8.0]).gradient(&square, [-2.0, 0.0, 2.0, 0.0]),
        Point::new("channels last", of(1, &last).reduce(Reduction::None), [3.0, 0.0])
            .gradient(&last, [-1.0, 1.0, 1.0, -1.0, 0.0, 0.0, 0.0, 0.0]),
        Point::new("a mean over items", of(1, &last), [1.5]).parts([(3.0, 2.0)]),
    ]);
}

fn total_variation_of_what_is_not_finite() {
    let of = |x: &Array| TotalVariation::default().of(x);
    let (one, nan) = (picture(&[NAN], 1), picture(&[NAN, 1.0, 3.0], 1));
    let (far, equal) = (picture(&[INF, 1.0, 3.0], 1), picture(&[INF, INF], 1));
    check([
        Point::new("a single NaN", of(&one), [NAN]).gradient(&one, [0.0]),
        Point::new("a NaN", of(&nan), [NAN]).gradient(&nan, [NAN, NAN, 1.0]),
        Point::new("an infinity", of(&far), [INF]).gradient(&far, [1.0, -2.0, 1.0]),
        Point::new("equal infinities", of(&equal), [NAN]).gradient(&equal, [NAN, NAN]),
    ]);
}

fn windows_of_equal_pictures_and_of_flat_ones() {
    let x = picture(&[0.5, 0.25, 1.0, 0.0, 0.75, 0.5, 0.25, 0.125, 1.0], 3);
    let same = picture(&x.to_f64(), 3);
    let (light, dark) = (picture(&[0.5; 9], 3), picture(&[0.25; 9], 3));
    let ssim = |window: i32| Ssim::new().window(window);
    // (x − y)² / (x² + y² + C₁), and its derivative with respect to x
    let c = 0.01f64.powi(2);
    let (sum, apart) = (0.5f64.powi(2) + 0.25f64.powi(2) + c, 0.25f64.powi(2));
    let slope = 2.0 * 0.25 / sum - apart / sum.powi(2) * 2.0 * 0.5;
    // a window of one pixel has no variance
    let (one, other) = (picture(&[0.5], 1), picture(&[0.25], 1));
    // two items, the second of which is its own target
    let (two, of_two) = (floats(&[0.5, 0.5], &[2, 1, 1, 1]), floats(&[0.25, 0.5], &[2, 1, 1, 1]));
    check([
        Point::new("equal pictures", ssim(3).of(&x, &same), [0.0]).gradient(&x, [0.0; 9]).gradient(&same, [0.0; 9]),
        Point::new("equal pictures among zeros", ssim(3).padding(Padding::Same).of(&x, &same), [0.0]),
        Point::new("flat pictures", ssim(3).of(&light, &dark), [apart / sum]),
        Point::new("one pixel", ssim(1).of(&one, &other), [apart / sum]).gradient(&one, [slope]),
        Point::new("two items", ssim(1).of(&two, &of_two).reduce(Reduction::None), [apart / sum, 0.0])
            .gradient(&two, [slope, 0.0]),
        Point::new("a mean over items", ssim(1).of(&two, &of_two), [apart / sum / 2.0]).parts([(apart / sum, 2.0)]),
    ]);
}

fn a_nan_is_seen_by_its_windows_alone() {
    let (x, t) = (floats(&[NAN, 1.0, 2.0], &[3, 1, 1, 1]), floats(&[0.5, 1.0, 2.0], &[3, 1, 1, 1]));
    let one = Ssim::new().window(1);
    let far = floats(&[INF, 1.0, 2.0], &[3, 1, 1, 1]);
    check([
        Point::new("a NaN", one.of(&x, &t), [NAN]).gradient(&x, [NAN, 0.0, 0.0]).gradient(&t, [NAN, 0.0, 0.0]),
        Point::new("its item", one.of(&x, &t).reduce(Reduction::None), [NAN, 0.0, 0.0]),
        Point::new("an infinity", one.of(&far, &t).reduce(Reduction::None), [NAN, 0.0, 0.0]),
    ]);
}

/// A pixel of the last level is the mean of 16 × 16 pixels, or 1/256 of a single pixel with zeros beside it.
fn levels_are_means_of_four_pixels() {
    let ms_ssim = MsSsim::new().window(1);
    // a window of one pixel has no variance, so only the means of the last level differ
    let c = 0.01f64.powi(2);
    let (sum, difference) = (0.5f64.powi(2) + 0.25f64.powi(2) + c, 0.25f64);
    let apart = difference.powi(2) / sum;
    let slope = 2.0 * difference / sum - difference.powi(2) / sum.powi(2) * 2.0 * 0.5;
    let loss = 1.0 - (1.0 - apart).powf(0.1333);
    let of_pixel = 0.1333 * (1.0 - apart).powf(0.1333 - 1.0) * slope / 256.0;
    // at each level, a side of one pixel gets a zero before it
    let (one, other) = (picture(&[128.0], 1), picture(&[64.0], 1));
    let (light, dark) = (picture(&[0.5; 256], 16), picture(&[0.25; 256], 16));
    let (x, same) = (picture(&[1.0, 0.0, 0.5], 1), picture(&[1.0, 0.0, 0.5], 1));
    // two items of two channels, in which one channel differs
    let (two, of_two) = (floats(&[128.0, 1.0, 1.0, 1.0], &[2, 2, 1, 1]), floats(&[64.0, 1.0, 1.0, 1.0], &[2, 2, 1, 1]));
    check([
        Point::new("equal pictures", ms_ssim.of(&x, &same), [0.0]).gradient(&x, [0.0; 3]).gradient(&same, [0.0; 3]),
        Point::new("one pixel", ms_ssim.of(&one, &other), [loss]).gradient(&one, [of_pixel]),
        Point::new("flat pictures", ms_ssim.of(&light, &dark), [loss]).gradient(&light, [of_pixel; 256]),
        Point::new("two items", ms_ssim.of(&two, &of_two).reduce(Reduction::None), [loss / 2.0, 0.0])
            .gradient(&two, [of_pixel / 2.0, 0.0, 0.0, 0.0]),
        Point::new("a mean over items", ms_ssim.of(&two, &of_two), [loss / 4.0]).parts([(loss / 2.0, 2.0)]),
    ]);
}

/// PyTorch's autograd gives NaN here, since the slope of the power is infinite at 0.
fn a_level_without_likeness_leaves_no_gradient() {
    let (one, minus) = (picture(&[128.0], 1), picture(&[-64.0], 1));
    let board: Vec<f64> = (0..33 * 33).map(|i| if i % 2 == 0 { 0.5 } else { -0.5 }).collect();
    let turned: Vec<f64> = board.iter().map(|x| -x).collect();
    let (board, turned) = (picture(&board, 33), picture(&turned, 33));
    check([
        Point::new("opposite means", MsSsim::new().window(1).of(&one, &minus), [1.0])
            .gradient(&one, [0.0])
            .gradient(&minus, [0.0]),
        Point::new("opposite structures", MsSsim::new().window(3).of(&board, &turned), [1.0])
            .gradient(&board, [0.0; 33 * 33]),
    ]);
}

fn a_nan_is_seen_by_its_plane_alone() {
    let (x, t) = (floats(&[NAN, 1.0, 0.5, 0.5], &[1, 2, 1, 2]), floats(&[1.0, 1.0, 0.5, 0.5], &[1, 2, 1, 2]));
    let far = floats(&[INF, 1.0, 0.5, 0.5], &[1, 2, 1, 2]);
    let ms_ssim = MsSsim::new().window(1);
    check([
        Point::new("a NaN", ms_ssim.of(&x, &t), [NAN])
            .gradient(&x, [NAN, NAN, 0.0, 0.0])
            .gradient(&t, [NAN, NAN, 0.0, 0.0]),
        Point::new("an infinity", ms_ssim.of(&far, &t), [NAN]).gradient(&t, [NAN, NAN, 0.0, 0.0]),
    ]);
}
