//! Compares the times of peers with those of wgloss, if the losses agree.

use super::csv::Csv;
use super::table::digits;

/// The largest relative difference of two losses whose times are compared.
const TOLERANCE: f64 = 1e-5;

/// A loss and the times for a case, by a peer or by wgloss in a setting: the median and the least.
#[derive(Clone, Debug, PartialEq)]
pub struct Time {
    pub case: String,
    /// The peer or the setting.
    pub by: String,
    pub value: f64,
    pub ms: f64,
    pub least_ms: f64,
    pub runs: usize,
}

impl Time {
    /// Parses a peer's table.
    pub fn parse(text: &str) -> Result<Vec<Time>, String> {
        let csv = Csv::parse(text)?;
        let rows = csv.rows().map(|row| {
            Ok(Time {
                case: row.text("case")?.to_owned(),
                by: row.text("peer")?.to_owned(),
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

/// The table of ratios: each time divided by the fastest of ours. The row of the fastest peer whose loss agrees says whether
/// wgloss is ahead.
pub fn markdown(ours: &[Time], theirs: &[Time]) -> String {
    let mut text =
        "\nWall time of value and gradients: medians, and in brackets the least of all runs. A ratio is a time over \
                    the fastest of ours; the fastest peer's row says whether we are ahead.\n\n\
                    | case | by | ms | runs | ratio | |\n|---|---|--:|--:|--:|---|\n"
            .to_owned();
    let mut cases: Vec<&str> = Vec::new();
    for own in ours {
        if !cases.contains(&own.case.as_str()) {
            cases.push(&own.case);
        }
    }
    for case in cases {
        let of_case = |times: &'_ [Time]| {
            let mut times: Vec<Time> = times.iter().filter(|time| time.case == case).cloned().collect();
            times.sort_by(|a, b| a.ms.total_cmp(&b.ms));
            times
        };
        let (ours, theirs) = (of_case(ours), of_case(theirs));
        let best = &ours[0];
        let fastest = theirs.iter().position(|peer| peer.agrees(best));
        let mut rows: Vec<(&Time, String)> = ours.iter().map(|own| (own, String::new())).collect();
        for (place, peer) in theirs.iter().enumerate() {
            let verdict = match peer.agrees(best) {
                false => format!("its loss is {}, ours {}", peer.value, best.value),
                true if Some(place) != fastest => String::new(),
                true => (if peer.ms > best.ms { "ahead" } else { "behind" }).to_owned(),
            };
            rows.push((peer, verdict));
        }
        rows.sort_by(|(a, _), (b, _)| a.ms.total_cmp(&b.ms));
        for (time, verdict) in rows {
            let ratio =
                if time.agrees(best) { both(time.ms / best.ms, time.least_ms / best.least_ms) } else { String::new() };
            let times = both(time.ms, time.least_ms);
            text += &format!("| {case} | {} | {times} | {} | {ratio} | {verdict} |\n", time.by, time.runs);
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

    fn lines(ours: &[(&str, &str, f64, f64)], theirs: &str) -> Vec<String> {
        let time = |&(case, by, value, ms): &(&str, &str, f64, f64)| Time {
            case: case.into(),
            by: by.into(),
            value,
            ms,
            least_ms: ms / 2.0,
            runs: 5,
        };
        let theirs = Time::parse(&format!("case,peer,value,ms,least_ms,runs\n{theirs}")).unwrap();
        let text = markdown(&ours.iter().map(time).collect::<Vec<_>>(), &theirs);
        text.lines().filter(|line| line.starts_with("| ")).skip(1).map(str::to_owned).collect()
    }

    #[test]
    fn the_fastest_of_each_side_say_who_is_ahead() {
        let theirs = "mse 10,slow,0.5,8,4,7\nmse 10,fast,0.500004,3,2,9\nother,fast,1,1,1,1\n";
        assert_eq!(
            lines(
                &[("mse 10", "wgloss", 0.5, 4.0), ("mse 10", "tuned", 0.5, 2.0), ("lonely", "wgloss", 1.0, 1.0)],
                theirs
            ),
            [
                "| mse 10 | tuned | 2.00 (1.00) | 5 | 1.00 (1.00) |  |",
                "| mse 10 | fast | 3.00 (2.00) | 9 | 1.50 (2.00) | ahead |",
                "| mse 10 | wgloss | 4.00 (2.00) | 5 | 2.00 (2.00) |  |",
                "| mse 10 | slow | 8.00 (4.00) | 7 | 4.00 (4.00) |  |",
                "| lonely | wgloss | 1.00 (0.500) | 5 | 1.00 (1.00) |  |"
            ]
        );
        assert_eq!(
            lines(&[("mse 10", "wgloss", 0.5, 4.0)], theirs)[0],
            "| mse 10 | fast | 3.00 (2.00) | 9 | 0.750 (1.00) | behind |"
        );
    }

    #[test]
    fn a_peer_with_another_loss_has_no_ratio() {
        let theirs = "mse 10,wrong,0.50001,1,1,7\nmse 10,lost,NaN,1,1,7\nmse 10,right,0.5,3,3,7\n";
        assert_eq!(
            lines(&[("mse 10", "wgloss", 0.5, 2.0)], theirs),
            [
                "| mse 10 | wrong | 1.00 (1.00) | 7 |  | its loss is 0.50001, ours 0.5 |",
                "| mse 10 | lost | 1.00 (1.00) | 7 |  | its loss is NaN, ours 0.5 |",
                "| mse 10 | wgloss | 2.00 (1.00) | 5 | 1.00 (1.00) |  |",
                "| mse 10 | right | 3.00 (3.00) | 7 | 1.50 (3.00) | ahead |",
            ]
        );
    }
}
