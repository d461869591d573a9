//! Writes the table for programs and spreadsheets: `#` lines about the measurement, then a row for each case.

use super::measure::Row;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

/// The columns. Times are medians, except `least_wall_ms`.
const COLUMNS: &str = "case,loss,dtype,unit,clock,\
                       value_ms,value_wall_ms,value_least_wall_ms,value_rate,value_share,value_runs,value_dispatches,\
                       ms,wall_ms,least_wall_ms,rate,share,runs,dispatches,workspace_bytes,host_us,result";

/// Writes `results.csv`.
pub fn write(out: &Path, about: &[String], rows: &[Row], copy: f64) -> std::io::Result<()> {
    let mut text = about.iter().map(|line| format!("# {line}\n")).collect::<String>() + COLUMNS + "\n";
    for row in rows {
        let [value, gradients] = [false, true].map(|gradients| {
            let at = usize::from(gradients);
            let (times, seconds) = (&row.times[at], row.times[at].gpu_or_wall().as_secs_f64());
            let share = row.least.share(gradients, seconds, copy).map(|share| format!("{share:.4}"));
            format!(
                "{:.4},{:.4},{:.4},{:.3},{},{},{}",
                ms(times.gpu_or_wall()),
                ms(times.wall),
                ms(times.least_wall),
                row.least.rate(gradients, seconds),
                share.unwrap_or_default(),
                times.runs,
                row.dispatches[at]
            )
        });
        let clock = if row.times[1].gpu.is_some() { "gpu" } else { "wall" };
        let case = format!("{},{},{},{},{clock}", row.case.name(), row.case.loss, row.case.dtype, row.least.unit());
        let host = row.times[1].host.as_secs_f64() * 1e6;
        // writing to a string does not fail
        let _ = writeln!(text, "{case},{value},{gradients},{},{host:.1},{:.9e}", row.workspace, row.loss);
    }
    std::fs::write(out.join("results.csv"), text)
}

/// A duration in milliseconds.
pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
