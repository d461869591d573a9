//! burn, a peer of the benchmark: the same losses of the same inputs, value and gradients, on its wgpu backend.
//!
//! `cargo xtask bench --peers` writes the inputs and runs this. It writes a row for each case: case,peer,value,ms,least_ms,runs.

mod losses;
mod npy;

use burn::tensor::{Device, DeviceKind, Tensor};
use losses::{Loss, Operands, prepare};
use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let (mut inputs, mut out, mut seconds) = (PathBuf::new(), PathBuf::new(), 1.0);
    let mut words = std::env::args().skip(1);
    while let (Some(word), value) = (words.next(), words.next().unwrap_or_default()) {
        match word.as_str() {
            "--inputs" => inputs = value.into(),
            "--out" => out = value.into(),
            "--seconds" => seconds = value.parse()?,
            _ => return Err(format!("unexpected `{word}`: there are --inputs, --out and --seconds").into()),
        }
    }
    let device = Device::wgpu(DeviceKind::DefaultDevice).autodiff();
    let mut table = fs::File::create(&out)?;
    writeln!(table, "case,peer,value,ms,least_ms,runs")?;
    for line in fs::read_to_string(inputs.join("cases.csv"))?.lines().skip(1) {
        let [case, loss, differentiated] = line.split(',').collect::<Vec<_>>()[..] else {
            return Err(format!("`{line}` is no case: it takes three cells").into());
        };
        let arrays = read(&inputs.join(case))?;
        let operands = Operands { arrays, differentiated: differentiated.split(' ').collect(), device: &device };
        let Some(loss) = prepare(loss, &operands) else { continue };
        // what the adapter has no room for, as for the scores of all pairs, takes nothing from the others
        match measure(&device, &loss, seconds) {
            Ok((value, times)) => {
                let [ms, least] = [times[times.len() / 2], times[0]].map(|seconds| 1e3 * seconds);
                writeln!(table, "{case},burn,{value:.9e},{ms:.4},{least:.4},{}", times.len())?;
            }
            Err(why) => eprintln!("burn leaves out {case}: {}", why.to_string().lines().next().unwrap_or_default()),
        }
    }
    Ok(())
}

fn read(folder: &Path) -> Result<std::collections::HashMap<String, npy::Array>, Box<dyn Error>> {
    let files = fs::read_dir(folder)?.map(|file| {
        let path = file?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok((name, npy::read(&path)?))
    });
    files.collect()
}

/// The value, and in order the seconds that value and gradients took in at least 7 runs, or 3 of more than a second.
fn measure(device: &Device, loss: &Loss, seconds: f64) -> Result<(f32, Vec<f64>), Box<dyn Error>> {
    let run = || {
        let start = Instant::now();
        let value = loss();
        let gradients = value.backward();
        device.sync().map_err(|error| format!("{error:?}"))?;
        drop(gradients);
        Ok::<_, Box<dyn Error>>((start.elapsed().as_secs_f64(), value))
    };
    // kernels are compiled, and then the best of several chosen; what fails is told by a read
    read_loss(run()?.1)?;
    run()?;
    let (first, value) = run()?;
    let mut times = vec![first];
    let runs = (seconds / first).clamp(if first > 1.0 { 3.0 } else { 7.0 }, 99.0) as usize;
    while times.len() < runs {
        times.push(run()?.0);
    }
    times.sort_by(f64::total_cmp);
    Ok((read_loss(value)?, times))
}

fn read_loss(value: Tensor<1>) -> Result<f32, String> {
    value.try_into_scalar().map_err(|error| format!("{error:?}"))
}
