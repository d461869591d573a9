//! Joins all results of a folder into one table: wgloss's times beside a copy, and PyTorch's times for the same cases.
//!
//! `wgloss bench` calls this at its end. `benches/pack/run.sh`, which measures a machine with prebuilt programs, calls it after
//! each step, so that there is a table whenever the script ends.

use std::collections::HashMap;
use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// The sets of cases, most important first: the folder of wgloss's table, and the largest relative difference allowed
/// between a peer's loss and wgloss's.
const SETS: [(&str, f64); 5] =
    [("f32", 1e-5), ("f32-tuned", 1e-5), ("f16", 1e-2), ("f16-tuned", 1e-2), ("products", 1e-5)];

/// The ending of the name of a set that was measured in the tuned environment.
const TUNED: &str = "-tuned";

/// PyTorch's modes.
const MODES: [&str; 2] = ["eager", "compile"];

/// The columns of `results.csv`.
const COLUMNS: &str =
    "case,dtype,environment,clock,ms,wall_ms,share,result,eager_ms,eager_ratio,compile_ms,compile_ratio";

/// A row of a table in a file: cells by the names of their columns.
type Cells = HashMap<String, String>;

/// A case: wgloss's row, and PyTorch's time in each mode.
struct Row {
    /// `tuned`, or nothing.
    environment: &'static str,
    ours: Cells,
    theirs: [Option<Peer>; 2],
}

/// PyTorch's time for a case.
struct Peer {
    ms: f64,
    /// PyTorch's time divided by wgloss's, both by the same clock; or an explanation if the losses differ.
    ratio: Result<f64, String>,
    clock: &'static str,
}

/// Writes `results.md` and `results.csv` into a folder, from the tables that are there: wgloss's in `ours/SET/results.csv`,
/// and the peers' in `peers/MODE-SET.csv`, where a set is one of `f32`, `f32-tuned`, `f16`, `f16-tuned` and `products`, and a
/// mode `eager` or `compile`.
///
/// # Errors
/// A file that can't be written.
pub fn merge(folder: &Path) -> Result<(), Box<dyn Error>> {
    let mut about = Vec::new();
    let mut rows = Vec::new();
    for (set, tolerance) in SETS {
        let (lines, ours) = table(&folder.join("ours").join(set).join("results.csv"))?;
        about.extend(lines.into_iter().map(|line| format!("{set}: {line}")));
        let peers = MODES.map(|mode| table(&folder.join("peers").join(format!("{mode}-{set}.csv"))));
        let [eager, compile] = peers;
        let peers = [eager?.1, compile?.1];
        for ours in ours {
            let theirs = [0, 1].map(|mode| {
                let same = |peer: &&Cells| peer.get("case") == ours.get("case");
                peers[mode].iter().find(same).and_then(|peer| compared(&ours, peer, tolerance))
            });
            rows.push(Row { environment: if set.ends_with(TUNED) { "tuned" } else { "" }, ours, theirs });
        }
    }
    if about.is_empty() {
        let machine = fs::read_to_string(folder.join("machine.txt")).unwrap_or_default();
        about.extend(machine.lines().map(|line| format!("machine: {line}")));
    }
    // all sets have the same adapter and version, whose lines are written only once
    let mut said: Vec<String> = Vec::new();
    for line in about {
        let bare = line.split_once(": ").map_or(&*line, |(_, bare)| bare);
        if bare.starts_with("copy: ") || bare.starts_with("left out: ") || bare.starts_with("wrong: ") {
            said.push(line);
        } else if !said.iter().any(|known| known == bare) {
            said.push(bare.into());
        }
    }
    said.extend(fs::read_to_string(folder.join("torch.txt")).unwrap_or_default().lines().map(str::to_owned));
    fs::write(folder.join("results.csv"), spreadsheet(&said, &rows))?;
    Ok(fs::write(folder.join("results.md"), markdown(&said, &rows) + &fastest(&rows) + &steps(folder))?)
}

/// The `#` lines and the rows of a file; empty if there is no file yet.
fn table(path: &Path) -> Result<(Vec<String>, Vec<Cells>), Box<dyn Error>> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let (about, table): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with("# "));
    let Some((columns, rows)) = table.split_first() else { return Ok(Default::default()) };
    let columns: Vec<&str> = columns.split(',').collect();
    // a killed run may have left half a line
    let rows = rows.iter().map(|row| row.split(',').collect::<Vec<_>>()).filter(|row| row.len() == columns.len());
    let cell = |(name, cell): (&&str, &str)| (name.to_string(), cell.to_owned());
    let rows = rows.map(|row| columns.iter().zip(row).map(cell).collect());
    Ok((about.iter().map(|line| line[2..].to_owned()).collect(), rows.collect()))
}

