//! Checks of a new driver beyond the conformance cases: calls are drawn from a seed, and the twin judges each.

use crate::case::{Case, Door, Floats, Inputs, Wanted};
use crate::draw::{Rng, Setting, label_range, labels_of};
use crate::factors::Factors;
use crate::samples::samples;
use crate::sharded;
use std::collections::BTreeMap;
use wgloss::header::{OperandSpec, Role};
use wgloss::{Array, DType, Error, Gpu, Loss, Operand, Reduction, wgpu};

/// The reason for a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Sizes where kernels change, none at all among them, under any reduction, layout, option, dtype and way in.
    Sizes,
    /// A NaN or an infinity among the numbers of an operand.
    NotFinite,
    /// Labels of 8 and 64 bits, and bad ones, which the GPU has to find.
    Labels,
    /// Gradients that are added to what is there.
    Added,
    /// Operands longer than a binding of 1 MiB, and more workgroups than a dimension of the grid holds.
    Slices,
    /// Calls that are sharded, as over devices.
    Sharded,
    /// More than 2^24 elements, of which f32 cannot count the last.
    Large,
}

impl Kind {
    pub const ALL: [Kind; 7] =
        [Kind::Sizes, Kind::NotFinite, Kind::Labels, Kind::Added, Kind::Slices, Kind::Sharded, Kind::Large];

    /// The kind in a word or two.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Sizes => "sizes and options",
            Kind::NotFinite => "NaN and infinities",
            Kind::Labels => "labels",
            Kind::Added => "added gradients",
            Kind::Slices => "beyond a binding",
            Kind::Sharded => "sharded",
            Kind::Large => "beyond 2^24",
        }
    }
}

/// One check.
#[derive(Clone, Debug)]
pub struct Check {
    pub kind: Kind,
    case: Case,
    change: Change,
}

/// A change to a case's inputs.
#[derive(Clone, Debug)]
enum Change {
    Nothing,
    /// A number of an operand, at a share of its length.
    Number {
        operand: &'static str,
        at: f64,
        to: f32,
    },
    /// A label.
    Label {
        operand: &'static str,
        at: f64,
        to: i64,
    },
}

/// The devices that checks run on.
pub struct Devices {
    pub gpu: Gpu,
    /// The same adapter with bindings of 1 MiB and small grids, where it can be had.
    narrow: Result<Gpu, String>,
}

/// How many calls of a loss are drawn of each kind.
const DRAWN: [(Kind, usize); 6] = [
    (Kind::Sizes, 40),
    (Kind::NotFinite, 16),
    (Kind::Labels, 12),
    (Kind::Added, 10),
    (Kind::Slices, 2),
    (Kind::Sharded, 6),
];

/// All checks, in an order that goes through all losses and kinds evenly, so that one that is cut short has seen some of each.
pub fn checks(seed: u64, losses: &[String]) -> Vec<Check> {
    let mut rng = Rng::new(seed);
    let mut checks: Vec<(f64, Check)> = Vec::new();
    for loss in wgloss::all() {
        let id = loss.header().id;
        if !losses.is_empty() && !losses.iter().any(|named| named == id) {
            continue;
        }
        for (kind, count) in DRAWN {
            let drawn = (0..count).filter_map(|_| draw(&*loss, kind, &mut rng));
            checks.extend(drawn.enumerate().map(|(place, check)| ((place as f64 + turn_of(id)) / count as f64, check)));
        }
        checks.extend(large(id).map(|check| (0.9, check)));
    }
    checks.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    checks.into_iter().map(|(_, check)| check).collect()
}

/// A number from 0 to 1 that tells losses apart, so that they take turns.
fn turn_of(id: &str) -> f64 {
    Rng::new(id.bytes().fold(0, |seed, byte| seed.wrapping_mul(31).wrapping_add(byte.into()))).unit()
}

