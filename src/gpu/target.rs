//! The target that kernels are made for. Everything that follows from the kind of an adapter is decided here: how walks
//! are cut, and which forms a recipe's kernel takes.

use crate::gpu::declared::Declared;
use crate::gpu::kernel::Kernel;
use crate::gpu::link::Slots;
use crate::gpu::matrices::Matrices;
use crate::gpu::recipe::Recipe;
use crate::gpu::shaders::geometry::{subgroup, tile_products};
use crate::gpu::shaders::{dtype, slot};

/// The environment variable that chooses the kind of adapter to make kernels for.
const KERNELS: &str = "WGLOSS_KERNELS";
/// Its value for the kernels of a GPU that multiplies matrices.
pub(super) const MATRICES: &str = "matrices";

/// The kind of adapter that kernels are made for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// A GPU, but with the plain form of every kernel.
    Plain,
    Gpu,
    /// A CPU behind a software driver. It runs the lanes of one vector register at a time.
    Cpu,
}

/// The target that kernels are made for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Target {
    pub kind: Kind,
    /// Whether kernels are small, for DX12. Its older compiler FXC takes seconds for a kernel that repeats its code for each
    /// of four neighbouring elements, and it is not known which compiler a device has.
    pub small_kernels: bool,
    /// The lanes of every subgroup, if subgroup operations are available.
    pub subgroup: Option<u32>,
    /// The matrices of f16 that a GPU multiplies, if they are available.
    pub matrices: Option<Matrices>,
    /// Whether shaders have 64-bit integers.
    pub words64: bool,
    /// Whether the backend is Vulkan.
    pub vulkan: bool,
    /// The most bytes that a binding may have.
    pub binding_limit: u64,
}

/// The most numbers that a lane of a GPU keeps in registers. If lanes use more than half of the registers that they can
/// have, too few lanes run at once. A CPU has caches instead.
const REGISTERS: usize = 96;

/// The most classes of a row that a CPU gives to one lane.
const ROW_OF_LANE: usize = 256;
/// The most classes of a row that a CPU gives to the eight lanes of a register.
pub(crate) const ROW_OF_REGISTER: usize = 65536;

/// The most coordinates of a vector that a CPU gives to one lane.
const VECTOR_OF_LANE: usize = 1024;
/// The fewest rows for which a CPU gives a vector to one lane. They fill sixteen workgroups, about as many as a software driver
/// has cores.
const VECTORS: usize = 1 << 12;

impl Target {
    /// The target for a device, or the one that the environment chooses.
    pub fn of(info: &wgpu::AdapterInfo, features: wgpu::Features, limits: &wgpu::Limits) -> Target {
        let vulkan = info.backend == wgpu::Backend::Vulkan;
        let has = |feature| vulkan && features.contains(feature);
        let one_size = info.subgroup_min_size == info.subgroup_max_size;
        Target {
            subgroup: Some(info.subgroup_max_size).filter(|_| one_size && has(wgpu::Features::SUBGROUP)),
            words64: has(wgpu::Features::SHADER_INT64),
            vulkan,
            binding_limit: limits.max_storage_buffer_binding_size,
            ..Target::or_asked_for(info, std::env::var(KERNELS).ok().as_deref())
        }
    }

    /// Whether the environment asks for products by matrices. Nobody gets them unasked: no GPU has run these kernels yet.
    pub fn asks_for_matrices() -> bool {
        std::env::var(KERNELS).is_ok_and(|asked| asked == MATRICES)
    }

    /// The target, with those of an adapter's matrices that its kernels can multiply. CPUs under a driver only imitate them.
    pub fn with_matrices(self, adapter: &wgpu::Adapter) -> Target {
        let multiplies = self.kind == Kind::Gpu && !self.small_kernels && self.vulkan;
        Target { matrices: Matrices::of(adapter).filter(|_| multiplies), ..self }
    }

