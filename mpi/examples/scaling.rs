//! Measures what a spread costs: seconds a step, bytes a step, the share of time that a rank waits for others, its memory.
//!
//! `mpirun -n 2 scaling weak` gives each rank as much as one rank has alone; `strong` shares that among the ranks.

mod common;

use common::{Draw, own};
use std::time::Instant;
use wgloss_mpi::Spread::{Batch, Classes, Regions, Ring, Rows};
use wgloss_mpi::wgloss::{CrossEntropy, Dice, Gpu, InfoNce, LinearCrossEntropy, Tensor};
use wgloss_mpi::{Comm, SpreadTerm, Spreads};

/// The measured steps. One more comes first, which makes the kernels.
const STEPS: usize = 7;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let weak = std::env::args().nth(1).as_deref() == Some("weak");
    let comm = Comm::start(Gpu::new()?)?;
    let gpu = comm.gpu();
    let times = if weak { comm.size() } else { 1 };
    let mut draw = Draw::new(5 + comm.rank() as u64);
    let mut floats = |shape: &[usize]| gpu.upload(&draw.numbers(shape.iter().product()), shape);
    let labels =
        |count: usize, of: usize| gpu.upload(&(0..count).map(|i| (i * 7919 % of) as i32).collect::<Vec<_>>(), [count]);

    let rows = own(&comm, 2048 * times).len();
    let (x, t) = (floats(&[rows, 1000])?, labels(rows, 1000)?);
    measure(&comm, "cross_entropy, Batch", &CrossEntropy::default().of(&x, &t).spread(Batch), &[&x], 16)?;

    let of = 8192 * times;
    let classes = own(&comm, of);
    let over = Classes { first: classes.start, of };
    let (x, t) = (floats(&[256, classes.len()])?, labels(256, of)?);
    measure(&comm, "cross_entropy, Classes", &CrossEntropy::default().of(&x, &t).spread(over), &[&x], 256 * 32)?;

    let (x, w) = (floats(&[256, 64])?, floats(&[classes.len(), 64])?);
    let term = LinearCrossEntropy::default().of(&x, &w, &t).spread(over);
    measure(&comm, "linear_cross_entropy, Classes", &term, &[&x, &w], 256 * 32)?;

    let pixels = own(&comm, 512 * 512 * times).len();
    let (x, t) = (floats(&[1, 4, pixels])?, labels(pixels, 4)?.read().wait()?);
    let t =
        wgloss_mpi::wgloss::Array::new(&t.to_f32().iter().map(|&label| label as u8).collect::<Vec<_>>(), [1, pixels])?;
    let t = gpu.upload_array(&t)?;
    measure(&comm, "dice, Regions", &Dice::default().of(&x, &t).spread(Regions), &[&x], 4 * 16)?;

    let batch = 1024 * times;
    let rows = own(&comm, batch).len();
    let (q, k) = (floats(&[rows, 64])?, floats(&[rows, 64])?);
    // keys to all, and their gradients back; keys round twice, and their gradients once
    let once = rows * 64 * 4;
    measure(&comm, "info_nce, Rows", &InfoNce::default().of(&q, &k).spread(Rows), &[&q, &k], 2 * once)?;
    measure(&comm, "info_nce, Ring", &InfoNce::default().of(&q, &k).spread(Ring), &[&q, &k], 3 * once)?;
    Ok(())
}

/// Measures a term. `payload` is what each rank has to send to each other one, by the table of README.md.
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
            // waits for the GPU; a step ends there
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
            payload * (comm.size() - 1),
            peak()
        );
    }
    Ok(())
}

/// The most memory that this process has had, in megabytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1000
}