/// A check of a kind, where the loss has any.
fn draw(loss: &dyn Loss, kind: Kind, rng: &mut Rng) -> Option<Check> {
    let factors = Factors::of((loss.header().default)());
    let mut level = |levels: usize| rng.below(levels);
    let row: Vec<usize> = factors.levels().into_iter().map(&mut level).collect();
    let mut case = factors.case(&row);
    case.seed = rng.bits();
    let check = |case: Case, change: Change| Some(Check { kind, case, change });
    match kind {
        Kind::Sizes => check(case, Change::Nothing),
        Kind::Added => check(Case { wanted: Wanted::Added, ..case }, Change::Nothing),
        Kind::NotFinite => {
            case.floats = Floats::All(DType::F32);
            let is_float = |spec: &&OperandSpec| match spec.role {
                Role::Target => case.setting.target.is_float(),
                role => !matches!(role, Role::Labels | Role::Index | Role::RowLabels),
            };
            let floats: Vec<&OperandSpec> = case.given().filter(is_float).collect();
            let spec = *floats.get(rng.below(floats.len()))?;
            // which of the products of an infinite factor is NaN depends on their order
            let is_factor = matches!(spec.role, Role::Weight | Role::PerClass | Role::Target);
            let specials: &[f32] = if is_factor { &[f32::NAN] } else { &[f32::NAN, f32::INFINITY, f32::NEG_INFINITY] };
            let to = specials[rng.below(specials.len())];
            check(case, Change::Number { operand: spec.name, at: rng.unit(), to })
        }
        Kind::Labels => {
            let spec = case.given().find(|spec| matches!(spec.role, Role::Target | Role::Labels | Role::Index))?;
            let targets = [DType::U8, DType::I64, DType::I32, DType::U32];
            case.setting.target = targets[rng.below(targets.len())];
            case.door = [Door::Uploaded, Door::Wrapped, Door::OneBuffer][rng.below(3)];
            let bad = [case.setting.classes() as i64, 255, -1, 1 << 32, i64::MAX];
            let bad: Vec<i64> = bad.into_iter().filter(|&label| holds(case.setting.target, label)).collect();
            let change = match rng.once_in(2) || bad.is_empty() {
                true => Change::Nothing,
                false => Change::Label { operand: spec.name, at: rng.unit(), to: bad[rng.below(bad.len())] },
            };
            check(case, change)
        }
        Kind::Slices => {
            let shapes = samples(loss).drawn_beyond_a_binding;
            if shapes.is_empty() {
                return None;
            }
            let (shape, axis) = shapes[rng.below(shapes.len())];
            let target = factors.targets[0];
            let mut setting = Setting::new(loss, shape, axis, target);
            setting.axis = axis;
            check(Case { setting, ..Case::new(loss.header().id, shape, target) }, Change::Nothing)
        }
        Kind::Sharded => check(sharded::case(case, rng)?, Change::Nothing),
        Kind::Large => None,
    }
}

/// A loss of each family that counts in f32 where it should not.
fn large(id: &'static str) -> Option<Check> {
    let shape: &[usize] = match id {
        "mse" => &[4097, 4097],
        "cross_entropy" => &[(1 << 24) + 1, 2],
        "dice" => &[1, 2, 4097, 4097],
        _ => return None,
    };
    let case = Case { reduction: Reduction::Sum, ..Case::new(id, shape, DType::U8) };
    Some(Check { kind: Kind::Large, case, change: Change::Nothing })
}

fn holds(dtype: DType, label: i64) -> bool {
    match dtype {
        DType::U8 => (0..256).contains(&label),
        DType::U32 => (0..1 << 32).contains(&label),
        DType::I32 => i32::try_from(label).is_ok(),
        _ => true,
    }
}

impl Devices {
    /// The chosen adapter, as it is and with bindings of 1 MiB and small grids.
    ///
    /// # Errors
    /// Those of [`Gpu::new`].
    pub fn open() -> wgloss::Result<Devices> {
        let gpu = Gpu::new()?;
        Ok(Devices { gpu, narrow: narrow() })
    }
}

