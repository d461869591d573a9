//! Charts of odd grids and views: they are drawn, or refused with an error.

use wgloss_chart::{Chart, Error, Grid, Mark, Scale, Shape, View};

const SURFACE: View = View::Surface { around: -60.0, above: 30.0 };

fn chart(numbers: &[f64; 4], scale: Scale, view: View) -> Chart {
    let mark = |at, value| Mark { name: "mark".into(), at, value, shape: Shape::Disc };
    Chart {
        title: String::new(),
        axes: ["x", "y", "z"].map(String::from),
        grid: Grid::new([[0.0, 1.0], [0.0, 1.0]], [2, 2], numbers).expect("the grid is sound"),
        scale,
        marks: vec![mark([0.5, 0.5], 1.0), mark([7.0, 0.5], 1.0), mark([0.5, 0.5], f64::NAN), mark([f32::NAN; 2], 0.0)],
        view,
    }
}

#[test]
fn odd_numbers_and_views_are_drawn() {
    let nan = f64::NAN;
    let steep = View::Surface { around: 0.0, above: 90.0 };
    let below = View::Surface { around: 1e9, above: -30.0 };
    let unknown = View::Surface { around: nan, above: nan };
    for (name, numbers, view) in [
        ("a constant", [3.0; 4], SURFACE),
        ("holes", [nan, 1.0, f64::INFINITY, 2.0], SURFACE),
        ("holes of a map", [nan, 1.0, f64::NEG_INFINITY, 2.0], View::Map),
        ("one number", [nan, nan, nan, 1.0], View::Map),
        ("near each other", [0.0, 5e-324, -5e-324, 0.0], SURFACE),
        ("far from each other", [f64::MAX, -f64::MAX, 0.0, 1.0], View::Map),
        ("from above", [0.0, 1.0, 2.0, 3.0], steep),
        ("from below", [0.0, 1.0, 2.0, 3.0], below),
        ("from nowhere", [0.0, 1.0, 2.0, 3.0], unknown),
    ] {
        for scale in [Scale::Linear, Scale::Logarithmic] {
            let picture = chart(&numbers, scale, view).svg();
            assert!(picture.is_ok_and(|picture| picture.starts_with("<svg")), "{name}, {scale:?}");
        }
    }
}

#[test]
fn a_grid_without_a_finite_number_is_refused() {
    for view in [SURFACE, View::Map] {
        let refused = chart(&[f64::NAN, f64::INFINITY, f64::NAN, f64::NAN], Scale::Linear, view).png();
        assert_eq!(refused, Err(Error::NothingFinite));
    }
}