    /// The name of the target for an adapter.
    pub fn name_of(adapter: &wgpu::Adapter) -> &'static str {
        let target = Target::of(&adapter.get_info(), adapter.features(), &adapter.limits());
        match Target::asks_for_matrices() && target.with_matrices(adapter).matrices.is_some() {
            true => MATRICES,
            false => target.name(),
        }
    }

    /// The target for an adapter if the environment variable is `asked`. An unknown value has no effect.
    fn or_asked_for(info: &wgpu::AdapterInfo, asked: Option<&str>) -> Target {
        let kind = match (asked, info.device_type) {
            (Some("plain"), _) => Kind::Plain,
            (Some("gpu" | "small" | MATRICES), _) => Kind::Gpu,
            (Some("cpu"), _) | (_, wgpu::DeviceType::Cpu) => Kind::Cpu,
            _ => Kind::Gpu,
        };
        Target::new(kind, info.backend == wgpu::Backend::Dx12 || asked == Some("small"))
    }

    /// A target with WebGPU's default limits and no optional features.
    pub const fn new(kind: Kind, small_kernels: bool) -> Target {
        Target {
            kind,
            small_kernels,
            subgroup: None,
            matrices: None,
            words64: false,
            vulkan: false,
            binding_limit: 128 << 20,
        }
    }

    /// Every kind of target.
    #[cfg(any(test, feature = "fuzzing", feature = "noop"))]
    pub const ALL: [Target; 4] = [
        Target::new(Kind::Plain, false),
        Target::new(Kind::Gpu, false),
        Target::new(Kind::Cpu, false),
        Target::new(Kind::Gpu, true),
    ];

    pub fn name(self) -> &'static str {
        match self.kind {
            Kind::Plain => "plain",
            Kind::Gpu if self.small_kernels => "small",
            Kind::Gpu => "gpu",
            Kind::Cpu => "cpu",
        }
    }

    fn on_cpu(&self) -> bool {
        self.kind == Kind::Cpu
    }

    /// How many lanes walk a contiguous range together. A GPU reads fastest if all lanes of a subgroup, however wide,
    /// read neighbouring memory. A CPU runs a few lanes at a time, and prefetches for each range.
    pub fn team(&self) -> usize {
        if self.on_cpu() { 8 } else { 256 }
    }

    /// About how many workgroups a walk is cut into. `on_gpu` keeps a GPU busy. A CPU runs a few workgroups at a time,
    /// and each costs it something, mostly for its tally.
    pub fn workgroups(&self, on_gpu: usize) -> usize {
        if self.on_cpu() { 64 } else { on_gpu }
    }

    /// Whether lanes take quads, if the layout allows it.
    pub fn by_quads(&self, allowed: bool) -> bool {
        allowed && !self.small_kernels
    }

    /// How many quads of positions a lane takes of one class before it goes on to the next class, which lies far away in
    /// memory. A CPU prefetches only in long runs. The longest runs need enough positions to keep all workgroups busy.
    pub fn strip(&self, quads: bool, positions: usize) -> usize {
        match self.on_cpu() && quads {
            false => 1,
            true if positions < 1 << 19 => 4,
            true => 8,
        }
    }

    /// How many lanes share a row.
    pub fn lanes_of_row(&self, classes: usize) -> usize {
        match self.on_cpu() {
            true if classes <= ROW_OF_LANE => 1,
            true if classes <= ROW_OF_REGISTER => 8,
            _ => classes.div_ceil(8).next_power_of_two().min(256),
        }
    }

    /// How many lanes share each of `rows` rows of vectors of `width` coordinates.
    pub fn lanes_of_vector(&self, rows: usize, width: usize) -> usize {
        match self.on_cpu() {
            true if width <= VECTOR_OF_LANE && rows >= VECTORS => 1,
            true => width.div_ceil(2048).next_power_of_two().clamp(8, 256),
            false => width.div_ceil(8).next_power_of_two().min(256),
        }
    }

    /// The most quads of positions that a lane sums for a region, and the fewest workgroups that should share an item's
    /// positions. A CPU runs few workgroups at once, so one is enough for it.
    pub fn region_rounds(&self) -> (usize, usize) {
        if self.on_cpu() { (16, 1) } else { (4, 64) }
    }

    /// How many things a lane can keep in registers if each takes `numbers` registers; at most `most`.
    pub fn kept(&self, most: usize, numbers: usize) -> usize {
        if self.on_cpu() { most } else { most.min(REGISTERS / numbers) }
    }

    /// Whether lanes keep their quads of a row for the gradient. A CPU has the row in its caches, and would take half a
    /// second to compile so long a kernel.
    pub fn keeps_rows(&self) -> bool {
        !self.on_cpu()
    }

    /// Fills the slots of the files that multiply tiles. `by_matrices` says whether their elements are such that matrices of
    /// f16 can multiply them.
    pub fn multiply_tiles(&self, slots: &mut Slots, by_matrices: bool) {
        if let Some(matrices) = self.matrices.filter(|_| by_matrices) {
            slots.fill(slot::TILE_PRODUCTS, tile_products::MATRICES);
            matrices.fill(slots);
            return;
        }
        let width = self.subgroup.filter(|_| self.on_cpu());
        let subgroup = match width {
            Some(4) => Some(subgroup::FOURS),
            Some(8) => Some(subgroup::EIGHTS),
            Some(16) => Some(subgroup::SIXTEENS),
            _ => None,
        };
        slots.fill(slot::TILE_PRODUCTS, subgroup.map_or(tile_products::LANES, |_| tile_products::SUBGROUPS));
        if let Some(subgroup) = subgroup {
            slots.fill(slot::SUBGROUP, subgroup);
        }
    }

    /// Makes a recipe's kernel. `in_whole_quads` tells at which bindings the tensor lies so that quads can be loaded or
    /// stored.
    pub fn specialise(&self, recipe: &Recipe, in_whole_quads: impl Fn(&Declared) -> bool) -> Kernel {
        let mut recipe = recipe.clone();
        if self.kind != Kind::Plain {
            recipe.keep_in_registers();
            // on a CPU every load of a lane costs the same, so two words are loaded at once
            let pairs = self.words64 && self.on_cpu();
            recipe.take_quads(if pairs { dtype::quad::PAIRS } else { dtype::quad::WORDS }, in_whole_quads);
        }
        Kernel { own_params: self.on_cpu() && self.vulkan, ..recipe.into() }
    }

    /// Whether naga's loop checks stay on. A user may want that if a driver fails.
    pub fn is_plain(&self) -> bool {
        self.kind == Kind::Plain
    }
}

#[cfg(test)]
mod tests {
    use super::Target;
    use wgpu::{AdapterInfo, Backend, DeviceType};

    #[test]
    fn the_adapter_or_the_environment_chooses_the_kernels() {
        let name =
            |device_type, backend, asked| Target::or_asked_for(&AdapterInfo::new(device_type, backend), asked).name();
        for (asked, cpu, gpu, dx12) in [
            (None, "cpu", "gpu", "small"),
            (Some("gpu"), "gpu", "gpu", "small"),
            (Some("cpu"), "cpu", "cpu", "cpu"),
            (Some("small"), "small", "small", "small"),
            (Some("matrices"), "gpu", "gpu", "small"),
            (Some("plain"), "plain", "plain", "plain"),
            (Some("nosuch"), "cpu", "gpu", "small"),
        ] {
            assert_eq!(name(DeviceType::Cpu, Backend::Vulkan, asked), cpu, "{asked:?}");
            assert_eq!(name(DeviceType::DiscreteGpu, Backend::Vulkan, asked), gpu, "{asked:?}");
            assert_eq!(name(DeviceType::DiscreteGpu, Backend::Dx12, asked), dx12, "{asked:?}");
        }
    }
}
