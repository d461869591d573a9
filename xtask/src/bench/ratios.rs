//! Compares peers' times with wgloss's, if the losses agree.

use super::csv::Csv;
use super::table::{Time, digits};

/// The largest relative difference of two losses whose times are compared.
const TOLERANCE: f64 = 1e-5;

/// A peer's loss and times for a case: the median and the least.
#[derive(Clone, Debug, PartialEq)]
pub struct Theirs {
    pub case: String,
    pub peer: String,
    pub value: f64,
    pub ms: f64,
    pub least_ms: f64,
    pub runs: usize,
}

impl Theirs {
    /// Parses a peer's table.
    pub fn parse(text: &str) -> Result<Vec<Theirs>, String> {
        let csv = Csv::parse(text)?;
        let rows = csv.rows().map(|row| {
            Ok(Theirs {
                case: row.text("case")?.to_owned(),
                peer: row.text("peer")?.to_owned(),
                value: row.number("value")?,
                ms: row.number("ms")?,
                least_ms: row.number("least_ms")?,
                runs: row.number("runs")?,
            })
        });
        rows.collect()
    }

    fn agrees(&self, ours: &Time) -> bool {
        (self.value - ours.value).abs() <= TOLERANCE * ours.value.abs()
    }
}

/// The table of ratios: each peer's time divided by wgloss's. The row of the fastest peer whose loss agrees says whether wgloss
/// is ahead.
pub fn markdown(ours: &[Time], theirs: &[Theirs]) -> String {
    let mut text =
        "\nPeers, wall time of value and gradients: medians, and in brackets the least of all runs. A ratio is the \
                            peer's time over ours; the fastest peer's row says whether we are ahead.\n\n\
                    | case | ours ms | peer | peer ms | runs | ratio | |\n|---|--:|---|--:|--:|--:|---|\n"
            .to_owned();
    for own in ours {
        let mut peers: Vec<&Theirs> = theirs.iter().filter(|peer| peer.case == own.case).collect();
        peers.sort_by(|a, b| a.ms.total_cmp(&b.ms));
        let fastest = peers.iter().position(|peer| peer.agrees(own));
        for (place, peer) in peers.iter().enumerate() {
            let (ratio, verdict) = if peer.agrees(own) {
                let verdict = if peer.ms > own.ms { "ahead" } else { "behind" };
                let verdict = if Some(place) == fastest { verdict } else { "" };
                (both(peer.ms / own.ms, peer.least_ms / own.least_ms), verdict.to_owned())
            } else {
                (String::new(), format!("its loss is {}, ours {}", peer.value, own.value))
            };
            text += &format!(
                "| {} | {} | {} | {} | {} | {ratio} | {verdict} |\n",
                own.case,
                both(own.ms, own.least_ms),
                peer.peer,
                both(peer.ms, peer.least_ms),
                peer.runs
            );
        }
    }
    text
}

/// The number of the medians, and in brackets that of the least times.
fn both(median: f64, least: f64) -> String {
    format!("{} ({})", digits(median), digits(least))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(ours: &[(&str, f64, f64)], theirs: &str) -> Vec<String> {
        let time = |&(case, value, ms): &(&str, f64, f64)| Time { case: case.into(), value, ms, least_ms: ms / 2.0 };
        let theirs = Theirs::parse(&format!("case,peer,value,ms,least_ms,runs\n{theirs}")).unwrap();
        let text = markdown(&ours.iter().map(time).collect::<Vec<_>>(), &theirs);
        text.lines().filter(|line| line.starts_with("| ")).skip(1).map(str::to_owned).collect()
    }

    #[test]
    fn only_the_row_of_the_fastest_peer_says_who_is_ahead() {
        let theirs = "mse 10,slow,0.5,8,4,7\nmse 10,fast,0.500004,3,2,9\nother,fast,1,1,1,1\n";
        assert_eq!(
            lines(&[("mse 10", 0.5, 2.0), ("lonely", 1.0, 1.0)], theirs),
            [
                "| mse 10 | 2.00 (1.00) | fast | 3.00 (2.00) | 9 | 1.50 (2.00) | ahead |",
                "| mse 10 | 2.00 (1.00) | slow | 8.00 (4.00) | 7 | 4.00 (4.00) |  |"
            ]
        );
        assert_eq!(
            lines(&[("mse 10", 0.5, 4.0)], theirs)[0],
            "| mse 10 | 4.00 (2.00) | fast | 3.00 (2.00) | 9 | 0.750 (1.00) | behind |"
        );
    }

    #[test]
    fn a_peer_with_another_loss_has_no_ratio() {
        let theirs = "mse 10,wrong,0.50001,1,1,7\nmse 10,lost,NaN,1,1,7\nmse 10,right,0.5,3,3,7\n";
        assert_eq!(
            lines(&[("mse 10", 0.5, 2.0)], theirs),
            [
                "| mse 10 | 2.00 (1.00) | wrong | 1.00 (1.00) | 7 |  | its loss is 0.50001, ours 0.5 |",
                "| mse 10 | 2.00 (1.00) | lost | 1.00 (1.00) | 7 |  | its loss is NaN, ours 0.5 |",
                "| mse 10 | 2.00 (1.00) | right | 3.00 (3.00) | 7 | 1.50 (3.00) | ahead |",
            ]
        );
    }
}
