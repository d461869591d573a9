//! The GPU gives the results of the CPU twins, whether operands are arrays on the host, uploaded tensors, or slices of
//! the caller's buffers. Without an adapter the tests fail.

mod alignments;
mod broadcast;
#[path = "../../checks/src/case.rs"]
mod case;
mod checked;
#[path = "../../checks/src/chosen.rs"]
mod chosen;
mod custom;
mod digits;
mod doors;
#[path = "../../checks/src/draw.rs"]
mod draw;
mod dtypes;
mod edges;
#[path = "../../checks/src/factors.rs"]
mod factors;
#[path = "../common/harness.rs"]
mod harness;
mod in_place;
mod infinities;
mod jobs;
#[path = "../../checks/src/judge.rs"]
mod judge;
mod key_shards;
mod labels;
mod large;
mod limits;
mod loops;
mod margins;
mod matrix;
mod metrics;
mod nonfinite;
mod numbers;
mod observations;
mod observed_positions;
#[path = "../../checks/src/pages.rs"]
mod pages;
mod pairs;
#[path = "../../checks/src/pieces.rs"]
mod pieces;
#[path = "../common/point.rs"]
mod point;
#[path = "../common/predictions.rs"]
mod predictions;
mod reads;
mod regions;
mod repeat;
#[path = "../common/reported/mod.rs"]
mod reported;
mod row_shards;
mod rows;
#[path = "../../checks/src/samples.rs"]
mod samples;
mod segments;
mod sequences;
#[path = "../../checks/src/sharded.rs"]
mod sharded;
mod shards;
mod split;
mod terms;
mod vectors;
mod vocabulary;

use harness::tests;
use std::process::ExitCode;
use std::sync::{LazyLock, Mutex, PoisonError};
use wgloss::Gpu;

fn main() -> ExitCode {
    let modules = [
        tests![what_users_reported],
        alignments::tests(),
        broadcast::tests(),
        checked::tests(),
        custom::tests(),
        digits::tests(),
        doors::tests(),
        dtypes::tests(),
        edges::tests(),
        in_place::tests(),
        infinities::tests(),
        jobs::tests(),
        key_shards::tests(),
        labels::tests(),
        large::tests(),
        limits::tests(),
        loops::tests(),
        margins::tests(),
        matrix::tests(),
        metrics::tests(),
        nonfinite::tests(),
        numbers::tests(),
        observations::tests(),
        observed_positions::tests(),
        pairs::tests(),
        reads::tests(),
        regions::tests(),
        repeat::tests(),
        row_shards::tests(),
        rows::tests(),
        segments::tests(),
        sequences::tests(),
        shards::tests(),
        split::tests(),
        terms::tests(),
        vectors::tests(),
        vocabulary::tests(),
    ];
    harness::run(modules.into_iter().flatten().collect())
}

/// A GPU that tests share.
fn gpu() -> &'static Gpu {
    static GPUS: Shared<Gpu> = Shared::new(fresh_gpu);
    GPUS.get()
}

/// Something that tests share, since it takes longer to make than most tests take: a device and its pipelines. There are
/// two, since a driver compiles for one device on one thread. A thread uses the one that had fewer threads when the thread
/// began.
struct Shared<T: 'static>([LazyLock<T>; 2]);

impl<T> Shared<T> {
    const fn new(make: fn() -> T) -> Shared<T> {
        Shared([LazyLock::new(make), LazyLock::new(make)])
    }

    fn get(&'static self) -> &'static T {
        thread_local!(static SEAT: Seat = Seat::taken());
        SEAT.with(|seat| &*self.0[seat.0])
    }
}

/// Which of the two a thread uses.
struct Seat(usize);

/// The number of threads that use each of the two.
static TAKEN: Mutex<[usize; 2]> = Mutex::new([0; 2]);

impl Seat {
    fn taken() -> Seat {
        let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        let place = usize::from(taken[1] < taken[0]);
        taken[place] += 1;
        Seat(place)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        TAKEN.lock().unwrap_or_else(PoisonError::into_inner)[self.0] -= 1;
    }
}

/// A GPU for one test only.
fn fresh_gpu() -> Gpu {
    Gpu::new().unwrap_or_else(|error| panic!("these tests run on a GPU, for which software is enough; {error}"))
}

fn what_users_reported() {
    let given = |point: &point::Point| {
        let given = judge::Given::by_gpu(gpu(), &point.term, &point.of()).map_err(|error| error.to_string())?;
        point.judge(&given.tensor, &given.parts, &given.gradients)
    };
    point::check_by(given, reported::all());
}
