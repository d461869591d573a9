//! The package, called from JavaScript: values, gradients, options, observations, errors, and browsers without a GPU.

use js_sys::{Array, Function, Reflect};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use wgloss_web::{Gpu, losses, tasks, twin};

wasm_bindgen_test_configure!(run_in_browser);

/// Evaluates a JavaScript expression, in which `a` is the argument.
fn js(expression: &str, a: &JsValue) -> JsValue {
    let function = Function::new_with_args("a", &format!("return ({expression})"));
    function.call1(&JsValue::NULL, a).unwrap_or_else(|error| panic!("{expression}: {error:?}"))
}

/// Whether a JavaScript condition on a value is true.
fn holds(condition: &str, a: &JsValue) -> bool {
    js(condition, a).as_bool() == Some(true)
}

/// Calls a loss on the GPU and by the twin.
async fn called(call: &str) -> [Result<JsValue, JsValue>; 2] {
    let call = js(&format!("(([id, operands, options]) => ({{ id, operands, options }}))({call})"), &JsValue::NULL);
    let part = |name: &str| Reflect::get(&call, &name.into()).expect("a property");
    let id = part("id").as_string().expect("an id");
    let gpu = Gpu::open().await.expect("a GPU");
    let on_gpu = gpu.loss(id.clone(), part("operands"), part("options")).await;
    [on_gpu, twin(&id, part("operands"), part("options"))]
}

const F32: &str = "(...numbers) => new Float32Array(numbers)";