/// A device of the same adapter, with bindings of 1 MiB and grids of 64 by 64 workgroups.
fn narrow() -> Result<Gpu, String> {
    let chosen = wgloss::adapters().into_iter().find(|adapter| adapter.chosen).ok_or("no adapter is chosen")?.info;
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
    let adapters = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all()));
    let same = |adapter: &wgpu::Adapter| {
        let info = adapter.get_info();
        info.name == chosen.name && info.backend == chosen.backend
    };
    let adapter = adapters.into_iter().find(same).ok_or("the adapter was not found again")?;
    let required_limits = wgpu::Limits {
        max_storage_buffer_binding_size: 1 << 20,
        // few, so that a grid has many rows of workgroups
        max_compute_workgroups_per_dimension: 64,
        ..adapter.limits()
    };
    let descriptor = wgpu::DeviceDescriptor { required_limits, ..Default::default() };
    let (device, queue) = pollster::block_on(adapter.request_device(&descriptor)).map_err(|error| error.to_string())?;
    Ok(Gpu::from_wgpu(device, queue))
}

impl Check {
    /// The loss that is checked.
    pub fn loss(&self) -> &'static str {
        self.case.id
    }

    /// The name of the checked call, which no other call has.
    pub fn describe(&self) -> String {
        let change = match &self.change {
            Change::Nothing => String::new(),
            Change::Number { operand, at, to } => format!(", {to} at {at:.2} of `{operand}`"),
            Change::Label { operand, at, to } => format!(", {to} at {at:.2} of `{operand}`"),
        };
        format!("{:?}{change}", self.case)
    }

    /// Runs the check: nothing where the call is one that the twin refuses too.
    ///
    /// # Errors
    /// The GPU's numbers and the twin's, where they differ.
    pub fn run(&self, devices: &Devices) -> Result<(), String> {
        let gpu = match self.kind {
            Kind::Slices => devices.narrow.as_ref().map_err(|why| format!("no device of small bindings: {why}"))?,
            _ => &devices.gpu,
        };
        if self.kind == Kind::Sharded {
            return sharded::run(gpu, &self.case);
        }
        let mut inputs = self.case.inputs();
        match &self.change {
            Change::Nothing => {}
            Change::Number { operand, at, to } => {
                let array = inputs.operand(operand);
                if array.is_empty() || !array.dtype().is_float() {
                    return Ok(());
                }
                let mut numbers = array.to_f32();
                let place = place(*at, numbers.len());
                numbers[place] = *to;
                *array = Array::new(&numbers, array.shape())
                    .expect("the shape is its own")
                    .with_class_axis(array.class_axis());
            }
            Change::Label { operand, at, to } => return self.bad_label(gpu, inputs, operand, *at, *to),
        }
        self.case.run_on(gpu, &inputs)
    }

    /// A bad label has to be told of by the read, with its place.
    fn bad_label(&self, gpu: &Gpu, mut inputs: Inputs<Array>, operand: &str, at: f64, to: i64) -> Result<(), String> {
        let (count, ignored) = label_range(&*self.case.loss(), self.case.setting.classes());
        let array = inputs.operand(operand);
        let is_bad = !(0..count as i64).contains(&to) && ignored.is_none_or(|ignored| i64::from(ignored) != to);
        if array.is_empty() || array.dtype().is_float() || !is_bad || !self.case.is_valid() {
            return Ok(());
        }
        let mut labels: Vec<i64> = array.to_f64().into_iter().map(|label| label as i64).collect();
        let place = place(at, labels.len());
        labels[place] = to;
        *array = labels_of(&labels, self.case.setting.target, array.shape());
        let given = inputs.on(&mut |array| gpu.upload_array(array)).map_err(|error| error.to_string())?;
        let read = gpu.value(&self.case.term(&given)).and_then(|outcome| outcome.tensor().read().wait().map(drop));
        match read {
            Err(Error::LabelOutOfRange { position, value, .. }) if (position, value) == (place as u64, to) => Ok(()),
            // the call as it is may be more than a GPU takes
            Err(Error::TooLarge { .. }) => Ok(()),
            other => Err(format!("the label {to} at {place} gave {other:?}")),
        }
    }
}

fn place(at: f64, length: usize) -> usize {
    ((at * length as f64) as usize).min(length - 1)
}

/// How many checks there are of each kind.
pub fn count(checks: &[Check]) -> BTreeMap<Kind, usize> {
    checks.iter().fold(BTreeMap::new(), |mut count, check| {
        *count.entry(check.kind).or_default() += 1;
        count
    })
}
