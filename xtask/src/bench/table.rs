//! Formats wgloss's own times as a Markdown table.

use super::csv::Csv;
use super::ratios::Time;

/// The measurements of wgloss.
pub struct Ours {
    csv: Csv,
    rows: Vec<Row>,
}

struct Row {
    case: String,
    unit: String,
    value: Times,
    gradients: Times,
    workspace: f64,
    host_us: f64,
    result: f64,
}

/// The times of a value, or of a value with its gradients.
struct Times {
    ms: f64,
    wall_ms: f64,
    least_wall_ms: f64,
    rate: f64,
    /// The rate as a share of the best copy, if memory bounds the case.
    share: Option<f64>,
    runs: usize,
    dispatches: usize,
}

impl Ours {
    /// Parses the report's table.
    pub fn parse(text: &str) -> Result<Ours, String> {
        let csv = Csv::parse(text)?;
        let rows = csv.rows().map(|row| {
            let times = |prefix: &str| -> Result<Times, String> {
                let column = |name: &str| format!("{prefix}{name}");
                let share = row.text(&column("share"))?;
                Ok(Times {
                    ms: row.number(&column("ms"))?,
                    wall_ms: row.number(&column("wall_ms"))?,
                    least_wall_ms: row.number(&column("least_wall_ms"))?,
                    rate: row.number(&column("rate"))?,
                    share: if share.is_empty() { None } else { Some(row.number(&column("share"))?) },
                    runs: row.number(&column("runs"))?,
                    dispatches: row.number(&column("dispatches"))?,
                })
            };
            Ok(Row {
                case: row.text("case")?.to_owned(),
                unit: row.text("unit")?.to_owned(),
                value: times("value_")?,
                gradients: times("")?,
                workspace: row.number("workspace_bytes")?,
                host_us: row.number("host_us")?,
                result: row.number("result")?,
            })
        });
        let rows = rows.collect::<Result<_, String>>()?;
        Ok(Ours { csv, rows })
    }

    /// PyTorch's name of the device with the same hardware: `cuda` or `cpu`.
    pub fn device(&self) -> &'static str {
        let gpu = self.csv.about.first().is_some_and(|adapter| adapter.contains("DiscreteGpu"));
        if gpu { "cuda" } else { "cpu" }
    }

    /// Whether the adapter is llvmpipe, Mesa's driver for CPUs.
    pub fn is_llvmpipe(&self) -> bool {
        self.csv.about.first().is_some_and(|adapter| adapter.contains("llvmpipe"))
    }

    /// The losses and wall times of value and gradients, to compare with peers.
    pub fn times(&self, name: &str) -> Vec<Time> {
        let time = |row: &Row| Time {
            case: row.case.clone(),
            by: name.to_owned(),
            value: row.result,
            ms: row.gradients.wall_ms,
            least_ms: row.gradients.least_wall_ms,
            runs: row.gradients.runs,
        };
        self.rows.iter().map(time).collect()
    }

    /// The table as Markdown.
    pub fn markdown(&self) -> String {
        let mut text: String = self.csv.about.iter().map(|line| format!("{line}  \n")).collect();
        text += "\n| case | value ms | rate | of copy | with gradients ms | wall ms | rate | of copy | runs | dispatches | \
                 workspace KiB | host µs |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n";
        for row in &self.rows {
            let rates = [&row.value, &row.gradients].map(|times| {
                let share = times.share.map(|share| format!("{:.0} %", 100.0 * share)).unwrap_or_default();
                format!("{} {} | {share}", digits(times.rate), row.unit)
            });
            text += &format!(
                "| {} | {} | {} | {} | {} | {} | {}, {} | {}, {} | {:.0} | {:.0} |\n",
                row.case,
                digits(row.value.ms),
                rates[0],
                digits(row.gradients.ms),
                digits(row.gradients.wall_ms),
                rates[1],
                row.value.runs,
                row.gradients.runs,
                row.value.dispatches,
                row.gradients.dispatches,
                row.workspace / 1024.0,
                row.host_us
            );
        }
        text
    }
}

/// Formats a number with three digits, or with all digits before the point if there are more.
pub fn digits(x: f64) -> String {
    let before = x.abs().max(1e-3).log10().floor() as i32;
    format!("{x:.places$}", places = (2 - before).max(0) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "\
# llvmpipe (Cpu, vulkan)
case,loss,unit,value_ms,value_wall_ms,value_least_wall_ms,value_rate,value_share,value_runs,value_dispatches,ms,wall_ms,least_wall_ms,rate,share,runs,dispatches,workspace_bytes,host_us,result
mse 10,mse,GB/s,1.25,1.5,1.4,10.5,0.875,9,2,2.5,3,2.75,8.25,0.5,7,3,2048,12.4,0.5
info_nce 8x4,info_nce,GFLOP/s,1250,1260,1255,3.5,,3,4,2500,2600,2550,5,,3,5,1048576,20,1.5
";

    #[test]
    fn a_report_becomes_a_table() {
        let ours = Ours::parse(REPORT).unwrap();
        let text = ours.markdown();
        assert!(text.starts_with("llvmpipe (Cpu, vulkan)  \n\n| case |"), "{text}");
        for line in [
            "| mse 10 | 1.25 | 10.5 GB/s | 88 % | 2.50 | 3.00 | 8.25 GB/s | 50 % | 9, 7 | 2, 3 | 2 | 12 |",
            "| info_nce 8x4 | 1250 | 3.50 GFLOP/s |  | 2500 | 2600 | 5.00 GFLOP/s |  | 3, 3 | 4, 5 | 1024 | 20 |",
        ] {
            assert!(text.contains(line), "{line} is not in {text}");
        }
        let columns = |line: &str| line.matches(" |").count();
        let table: Vec<&str> = text.lines().filter(|line| line.starts_with("| ")).collect();
        assert!(table.iter().all(|line| columns(line) == columns(table[0])), "{text}");
    }

    #[test]
    fn peers_are_compared_by_wall_time_on_the_same_hardware() {
        let ours = Ours::parse(REPORT).unwrap();
        let times: Vec<_> =
            ours.times("ours").into_iter().map(|time| (time.case, time.value, time.ms, time.least_ms)).collect();
        assert_eq!(times, [("mse 10".to_owned(), 0.5, 3.0, 2.75), ("info_nce 8x4".to_owned(), 1.5, 2600.0, 2550.0)]);
        assert!(ours.is_llvmpipe());
        assert_eq!(ours.device(), "cpu");
        assert_eq!(Ours::parse(&REPORT.replace("Cpu", "DiscreteGpu")).unwrap().device(), "cuda");
    }

    #[test]
    fn numbers_have_three_digits() {
        for (x, text) in [(0.0, "0.00000"), (0.01234, "0.0123"), (9.876, "9.88"), (123.4, "123"), (98765.4, "98765")] {
            assert_eq!(digits(x), text);
        }
    }
}