/// Calls, each with a condition on its answer `a`.
const ANSWERS: &[(&str, &str)] = &[
    (
        "['mse', { input: { data: F32(1, 2), shape: [2] }, target: F32(1, 4) }]",
        "a.value === 2 && a.gradients.input.data[1] === -2 && a.gradients.target.data[1] === 2",
    ),
    (
        "['cross_entropy', { input: { data: F32(0, 0, 0, 0), shape: [1, 4] }, target: new Int32Array([3]) }]",
        "Math.abs(a.value - Math.log(4)) < 1e-6 && a.gradients.input.shape.join() === '1,4' && !('target' in a.gradients)",
    ),
    (
        "['mse', { input: F32(1, 2), target: F32(1, 4) }, { reduction: 'none', gradients: [] }]",
        "a.value === undefined && a.values.shape[0] === 2 && a.values.data[1] === 4 && Object.keys(a.gradients).length === 0",
    ),
    (
        "['mse', { input: F32(1, 2), target: F32(1, 4) }, { reduction: 'sum', upstream: 3 }]",
        "a.gradients.input.data[1] === -12",
    ),
    ("['mse', { input: F32(1, 2), target: F32(1, 4) }, { reduction: 'sum', divide_by: 4 }]", "a.value === 1"),
    ("['mse', { input: F32(1, 2), target: F32(3, 4), mask: new Uint8Array([0, 1]) }]", "a.value === 4"),
    // a weight along the last axis applies to every row
    (
        "['mse', { input: { data: F32(1, 2, 3, 4), shape: [2, 2] }, target: { data: F32(0, 0, 0, 0), shape: [2, 2] }, \
         weight: F32(1, 0) }, { reduction: 'sum' }]",
        "a.value === 10 && a.gradients.input.data.join() === '2,0,6,0'",
    ),
    // a sample weight counts in the sum and in the mean's denominator
    (
        "['mse', { input: { data: F32(1, 2, 3, 4), shape: [2, 2] }, target: { data: F32(0, 0, 0, 0), shape: [2, 2] }, \
         sample_weight: { data: F32(1, 1, 0, 0), shape: [2, 2] } }]",
        "a.value === 2.5 && a.gradients.input.data.join() === '1,2,0,0'",
    ),
    // the mask leaves out the second position, whose prediction is wrong
    (
        "['dice', { input: { data: F32(1, 1), shape: [1, 1, 2] }, target: { data: new Uint8Array([1, 0]), shape: [1, 2] }, \
         mask: { data: new Uint8Array([1, 0]), shape: [1, 2] } }, { activation: 'none' }]",
        "a.value < 1e-4 && a.gradients.input.data[1] === 0",
    ),
    (
        "['total_variation', { input: { data: F32(0, 1, 4, 2), shape: [1, 1, 2, 2] } }]",
        "a.value === 8 && a.gradients.input.shape.join() === '1,1,2,2'",
    ),
    // a single window, where only the means differ
    (
        "['ssim', { input: { data: F32(...Array(9).fill(0.5)), shape: [1, 1, 3, 3] }, \
         target: { data: F32(...Array(9).fill(0.25)), shape: [1, 1, 3, 3] } }, { window: 3 }]",
        "Math.abs(a.value - (1 - (2 * 0.5 * 0.25 + 1e-4) / (0.5 * 0.5 + 0.25 * 0.25 + 1e-4))) < 1e-6",
    ),
    ("['smooth_l1', { input: F32(3), target: F32(0) }, { beta: 2 }]", "a.value === 2"),
    (
        "['quantile', { input: { data: F32(1, 1), shape: [1, 2] }, target: F32(2) }, { quantiles: [0.5, 0.9] }]",
        "a.value > 0",
    ),
    (
        "['mse', { input: { data: new Uint16Array([0x3c00]), shape: [1], dtype: 'f16' }, target: F32(3) }]",
        "a.value === 4",
    ),
    (
        "['cross_entropy', { input: { data: F32(9, 0, 0, 9), shape: [1, 2, 2] }, target: { data: new Uint8Array([0, 1]), shape: [1, 2] } }, \
         { class_axis_last: true }]",
        "a.value < 0.001",
    ),
    (
        "['mse', { input: F32(1, 2), target: F32(1, 4) }]",
        "Object.keys(a.observations).length === 0 && Object.keys(a.observed).length === 0",
    ),
    // the first is right, two labels come second, one of them beside an equal logit, one label comes last, one is ignored
    (
        "['cross_entropy', { input: { data: F32(2, 0, 1, 0, 3, 1, 0, 1, 2, 1, 1, 0, 0, 0, 5), shape: [5, 3] }, \
         target: new Int32Array([0, 2, 0, 1, -100]) }, { observe: ['accuracy', 'top_2', 'perplexity'] }]",
        "a.observations['cross_entropy.accuracy'] === 0.25 && a.observations['cross_entropy.top_2'] === 0.75 && \
         Math.abs(a.observations['cross_entropy.perplexity'] - Math.exp(a.value)) < 1e-5 && Object.keys(a.observed).length === 0",
    ),
    (
        "['cross_entropy', { input: { data: F32(2, 0, 1, 0, 3, 1, 0, 1, 2, 1, 1, 0, 0, 0, 5), shape: [5, 3] }, \
         target: new Int32Array([0, 2, 0, 1, -100]) }, { observe: ['predicted', 'log_prob'] }]",
        "(({ data, shape }) => data instanceof Uint32Array && data.join() === '0,1,2,0,4294967295' && shape.join() === '5') \
         (a.observed['cross_entropy.predicted']) && \
         (({ data }) => Math.abs(data[0] - (2 - Math.log(Math.exp(2) + 1 + Math.E))) < 1e-6 && data[4] === 0) \
         (a.observed['cross_entropy.log_prob']) && Object.keys(a.observations).length === 0",
    ),
    (
        "['bce_with_logits', { input: F32(1, -1, 2, -2), target: F32(1, 0, 0, 0) }, { reduction: 'none', observe: ['accuracy'] }]",
        "a.observations['bce_with_logits.accuracy'] === 0.75 && a.value === undefined",
    ),
    // class 2 is nowhere
    (
        "['dice', { input: { data: F32(1, 1, 0, 0, 0, 0, 1, 1, -9, -9, -9, -9), shape: [1, 3, 4] }, \
         target: { data: new Uint8Array([0, 1, 1, 1]), shape: [1, 4] } }, { observe: ['iou'] }]",
        "Object.keys(a.observations).join() === 'dice.iou.0,dice.iou.1,dice.iou.2' && \
         a.observations['dice.iou.0'] === 1 / 2 && a.observations['dice.iou.1'] === 2 / 3 && isNaN(a.observations['dice.iou.2'])",
    ),
    (
        "['dice', { input: { data: F32(1, 1, 0, 0, 0, 0, 1, 1, -9, -9, -9, -9), shape: [1, 3, 4] }, \
         target: { data: new Uint8Array([0, 1, 1, 1]), shape: [1, 4] } }, { observe: ['recall', 'precision'], empty_is_zero: true }]",
        "a.observations['dice.precision.0'] === 1 / 2 && a.observations['dice.recall.0'] === 1 && \
         a.observations['dice.recall.1'] === 2 / 3 && a.observations['dice.recall.2'] === 0",
    ),
];