/// Compares a peer's time with wgloss's: the GPU's times if both have them, else wall times.
fn compared(ours: &Cells, peer: &Cells, tolerance: f64) -> Option<Peer> {
    let by_gpu = ours.get("clock").is_some_and(|clock| clock == "gpu") && number(peer, "gpu_ms").is_some();
    let (own, other, clock) = if by_gpu { ("ms", "gpu_ms", "gpu") } else { ("wall_ms", "ms", "wall") };
    let (own, ms) = (number(ours, own)?, number(peer, other)?);
    let (result, value) = (number(ours, "result")?, number(peer, "value")?);
    let agrees = (value - result).abs() <= tolerance * result.abs();
    let ratio = if agrees { Ok(ms / own) } else { Err(format!("its loss is {value}, ours {result}")) };
    Some(Peer { ms, ratio, clock })
}

fn number(cells: &Cells, column: &str) -> Option<f64> {
    cells.get(column)?.parse().ok()
}

/// Formats a number with three digits, or with all digits before the point if there are more.
fn digits(x: f64) -> String {
    let before = x.abs().max(1e-4).log10().floor() as i32;
    format!("{x:.places$}", places = (2 - before).max(0) as usize)
}

fn spreadsheet(about: &[String], rows: &[Row]) -> String {
    let mut text = about.iter().map(|line| format!("# {line}\n")).collect::<String>() + COLUMNS + "\n";
    for Row { environment, ours, theirs } in rows {
        let own = |columns: &[&str]| {
            let cells = columns.iter().map(|column| ours.get(*column).cloned().unwrap_or_default());
            cells.collect::<Vec<_>>().join(",")
        };
        let theirs = theirs.iter().map(|peer| match peer {
            Some(Peer { ms, ratio, .. }) => {
                format!("{ms},{}", ratio.as_ref().map(|ratio| format!("{ratio:.4}")).unwrap_or_default())
            }
            None => ",".into(),
        });
        // writing to a string does not fail
        let (name, rest) = (own(&["case", "dtype"]), own(&["clock", "ms", "wall_ms", "share", "result"]));
        let _ = writeln!(text, "{name},{environment},{rest},{}", theirs.collect::<Vec<_>>().join(","));
    }
    text
}

fn markdown(about: &[String], rows: &[Row]) -> String {
    let mut text = about.iter().map(|line| format!("{line}  \n")).collect::<String>()
        + "\nValue with gradients, medians. A ratio is PyTorch's time over ours: above 1 we are ahead. It is of the GPU's \
           times if both have them, else of wall times.\n\n\
           | case | dtype | environment | ours ms | wall ms | of copy | PyTorch eager ms | ratio | PyTorch compile ms | ratio |\n\
           |---|---|---|--:|--:|--:|--:|--:|--:|--:|\n";
    for Row { environment, ours, theirs } in rows {
        let text_of = |column: &str| ours.get(column).map_or("", String::as_str);
        let ms = |column: &str| number(ours, column).map(digits).unwrap_or_default();
        let share = number(ours, "share").map(|share| format!("{:.0} %", 100.0 * share)).unwrap_or_default();
        let theirs = theirs.iter().map(|peer| match peer {
            Some(Peer { ms, ratio: Ok(ratio), clock }) => format!("{} | {} ({clock})", digits(*ms), digits(*ratio)),
            Some(Peer { ms, ratio: Err(why), .. }) => format!("{} | {why}", digits(*ms)),
            None => " | ".into(),
        });
        let _ = writeln!(
            text,
            "| {} | {} | {environment} | {} | {} | {share} | {} |",
            text_of("case"),
            text_of("dtype"),
            ms("ms"),
            ms("wall_ms"),
            theirs.collect::<Vec<_>>().join(" | ")
        );
    }
    text
}

/// The fastest of our environments beside the fastest of PyTorch's modes and environments, by wall time. Empty if nothing was
/// measured in the tuned environment.
fn fastest(rows: &[Row]) -> String {
    let key = |row: &Row| ["case", "dtype"].map(|column| row.ours.get(column).cloned().unwrap_or_default());
    let mut text = String::new();
    for plain in rows.iter().filter(|row| row.environment.is_empty()) {
        let of_case = || rows.iter().filter(|row| key(row) == key(plain));
        let ours = of_case().filter_map(|row| number(&row.ours, "wall_ms")).reduce(f64::min);
        let peers = of_case().flat_map(|row| row.theirs.iter().flatten());
        let theirs =
            peers.filter(|peer| peer.ratio.is_ok() && peer.clock == "wall").map(|peer| peer.ms).reduce(f64::min);
        let (true, Some(ours), Some(theirs)) = (of_case().count() > 1, ours, theirs) else { continue };
        let verdict = if theirs > ours { "ahead" } else { "behind" };
        let [case, dtype] = key(plain);
        let numbers = [ours, theirs, theirs / ours].map(digits).join(" | ");
        let _ = writeln!(text, "| {case} | {dtype} | {numbers} | {verdict} |");
    }
    match text.is_empty() {
        true => text,
        false => format!(
            "\nThe fastest environment of each side, wall times:\n\n| case | dtype | ours ms | PyTorch's ms | ratio | |\n\
             |---|---|--:|--:|--:|---|\n{text}"
        ),
    }
}

