//! Hard points of the losses of boxes: boxes that touch, are equal, have no area, are inverted, or are infinite.

use crate::harness::tests;
use crate::point::{Point, check, floats};
use libtest_mimic::Trial;
use wgloss::{Array, BoxFormat, BoxIou, IouKind, Reduction, Term, cpu};

pub fn tests() -> Vec<Trial> {
    tests![
        eiou_adds_the_differences_of_the_sides,
        siou_adds_distance_and_shape,
        centres_and_sizes_say_what_corners_say,
        equal_boxes_and_points,
        no_box_without_area_or_inside_out_gives_what_is_not_finite,
        an_endless_box_is_nan,
    ]
}

/// A loss whose eps is too small to change the expected digits.
fn of(kind: IouKind, format: BoxFormat) -> BoxIou {
    BoxIou { kind, format, eps: 1e-30 }
}

fn term(loss: &BoxIou, a: [f64; 4], b: [f64; 4]) -> (Array, Term<Array>) {
    let a = floats(&a, &[1, 4]);
    (a.clone(), loss.of(&a, &floats(&b, &[1, 4])).reduce(Reduction::Sum))
}

fn point(name: &'static str, loss: &BoxIou, [a, b]: [[f64; 4]; 2], value: f64, slopes: [f64; 4]) -> Point {
    let (a, term) = term(loss, a, b);
    Point::new(name, term, [value]).gradient(&a, slopes)
}

/// Two boxes that share an area of 2 of 10 and a right side, in a hull of 4 × 3. Their centres are (−1, −1) apart.
const STAGGERED: [[f64; 4]; 2] = [[0.0, 0.0, 4.0, 2.0], [2.0, 1.0, 4.0, 3.0]];
/// The two boxes above as centres and sizes.
const CENTRED: [[f64; 4]; 2] = [[2.0, 1.0, 4.0, 2.0], [3.0, 2.0, 2.0, 2.0]];
/// The slopes of IoU's loss. Where two right sides are equal, each box has half of the slope.
const OF_IOU: [f64; 4] = [-0.04, -0.08, -0.02, -0.16];

/// The slopes with respect to centre and size, from those with respect to the corners.
fn by_centre([x1, y1, x2, y2]: [f64; 4]) -> [f64; 4] {
    [x1 + x2, y1 + y2, (x2 - x1) / 2.0, (y2 - y1) / 2.0]
}

fn eiou_adds_the_differences_of_the_sides() {
    // 1 − IoU, ρ²/c² and the term of the widths, (4 − 2)²/4²; the heights are equal
    let value = 0.8 + 2.0 / 25.0 + 0.25;
    let slopes = [-0.04 - 0.0144 - 0.125, -0.08 - 0.0208, -0.02 - 0.0528 + 0.1875, -0.16 - 0.04];
    check([
        point("corners", &of(IouKind::Eiou, BoxFormat::Xyxy), STAGGERED, value, slopes),
        point("centres", &of(IouKind::Eiou, BoxFormat::Cxcywh), CENTRED, value, by_centre(slopes)),
    ]);
}

fn siou_adds_distance_and_shape() {
    // the centres are equally far apart along x and along y: Λ is 1, and has no slope there
    let [near_x, near_y, small] = [1.0 / 16.0, 1.0 / 9.0, 0.5].map(|x: f64| (-x).exp());
    let value = 0.8 + 0.5 * (2.0 - near_x - near_y + (1.0 - small).powi(4));
    // ω is 1 − w'/w, with a slope of w'/w² = 1/8
    let of_width = 0.5 * 4.0 * (1.0 - small).powi(3) * small / 8.0;
    let mut slopes = OF_IOU;
    slopes[0] += 0.5 * near_x * (-1.0 / 32.0) - of_width;
    slopes[1] += 0.5 * near_y * (-1.0 / 27.0);
    slopes[2] += 0.5 * near_x * (-2.5 / 32.0) + of_width;
    slopes[3] += 0.5 * near_y * (-1.0 / 9.0);

    // equal boxes that touch, with centres (−2, −1) apart in a hull of 4 × 3: Λ is 4/5, and ρ along x has no slope at the
    // far corner
    let touching = [[0.0, 0.0, 2.0, 2.0], [2.0, 1.0, 4.0, 3.0]];
    let touching_centred = [[1.0, 1.0, 2.0, 2.0], [3.0, 2.0, 2.0, 2.0]];
    let [close_x, close_y] = [1.0 / 4.0, 1.0 / 9.0].map(|rho: f64| (-1.2 * rho).exp());
    let by_angle = close_x / 4.0 + close_y / 9.0;
    let apart = 1.0 + 0.5 * (2.0 - close_x - close_y);
    let of_apart = [
        -0.06 * by_angle,
        0.12 * by_angle - 0.6 * close_y / 27.0,
        -0.06 * by_angle - 0.6 * close_x / 8.0,
        0.12 * by_angle - 0.6 * close_y / 9.0,
    ];
    let [corners, centres] = [BoxFormat::Xyxy, BoxFormat::Cxcywh].map(|format| of(IouKind::Siou, format));
    check([
        point("corners", &corners, STAGGERED, value, slopes),
        point("centres", &centres, CENTRED, value, by_centre(slopes)),
        point("touching corners", &corners, touching, apart, of_apart),
        point("touching centres", &centres, touching_centred, apart, by_centre(of_apart)),
    ]);
}

