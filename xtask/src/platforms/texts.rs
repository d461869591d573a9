//! Runs other programs over the kernels' texts, one for each core of the machine, and reads what they print.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use super::machine::Halt;
use super::place::file_error;

/// The files of a folder, sorted.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>, Halt> {
    let entries = fs::read_dir(folder).map_err(|error| file_error(folder, &error))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    Ok(files)
}

/// Deals the files out to one worker for each core, and returns each worker's result.
pub fn dealt<T: Send>(
    files: &[PathBuf],
    work: impl Fn(usize, Vec<&Path>) -> Result<T, Halt> + Sync,
) -> Result<Vec<T>, Halt> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let hand = |worker| files.iter().skip(worker).step_by(cores).map(PathBuf::as_path).collect::<Vec<_>>();
    let work = &work;
    thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|worker| scope.spawn(move || work(worker, hand(worker)))).collect();
        let ended = workers.into_iter().map(|worker| worker.join());
        ended.map(|ended| ended.unwrap_or_else(|_| Err(Halt::Failed("a worker panicked".into())))).collect()
    })
}

/// The output of a program in xtask/platforms/, which gives texts to a compiler.
#[derive(Debug, Default, PartialEq)]
pub struct Compiled {
    /// The number of texts that it compiled.
    pub count: usize,
    /// The files that it refused, with messages.
    pub refused: Vec<String>,
    /// The most CPU time of a text, in milliseconds.
    pub slowest: u64,
    /// The files that took longer than the limit that `read` got, with their times in milliseconds.
    pub slow: Vec<(u64, String)>,
}

impl Compiled {
    /// Adds the lines that such a program printed. Skips lines that other programs printed between them. A file is slow if it
    /// took more than `most` milliseconds.
    pub fn read(&mut self, printed: &str, most: u64) {
        for line in printed.lines() {
            let words: Vec<&str> = line.splitn(4, '\t').collect();
            let [verdict @ ("compiled" | "refused"), time, file, message] = words[..] else { continue };
            let Ok(time) = time.parse::<u64>() else { continue };
            let file = file.rsplit(['/', '\\']).next().unwrap_or(file);
            self.slowest = self.slowest.max(time);
            if time > most {
                self.slow.push((time, file.to_owned()));
            }
            match verdict {
                "compiled" => self.count += 1,
                _ => self.refused.push(format!("{file}: {}", message.trim())),
            }
        }
    }
}

/// A count with its noun.
pub fn counted(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_a_compiling_program_are_read() {
        let mut compiled = Compiled::default();
        let printed = "compiled\t120\tZ:/a/1.f.hlsl\t\nsome noise\nrefused\t30\t/a/2.f.hlsl\terror X4026: why\r\n";
        compiled.read(printed, 100);
        compiled.read("compiled\t90\t/a/3.f.hlsl\t\n", 100);
        let refused = vec!["2.f.hlsl: error X4026: why".to_owned()];
        let slow = vec![(120, "1.f.hlsl".to_owned())];
        assert_eq!(compiled, Compiled { count: 2, refused, slowest: 120, slow });
    }

    #[test]
    fn all_files_are_dealt_out() {
        let files: Vec<PathBuf> = (0..7).map(|k| PathBuf::from(k.to_string())).collect();
        let dealt = dealt(&files, |_, hand| Ok(hand.len())).expect("no worker fails");
        assert_eq!(dealt.iter().sum::<usize>(), 7);
        let halt = super::dealt(&files, |_, _| Err::<(), _>(Halt::Failed("so".into())));
        assert_eq!(halt, Err(Halt::Failed("so".into())));
    }
}
