//! The CPU twins against mathematics alone: slopes, hard points, refusals, sums and compounds. No GPU, and no feature that has one.

mod compounds;
#[path = "../../checks/src/draw.rs"]
mod draw;
mod hard_points;
mod point;
mod refusals;
#[path = "../common/reported.rs"]
mod reported;
mod slopes;
mod sums;

#[test]
fn what_users_reported() {
    point::check(reported::all());
}