/// Calls, each with a condition on the error `a` that it throws.
const ERRORS: &[(&str, &str)] = &[
    ("['mae', {}]", "a.kind === 'invalid_option' && a.value === 'mae'"),
    (
        "['mse', { input: F32(1), target: F32(1, 2) }]",
        "a.kind === 'shape_mismatch' && a.operand === 'target' && a.got[0] === 2",
    ),
    ("['mse', { input: F32(1) }]", "a.kind === 'invalid_operand' && a.operand === 'target'"),
    ("['mse', { input: [1], target: F32(1) }]", "a.kind === 'invalid_operand' && a.reason.includes('typed array')"),
    ("['mse', { input: { data: F32(1) }, target: F32(1) }]", "a.reason.includes('`shape`')"),
    (
        "['mse', { input: new Uint16Array([0x3c00]), target: F32(1) }]",
        "a.kind === 'invalid_operand' && a.reason.includes('dtype')",
    ),
    (
        "['mse', { input: { data: new Uint16Array([0x3c00]), shape: [1] }, target: F32(1) }]",
        "a.kind === 'invalid_operand' && a.reason.includes('dtype')",
    ),
    (
        "['mse', { input: { data: F32(1), shape: [2] }, target: F32(1) }]",
        "a.kind === 'shape_mismatch' && a.operand === 'input'",
    ),
    ("['mse', { input: F32(1), target: F32(1) }, { beta: 1 }]", "a.kind === 'invalid_option' && a.option === 'beta'"),
    ("['mse', { input: F32(1), target: F32(1) }, { gradients: ['weight'] }]", "a.operand === 'weight'"),
    ("['smooth_l1', { input: F32(1), target: F32(1) }, { beta: {} }]", "a.option === 'beta' && a.value === '{}'"),
    // the name is refused before the label is looked at
    (
        "['cross_entropy', { input: { data: F32(0, 0), shape: [1, 2] }, target: new Int32Array([7]) }, \
         { observe: ['accuracy', 'acuracy'] }]",
        "a.kind === 'invalid_option' && a.loss === 'cross_entropy' && a.option === 'observe' && a.value === 'acuracy' && \
         a.expected.includes('accuracy, top_K')",
    ),
    (
        "['cross_entropy', { input: { data: F32(0, 0), shape: [1, 2] }, target: new Int32Array([0]) }, { observe: ['top_0'] }]",
        "a.kind === 'invalid_option' && a.option === 'observe' && a.value === 'top_0'",
    ),
    (
        "['mse', { input: F32(1), target: F32(1) }, { observe: 'accuracy' }]",
        "a.kind === 'invalid_option' && a.option === 'observe' && a.expected.includes('an array')",
    ),
    // the library knows which losses observe what
    (
        "['mse', { input: F32(1), target: F32(1) }, { observe: ['accuracy'] }]",
        "a.kind === 'invalid_option' && a.loss === 'mse' && a.option === 'observe' && a.value === 'accuracy'",
    ),
    (
        "['cross_entropy', { input: { data: F32(0, 0), shape: [1, 2] }, target: new Int32Array([7]) }]",
        "a instanceof Error && a.name === 'WglossError' && a.kind === 'label_out_of_range' && a.value === 7 && a.count === 2",
    ),
];

#[wasm_bindgen_test]
async fn a_call_gives_the_value_and_the_gradients() {
    for (call, condition) in ANSWERS {
        for answer in called(&call.replace("F32", &format!("({F32})"))).await {
            let answer = answer.unwrap_or_else(|error| panic!("{call}: {error:?}"));
            assert!(holds(condition, &answer), "{call}: {:?}", js("JSON.stringify(a)", &answer));
        }
    }
}

