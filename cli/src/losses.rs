//! Finds losses by the names in arguments.

use crate::expression::compounds::COMPOUNDS;
use crate::failure::Failure;
use wgloss::{Loss, by_id};

/// The ids of all losses, and the names of ready-made sums.
pub fn names() -> Vec<&'static str> {
    ids().into_iter().chain(COMPOUNDS.iter().map(|compound| compound.id)).collect()
}

/// The ids of all losses.
pub fn ids() -> Vec<&'static str> {
    wgloss::all().iter().map(|loss| loss.header().id).collect()
}

/// The loss of this id.
pub fn named(id: &str) -> Result<Box<dyn Loss>, Failure> {
    by_id(id).ok_or_else(|| Failure::Input(unknown(id)))
}

/// The message that there is no such loss, with the names that are most like this one.
pub fn unknown(id: &str) -> String {
    let all = names();
    let mut like: Vec<(f64, &str)> = all.iter().map(|known| (strsim::jaro_winkler(id, known), *known)).collect();
    like.retain(|(likeness, _)| *likeness > 0.8);
    like.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let like: Vec<&str> = like.into_iter().take(3).map(|(_, known)| known).collect();
    match like[..] {
        [] => format!("there is no loss `{id}`; `wgloss list` shows all"),
        _ => format!("there is no loss `{id}`; there is {}", like.join(", ")),
    }
}
