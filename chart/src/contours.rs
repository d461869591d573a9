//! Finds contours of heights over a grid by marching squares, and joins them to paths.

use crate::grid::Heights;
use std::collections::HashMap;

/// A line through points. Coordinates are shares of the grid's sides.
type Path = Vec<[f64; 2]>;

/// Evenly spaced heights, and the contours at each height.
pub fn contours(heights: &Heights, levels: usize) -> Vec<(f64, Vec<Path>)> {
    let level = |k: usize| (k as f64 + 0.5) / levels as f64;
    (0..levels).map(|k| (level(k), paths(segments(heights, level(k))))).collect()
}

/// An edge between two neighbours on the grid: the index of the first, and whether the second is in the next row.
type Edge = (usize, bool);

/// The part of a contour inside a cell, from one edge to another, with its end points.
type Segment = [(Edge, [f64; 2]); 2];

fn segments(heights: &Heights, level: f64) -> Vec<Segment> {
    let [columns, rows] = heights.size;
    let mut segments = Vec::new();
    for (row, column) in (0..rows - 1).flat_map(|row| (0..columns - 1).map(move |column| (row, column))) {
        let place = row * columns + column;
        // corners and edges in order around the cell; an edge is named by the grid index of its first end
        let corners = [(0, 0), (1, 0), (1, 1), (0, 1)];
        let edges = [(place, false), (place + 1, true), (place + columns, false), (place, true)];
        let values = corners.map(|(x, y)| heights.values[place + y * columns + x]);
        if values.iter().any(|value| value.is_nan()) {
            continue;
        }
        let crossing = |side: usize| {
            let next = (side + 1) % 4;
            let [from, to] = [values[side], values[next]];
            ((from < level) != (to < level)).then(|| {
                let share = (level - from) / (to - from);
                let along = |axis: usize| {
                    let of = |corner: (usize, usize)| if axis == 0 { corner.0 } else { corner.1 } as f64;
                    let [from, to] = [of(corners[side]), of(corners[next])];
                    let start = [column, row][axis] as f64;
                    (start + from + share * (to - from)) / (heights.size[axis] - 1) as f64
                };
                (edges[side], [along(0), along(1)])
            })
        };
        let crossings: Vec<_> = (0..4).filter_map(crossing).collect();
        match crossings[..] {
            [a, b] => segments.push([a, b]),
            // a saddle: the height in the middle decides which corners are connected
            [a, b, c, d] => {
                let middle = values.iter().sum::<f64>() / 4.0;
                let pairs = if (middle < level) == (values[0] < level) { [[a, b], [c, d]] } else { [[a, d], [b, c]] };
                segments.extend(pairs);
            }
            _ => {}
        }
    }
    segments
}

/// Joins the segments that meet at an edge.
fn paths(segments: Vec<Segment>) -> Vec<Path> {
    let mut at_edge: HashMap<Edge, Vec<usize>> = HashMap::new();
    for (place, segment) in segments.iter().enumerate() {
        segment.iter().for_each(|(edge, _)| at_edge.entry(*edge).or_default().push(place));
    }
    let mut used = vec![false; segments.len()];
    let mut paths = Vec::new();
    for first in 0..segments.len() {
        if std::mem::replace(&mut used[first], true) {
            continue;
        }
        // follow the contour from both ends of its first segment
        let [from, to] = segments[first];
        let mut follow = |mut end: (Edge, [f64; 2])| {
            let mut path = vec![end.1];
            while let Some(&next) = at_edge[&end.0].iter().find(|next| !used[**next]) {
                used[next] = true;
                let [a, b] = segments[next];
                end = if a.0 == end.0 { b } else { a };
                path.push(end.1);
            }
            path
        };
        let (ahead, mut path) = (follow(to), follow(from));
        path.reverse();
        path.extend(ahead);
        paths.push(path);
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contour_of_a_cone_is_one_closed_circle() {
        let size = [41, 41];
        let height = |place: usize| {
            let [x, y] = [place % 41, place / 41].map(|step| step as f64 / 40.0 - 0.5);
            x.hypot(y)
        };
        let heights = Heights { size, values: (0..41 * 41).map(height).collect() };
        let circle = paths(segments(&heights, 0.3));
        assert_eq!(circle.len(), 1);
        assert_eq!(circle[0].first(), circle[0].last(), "it is closed");
        for [x, y] in &circle[0] {
            // a cone deviates from straight by 1/(8·0.3·40²) between grid points 1/40 apart
            assert!(((x - 0.5).hypot(y - 0.5) - 0.3).abs() < 3e-4, "({x}, {y})");
        }
    }

    #[test]
    fn a_saddle_has_two_contours_and_a_hole_has_none() {
        let saddle = |middle: f64| Heights { size: [2, 2], values: vec![1.0, 0.0, middle, 1.0] };
        assert_eq!(paths(segments(&saddle(0.0), 0.4)).len(), 2);
        assert_eq!(paths(segments(&saddle(f64::NAN), 0.4)).len(), 0);
    }
}