/// A table of the run's steps and their results.
fn steps(folder: &Path) -> String {
    // only the run script of a pack writes steps
    let Ok(steps) = fs::read_to_string(folder.join("steps.tsv")) else { return String::new() };
    let mut text = String::from("\n| step | result | s | its last line |\n|---|---|--:|---|\n");
    for line in steps.lines() {
        let _ = writeln!(text, "| {} |", line.replace('|', "/").replace('\t', " | "));
    }
    text
}

/// Tests `merge` on small tables, and panics if a number is wrong. Benchmarks cannot have `#[test]` functions.
pub fn test(out: &Path) -> Result<(), Box<dyn Error>> {
    let folder = out.join("merged");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("machine.txt"), "a GPU: new\n")?;
    let _ = fs::remove_dir_all(folder.join("ours"));
    merge(&folder)?;
    let markdown = fs::read_to_string(folder.join("results.md"))?;
    assert!(markdown.starts_with("a GPU: new  \n"), "before anything is measured: {markdown}");
    for path in ["ours/f32", "ours/f32-tuned", "ours/f16", "peers"] {
        fs::create_dir_all(folder.join(path))?;
    }
    let ours = "# a GPU\n# copy: 1 GB/s\ncase,dtype,clock,ms,wall_ms,share,result\n";
    let theirs = "case,peer,value,ms,least_ms,runs,gpu_ms\n";
    for (path, text) in [
        ("ours/f32/results.csv", format!("{ours}mse 8,f32,gpu,2,3,0.5,0.25\nnll 8,f32,gpu,2,3,,1\ncut off,f32")),
        ("ours/f32-tuned/results.csv", format!("{ours}mse 8,f32,gpu,1,2.5,0.5,0.25\n")),
        ("peers/compile-f32-tuned.csv", format!("{theirs}mse 8,PyTorch compile,0.25,5,5,7,\n")),
        ("ours/f16/results.csv", format!("{ours}mse 8,f16,wall,3,3,0.5,0.25\n")),
        ("peers/eager-f32.csv", format!("{theirs}mse 8,PyTorch eager,0.25,9,9,7,5\nnll 8,PyTorch eager,2,9,9,7,5\n")),
        ("peers/compile-f32.csv", format!("{theirs}mse 8,PyTorch compile,0.25,6,6,7,\n")),
        ("peers/eager-f16.csv", format!("{theirs}mse 8,PyTorch eager,0.251,9,9,7,5\n")),
        ("steps.tsv", "verify-f32\tdone\t3\t594 passed, 0 failed\n".into()),
        ("torch.txt", "PyTorch on a GPU\n".into()),
    ] {
        fs::write(folder.join(path), text)?;
    }
    merge(&folder)?;
    let (markdown, csv) =
        (fs::read_to_string(folder.join("results.md"))?, fs::read_to_string(folder.join("results.csv"))?);
    for line in [
        "a GPU  \nf32: copy: 1 GB/s  \nf32-tuned: copy: 1 GB/s  \nf16: copy: 1 GB/s  \nPyTorch on a GPU  \n",
        "| mse 8 | f32 |  | 2.00 | 3.00 | 50 % | 5.00 | 2.50 (gpu) | 6.00 | 2.00 (wall) |\n",
        "| nll 8 | f32 |  | 2.00 | 3.00 |  | 5.00 | its loss is 2, ours 1 |  |  |\n",
        "| mse 8 | f16 |  | 3.00 | 3.00 | 50 % | 9.00 | 3.00 (wall) |  |  |\n",
        "| mse 8 | f32 | tuned | 1.00 | 2.50 | 50 % |  |  | 5.00 | 2.00 (wall) |\n",
        "| mse 8 | f32 | 2.50 | 5.00 | 2.00 | ahead |\n",
        "| verify-f32 | done | 3 | 594 passed, 0 failed |\n",
    ] {
        assert!(markdown.contains(line), "{line} is not in {markdown}");
    }
    for line in ["mse 8,f32,,gpu,2,3,0.5,0.25,5,2.5000,6,2.0000\n", "nll 8,f32,,gpu,2,3,,1,5,,,\n"] {
        assert!(csv.contains(line), "{line} is not in {csv}");
    }
    Ok(())
}
