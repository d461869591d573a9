//! The conformance cases in a browser, with a test for each loss, which has the loss's id as its name. Each case runs in
//! every way in which operands can reach a GPU, with gradients and for the value only. Refusals and bad labels are among
//! the cases.

use std::cell::RefCell;
use std::collections::BTreeMap;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use wgloss::{Gpu, by_id};
use wgloss_cases::{Trial, Way, files, read};

wasm_bindgen_test_configure!(run_in_browser);

include!(concat!(env!("OUT_DIR"), "/conformance.rs"));

/// The GPU, and the files of the cases. All tests share them, because they run one after the other on one thread.
#[derive(Clone)]
struct Shared {
    gpu: Gpu,
    files: std::rc::Rc<BTreeMap<String, Vec<u8>>>,
}

thread_local! {
    static SHARED: RefCell<Option<Shared>> = const { RefCell::new(None) };
}

async fn shared() -> Shared {
    if let Some(shared) = SHARED.with_borrow(Clone::clone) {
        return shared;
    }
    let gpu = Gpu::request().await.expect("a GPU");
    let files = files().expect("the cases inside the crate").into();
    let shared = Shared { gpu, files };
    SHARED.set(Some(shared.clone()));
    shared
}

/// Runs the cases of a loss, and fails with all differences.
async fn passes(id: &str) {
    let Shared { gpu, files } = shared().await;
    let loss = by_id(id).expect("a loss of the library");
    let file = |kind: &str| files[&format!("{id}.{kind}")].as_slice();
    let (suite, tensors) = read(id, file("json"), file("safetensors")).expect("sound files");
    let (ways, mut failures) = (Way::all(gpu.clone()), Vec::new());
    for case in suite.cases(loss.header(), &tensors) {
        let trial = Trial::run(&ways, &case).await;
        failures.extend(trial.failures.iter().map(|why| format!("{}: {why}", case.name)));
        // an error that the device reported late must not fail the next case
        if let Err(error) = gpu.settled().await {
            failures.push(format!("{}: {error}", case.name));
        }
    }
    assert!(failures.is_empty(), "{id}: {} of its calls failed\n{}", failures.len(), failures.join("\n"));
}