#[wasm_bindgen_test]
async fn a_wrong_call_throws_an_error_with_its_kind() {
    for (call, condition) in ERRORS {
        for answer in called(&call.replace("F32", &format!("({F32})"))).await {
            let error = answer.expect_err(call);
            assert!(holds(condition, &error), "{call}: {:?}", js("JSON.stringify({ ...a }) + a.message", &error));
        }
    }
}

#[wasm_bindgen_test]
async fn a_prepared_call_runs_with_what_its_operands_hold() {
    let gpu = Gpu::open().await.expect("a GPU");
    let operands = js("({ input: new Float32Array([1, 2]), target: new Float32Array([1, 4]) })", &JsValue::NULL);
    let job = gpu.prepare("mse".into(), operands, JsValue::UNDEFINED).await.expect("a job");
    assert!(holds("a.value === 2", &job.run().await.expect("an answer")));
    job.write("input", js("new Float32Array([3, 4])", &JsValue::NULL)).expect("as many elements");
    let answer = job.run().await.expect("an answer");
    assert!(holds("a.value === 2 && a.gradients.input.data[0] === 2", &answer));
    job.repeat(3).await.expect("runs");
    for (operand, elements, condition) in [
        ("input", "new Float32Array(3)", "a.kind === 'shape_mismatch' && a.got[0] === 3"),
        ("input", "new Int32Array(2)", "a.kind === 'invalid_operand' && a.reason.includes('i32')"),
        ("weight", "new Float32Array(2)", "a.kind === 'invalid_operand' && a.operand === 'weight'"),
    ] {
        let error = job.write(operand, js(elements, &JsValue::NULL)).expect_err(elements);
        assert!(holds(condition, &error), "{elements}: {error:?}");
    }
}

#[wasm_bindgen_test]
async fn a_prepared_call_observes_in_every_run() {
    let gpu = Gpu::open().await.expect("a GPU");
    let operands =
        "({ input: { data: new Float32Array([2, 0, 0, 1]), shape: [2, 2] }, target: new Int32Array([0, 0]) })";
    let options = js("({ observe: ['accuracy', 'predicted'] })", &JsValue::NULL);
    let job = gpu.prepare("cross_entropy".into(), js(operands, &JsValue::NULL), options).await.expect("a job");
    let condition = |accuracy: f64, predicted: &str| {
        format!(
            "a.observations['cross_entropy.accuracy'] === {accuracy} && \
             a.observed['cross_entropy.predicted'].data.join() === '{predicted}'"
        )
    };
    assert!(holds(&condition(0.5, "0,1"), &job.run().await.expect("an answer")));
    job.write("input", js("new Float32Array([2, 0, 3, 1])", &JsValue::NULL)).expect("as many elements");
    assert!(holds(&condition(1.0, "0,0"), &job.run().await.expect("an answer")));
    job.write("target", js("new Int32Array([1, 1])", &JsValue::NULL)).expect("as many elements");
    assert!(holds(&condition(0.0, "0,0"), &job.run().await.expect("an answer")));
}

/// The GPU and the twin observe the same of 64 rows of ten logits, of which some are right and some are not.
#[wasm_bindgen_test]
async fn observations_are_the_twins() {
    let call = "['cross_entropy', { \
                input: { data: Float32Array.from({ length: 640 }, (_, k) => 3 * Math.sin(k * k)), shape: [64, 10] }, \
                target: Int32Array.from({ length: 64 }, (_, k) => (7 * k) % 10) }, \
                { observe: ['accuracy', 'top_2', 'entropy', 'perplexity', 'predicted', 'log_prob'] }]";
    let [on_gpu, by_twin] = called(call).await.map(|answer| answer.expect("an answer"));
    let both: JsValue = Array::of2(&on_gpu, &by_twin).into();
    for condition in [
        "a.every(({ observations }) => Object.keys(observations).length === 4)",
        "Object.entries(a[1].observations).every(([name, number]) => Math.abs(a[0].observations[name] / number - 1) < 1e-5)",
        "a[1].observations['cross_entropy.accuracy'] > 0 && a[1].observations['cross_entropy.top_2'] < 0.5",
        "a[0].observations['cross_entropy.accuracy'] < a[0].observations['cross_entropy.top_2']",
        "a[0].observed['cross_entropy.predicted'].data.join() === a[1].observed['cross_entropy.predicted'].data.join()",
        "a[0].observed['cross_entropy.log_prob'].data.length === 64",
        "a[0].observed['cross_entropy.log_prob'].data \
         .every((number, k) => Math.abs(number - a[1].observed['cross_entropy.log_prob'].data[k]) < 1e-5)",
    ] {
        assert!(holds(condition, &both), "{condition}: {:?}", js("JSON.stringify(a)", &both));
    }
}

