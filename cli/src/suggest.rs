//! Known names that a word resembles, for "did you mean" in errors.

use heck::ToSnakeCase;

/// A name that resembles a word in no other way is suggested if their Jaro-Winkler similarity is above this.
const LEAST: f64 = 0.8;

/// The most names that are suggested.
const MOST: usize = 4;

/// The resemblance of a word that consists of some of a name's parts.
const PARTS: u8 = 2;

/// "did you mean a, b or c?" with the known names that a word resembles most; `None` if it resembles none.
pub fn did_you_mean(word: &str, known: &[&str]) -> Option<String> {
    let found = similar(word, known);
    let (last, others) = found.split_last()?;
    let names = if others.is_empty() { (*last).into() } else { format!("{} or {last}", others.join(", ")) };
    Some(format!("did you mean {names}?"))
}

/// The known names that a word resembles, best first: `CrossEntropyLoss` and `ce` resemble `cross_entropy`, `focal` every
/// name that contains it, `dise` resembles `dice`.
pub fn similar<'a>(word: &str, known: &[&'a str]) -> Vec<&'a str> {
    // PyTorch's classes and functions end in `loss`, and its functions write bce out
    let snake = word.to_snake_case().replace("binary_cross_entropy", "bce");
    let word = snake.strip_suffix("_loss").unwrap_or(&snake);
    let likeness = |name: &str| match resemblance(word, name) {
        // the fewer other parts, the likelier
        PARTS => (PARTS, -(name.split('_').count() as f64)),
        other => (other, strsim::jaro_winkler(word, name)),
    };
    let found = known.iter().map(|name| (likeness(name), *name));
    let mut found: Vec<((u8, f64), &str)> =
        found.filter(|((resemblance, likeness), _)| *resemblance > 0 || *likeness > LEAST).collect();
    found.sort_by(|((a, like_a), _), ((b, like_b), _)| b.cmp(a).then(like_b.total_cmp(like_a)));
    // where a name is surely meant, others that look like it would only distract
    let best = found.first().map_or(0, |((resemblance, _), _)| *resemblance);
    let found = found.into_iter().filter(|((resemblance, _), _)| *resemblance == best);
    found.map(|(_, name)| name).take(MOST).collect()
}

/// How surely a word in snake_case means a name: 4 for the name itself with other underscores, 3 for its initials, 2 for some
/// of its parts, 1 for a piece of it, 0 if only the letters may resemble each other.
fn resemblance(word: &str, name: &str) -> u8 {
    let letters = |text: &str| text.replace('_', "");
    let parts: Vec<&str> = name.split('_').collect();
    let initials: String = parts.iter().filter_map(|part| part.chars().next()).collect();
    match () {
        _ if letters(word) == letters(name) => 4,
        _ if word.len() > 1 && word == initials => 3,
        _ if word.split('_').all(|part| parts.contains(&part)) => PARTS,
        _ if word.len() > 2 && letters(name).contains(&letters(word)) => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::losses;

    #[test]
    fn a_word_resembles_the_names_that_it_may_mean() {
        let losses = losses::names();
        for (word, first) in [
            ("CrossEntropy", "cross_entropy"),
            ("CrossEntropyLoss", "cross_entropy"),
            ("BCEWithLogitsLoss", "bce_with_logits"),
            ("binary_cross_entropy_with_logits", "bce_with_logits"),
            ("crossentropy", "cross_entropy"),
            ("SmoothL1Loss", "smooth_l1"),
            ("NLLLoss", "nll"),
            ("ce", "cross_entropy"),
            ("dise", "dice"),
            ("entropy_cross", "cross_entropy"),
        ] {
            assert_eq!(similar(word, &losses).first(), Some(&first), "{word}: {:?}", similar(word, &losses));
        }
        let focal = similar("focal", &losses);
        assert!(focal.len() > 1 && focal.iter().all(|name| name.contains("focal")), "{focal:?}");
        assert_eq!(similar("xyzzy", &losses), [""; 0]);
        assert_eq!(did_you_mean("xyzzy", &losses), None);
        assert_eq!(
            did_you_mean("label_smothing", &["weight", "label_smoothing"]).unwrap(),
            "did you mean label_smoothing?"
        );
        assert_eq!(did_you_mean("b", &["a_b", "b_c", "d"]).unwrap(), "did you mean a_b or b_c?");
    }
}