fn centres_and_sizes_say_what_corners_say() {
    use IouKind::{Ciou, Diou, Giou, Iou};
    let mut points = vec![point("iou", &of(Iou, BoxFormat::Cxcywh), CENTRED, 0.8, by_centre(OF_IOU))];
    for (name, kind) in [("giou", Giou), ("diou", Diou), ("ciou", Ciou)] {
        let (a, term) = term(&of(kind, BoxFormat::Xyxy), STAGGERED[0], STAGGERED[1]);
        let (value, [slopes]) = cpu::gradients(&term, [&a]).unwrap();
        let slopes: [f64; 4] = slopes.to_f64().try_into().unwrap();
        let value = value.loss().unwrap();
        points.push(point(name, &of(kind, BoxFormat::Cxcywh), CENTRED, value, by_centre(slopes)));
    }
    check(points);
}

fn equal_boxes_and_points() {
    let mut points = Vec::new();
    for kind in [IouKind::Eiou, IouKind::Siou] {
        for format in [BoxFormat::Xyxy, BoxFormat::Cxcywh] {
            let [place, equal] = [[1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 3.0, 4.0]];
            points.push(point("equal boxes", &of(kind, format), [equal, equal], 0.0, [0.0; 4]));
            let place = if format == BoxFormat::Xyxy { place } else { [1.0, 1.0, 0.0, 0.0] };
            points.push(point("equal points", &of(kind, format), [place, place], 1.0, [0.0; 4]));
        }
    }
    // two points in opposite corners of their hull of 3 × 4: ρ²/c² is 1
    let apart = [[0.0; 4], [3.0, 4.0, 3.0, 4.0]];
    points.push(point("points", &of(IouKind::Eiou, BoxFormat::Xyxy), apart, 2.0, [0.12, 0.16, -0.12, -0.16]));
    // Λ is 24/25, and both ρ are 1
    let value = 2.0 - (-1.04f64).exp();
    points.push(Point::new("points", term(&of(IouKind::Siou, BoxFormat::Xyxy), apart[0], apart[1]).1, [value]));
    check(points);
}

fn no_box_without_area_or_inside_out_gives_what_is_not_finite() {
    let numbers = [0.0, 1.0, 2.0, 1e-20];
    let boxes: Vec<[f64; 4]> = (0..256).map(|k| [64, 16, 4, 1].map(|place| numbers[k / place % 4])).collect();
    for kind in [IouKind::Iou, IouKind::Giou, IouKind::Diou, IouKind::Ciou, IouKind::Eiou, IouKind::Siou] {
        for format in [BoxFormat::Xyxy, BoxFormat::Cxcywh] {
            for target in [[0.0, 0.0, 2.0, 1.0], [1.0, 1.0, 1.0, 1.0], [2.0, 2.0, 0.0, 0.0], [0.0, 2.0, 1.0, 2.0]] {
                let a = floats(boxes.as_flattened(), &[256, 4]);
                let b = floats([target; 256].as_flattened(), &[256, 4]);
                let loss = BoxIou { kind, format, ..Default::default() };
                let term = loss.of(&a, &b).reduce(Reduction::None);
                let (values, [slopes]) = cpu::gradients(&term, [&a]).unwrap();
                let finite = |x: &Array| x.to_f64().iter().all(|x| x.is_finite());
                assert!(finite(values.tensor()) && finite(&slopes), "{kind:?}, {format:?}, {target:?}: {slopes:?}");
            }
        }
    }
}

fn an_endless_box_is_nan() {
    let all_nan = |kind, format| {
        let endless = [[0.0, 0.0, f64::INFINITY, 1.0], [0.0, 0.0, 2.0, 2.0]];
        let [a, b] = endless;
        [[a, b], [b, a]].map(|pair| point("endless", &of(kind, format), pair, f64::NAN, [f64::NAN; 4]))
    };
    check(all_nan(IouKind::Eiou, BoxFormat::Xyxy));
    check(all_nan(IouKind::Siou, BoxFormat::Xyxy));
    check(all_nan(IouKind::Iou, BoxFormat::Cxcywh));
    check(all_nan(IouKind::Ciou, BoxFormat::Cxcywh));
}