#[wasm_bindgen_test]
async fn calls_may_overlap() {
    let gpu = Gpu::open().await.expect("a GPU");
    let call = |target: f32| {
        let operands =
            js(&format!("({{ input: new Float32Array([0]), target: new Float32Array([{target}]) }})"), &JsValue::NULL);
        gpu.loss("mse".into(), operands, JsValue::UNDEFINED)
    };
    let (one, other) = (call(1.0), call(3.0));
    let (other, one) = (other.await.expect("an answer"), one.await.expect("an answer"));
    assert!(holds("a.value === 1", &one) && holds("a.value === 9", &other));
}

#[wasm_bindgen_test]
fn what_there_is_comes_from_the_headers() {
    let (losses, tasks) = (losses(), tasks());
    assert!(holds("a.find(loss => loss.id === 'huber').options[0].default === 1", &losses));
    assert!(holds(
        "a.find(loss => loss.id === 'sigmoid_focal').options.some(option => option.default === 0.25)",
        &losses
    ));
    assert!(holds("a.every(loss => loss.page.includes('# Example') && loss.operands.length > 0)", &losses));
    assert!(holds("a.length > 20 && a.every(task => task.code.includes('.of('))", &tasks));
    // an option of every call would hide an option of a loss with the same name
    let own = "['gradients', 'upstream', 'divide_by', 'observe', 'class_axis_last']";
    assert!(holds(&format!("a.every(loss => !loss.options.some(option => {own}.includes(option.name)))"), &losses));
}

/// Opens a GPU while `navigator.gpu` has another value.
async fn opened_with(gpu: &str) -> Result<Gpu, JsValue> {
    js(&format!("Object.defineProperty(navigator, 'gpu', {{ value: {gpu}, configurable: true }})"), &JsValue::NULL);
    let opened = Gpu::open().await;
    js("delete navigator.gpu", &JsValue::NULL);
    opened
}

#[wasm_bindgen_test]
async fn a_browser_without_a_gpu_is_told_what_it_lacks() {
    for (gpu, said) in [
        ("undefined", "navigator.gpu"),
        ("{ requestAdapter: async () => null, wgslLanguageFeatures: new Set() }", "no adapter"),
    ] {
        let error = opened_with(gpu).await.expect_err(gpu);
        assert!(holds("a.kind === 'no_adapter'", &error), "{gpu}: {error:?}");
        let message = js("a.message", &error).as_string().unwrap_or_default();
        assert!(message.contains(said), "{gpu}: {message}");
    }
    assert!(Gpu::open().await.is_ok(), "the browser has its own again");
}

#[wasm_bindgen_test]
async fn nothing_blocks_the_page() {
    let gpu = Gpu::open().await.expect("a GPU");
    let operands = js("({ input: new Float32Array(1e5), target: new Float32Array(1e5) })", &JsValue::NULL);
    // a timer of the page ticks while the loss is computed
    let timer = js("(timer => (timer.id = setInterval(() => timer.ticks++, 0), timer))({ ticks: 0 })", &JsValue::NULL);
    gpu.loss("huber".into(), operands, JsValue::UNDEFINED).await.expect("an answer");
    assert!(holds("(clearInterval(a.id), a.ticks > 0)", &timer), "the timer waited for the loss");
}
