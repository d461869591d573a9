//! Measures what a spread costs: seconds a step, bytes a step, the share of the time for which a rank waits, and its
//! memory.
//!
//! `mpirun -n 2 scaling weak` gives each rank as much work as a single rank would have. `strong` divides that work among
//! the ranks. `rows` and `ring` show the memory for a batch whose keys take 32 MB, with the spreads `Rows` and `Ring`.

mod common;

use common::{Draw, own};
use std::time::Instant;
use wgloss_mpi::Spread::{Batch, Classes, Regions, Ring, Rows};
use wgloss_mpi::wgloss::{CrossEntropy, Dice, Gpu, InfoNce, LinearCrossEntropy, Tensor};
use wgloss_mpi::{Comm, SpreadTerm, Spreads};

/// The steps that are measured. One more comes before them, which compiles the kernels.
const STEPS: usize = 7;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mode = std::env::args().nth(1).unwrap_or_default();
    let comm = Comm::start(Gpu::new()?)?;
    let gpu = comm.gpu();
    let times = if mode == "weak" { comm.size() } else { 1 };
    let others = comm.size() - 1;
    let mut draw = Draw::new(5 + comm.rank() as u64);
    let mut floats = |shape: &[usize]| gpu.upload(&draw.numbers(shape.iter().product()), shape);
    let labels =
        |count: usize, of: usize| gpu.upload(&(0..count).map(|i| (i * 7919 % of) as i32).collect::<Vec<_>>(), [count]);

    if mode == "rows" || mode == "ring" {
        let rows = own(&comm, 4096).len();
        let (q, k) = (floats(&[rows, 2048])?, floats(&[rows, 2048])?);
        let (over, shards) = if mode == "ring" { (Ring, round(&comm)) } else { (Rows, 2 * others) };
        let term = InfoNce::default().of(&q, &k).spread(over);
        return measure(&comm, &format!("info_nce, {over}"), &term, &[&q, &k], shards * rows * 2048 * 4);
    }

    let rows = own(&comm, 2048 * times).len();
    let (x, t) = (floats(&[rows, 1000])?, labels(rows, 1000)?);
    measure(&comm, "cross_entropy, Batch", &CrossEntropy::default().of(&x, &t).spread(Batch), &[&x], others * 16)?;

    let of = 8192 * times;
    let classes = own(&comm, of);
    let over = Classes { first: classes.start, of };
    let (x, t) = (floats(&[256, classes.len()])?, labels(256, of)?);
    measure(
        &comm,
        "cross_entropy, Classes",
        &CrossEntropy::default().of(&x, &t).spread(over),
        &[&x],
        others * 256 * 32,
    )?;

    let (x, w) = (floats(&[256, 64])?, floats(&[classes.len(), 64])?);
    let term = LinearCrossEntropy::default().of(&x, &w, &t).spread(over);
    measure(&comm, "linear_cross_entropy, Classes", &term, &[&x, &w], others * 256 * 32)?;

    let pixels = own(&comm, 512 * 512 * times).len();
    let (x, t) = (floats(&[1, 4, pixels])?, labels(pixels, 4)?.read().wait()?);
    let t =
        wgloss_mpi::wgloss::Array::new(&t.to_f32().iter().map(|&label| label as u8).collect::<Vec<_>>(), [1, pixels])?;
    let t = gpu.upload_array(&t)?;
    measure(&comm, "dice, Regions", &Dice::default().of(&x, &t).spread(Regions), &[&x], others * 4 * 16)?;

    let batch = 1024 * times;
    let rows = own(&comm, batch).len();
    let (q, k) = (floats(&[rows, 64])?, floats(&[rows, 64])?);
    // with Rows, keys go to all ranks, and their gradients back
    let once = rows * 64 * 4;
    measure(&comm, "info_nce, Rows", &InfoNce::default().of(&q, &k).spread(Rows), &[&q, &k], 2 * others * once)?;
    measure(&comm, "info_nce, Ring", &InfoNce::default().of(&q, &k).spread(Ring), &[&q, &k], round(&comm) * once)?;
    Ok(())
}

/// How many shards of keys or of their gradients each rank receives in a ring. Keys come twice from each other rank.
/// Gradients go round once, and one more exchange takes them home.
fn round(comm: &Comm) -> usize {
    if comm.size() == 1 { 0 } else { 2 * (comm.size() - 1) + comm.size() }
}

/// Measures a term. `payload` is the number of bytes that each rank should receive, by the table of README.md.
fn measure(
    comm: &Comm,
    name: &str,
    term: &SpreadTerm<Tensor>,
    of: &[&Tensor],
    payload: usize,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut seconds = Vec::new();
    let (mut waited, mut all, mut received) = (0.0, 0.0, 0);
    for step in 0..=STEPS {
        comm.gather(&[])?;
        comm.traffic();
        let start = Instant::now();
        let (_, gradients) = comm.gradient_list(term, of)?;
        for gradient in gradients {
            // a read waits for the GPU, so the step ends there
            gradient.read().wait()?;
        }
        let (took, traffic) = (start.elapsed().as_secs_f64(), comm.traffic());
        if step > 0 {
            seconds.push(took);
            (waited, all) = (waited + traffic.waited, all + took);
            received = traffic.received;
        }
    }
    seconds.sort_by(f64::total_cmp);
    if comm.rank() == 0 {
        println!(
            "{} ranks\t{name}\t{:.4} s\twaits {:.0} %\t{received} bytes, of which the table says {}\t{} MB",
            comm.size(),
            seconds[STEPS / 2],
            100.0 * waited / all,
            payload,
            peak()
        );
    }
    Ok(())
}

/// The peak memory of this process, in megabytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1000
}
