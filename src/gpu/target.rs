//! What kernels are made for. Everything that follows from the kind of an adapter is decided here: how walks are cut for it, and
//! what of a recipe is made of it.

use crate::gpu::declared::Declared;
use crate::gpu::kernel::Kernel;
use crate::gpu::recipe::Recipe;
use crate::gpu::shaders::geometry::tile_products;
use crate::gpu::shaders::{Shader, dtype};

/// The environment variable that asks for the kernels of a kind of adapter.
const KERNELS: &str = "WGLOSS_KERNELS";

/// Whose lanes kernels are cut for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// A GPU's, with kernels left as they are.
    Plain,
    Gpu,
    /// A CPU's under a driver: its lanes are those of a vector register, which goes on alone.
    Cpu,
}

/// What kernels are made for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Target {
    pub kind: Kind,
    /// Whether kernels are small, for DX12: FXC, its older compiler, takes seconds where four neighbours are written out, and which
    /// compiler a device has is not known.
    pub small: bool,
    /// Whether lanes go in subgroups of eight, and may tell each other what they have.
    pub subgroups: bool,
    /// Whether there are words of 64 bits.
    pub words64: bool,
    /// Whether the driver is Vulkan's.
    pub vulkan: bool,
    /// The most bytes that a binding may have.
    pub binding_limit: u64,
}

/// Numbers that a lane of a GPU keeps at most: beyond half of the registers it can have, too few lanes go at once. A CPU under a
/// driver has caches instead.
const REGISTERS: usize = 96;

/// The classes up to which a row of a CPU is one lane's, and up to which it is a register's.
const ROW_OF_LANE: usize = 256;
pub(crate) const ROW_OF_REGISTER: usize = 65536;

/// The coordinates up to which a vector of a CPU is one lane's, and from how many such rows on: they fill sixteen workgroups, which
/// is as many cores as a software driver mostly has.
const VECTOR_OF_LANE: usize = 1024;
const VECTORS: usize = 1 << 12;

impl Target {
    /// The target that a device is, or that the environment asks for.
    pub fn of(info: &wgpu::AdapterInfo, features: wgpu::Features, limits: &wgpu::Limits) -> Target {
        let vulkan = info.backend == wgpu::Backend::Vulkan;
        let has = |feature| vulkan && features.contains(feature);
        let eights = (info.subgroup_min_size, info.subgroup_max_size) == (8, 8);
        Target {
            subgroups: eights && has(wgpu::Features::SUBGROUP),
            words64: has(wgpu::Features::SHADER_INT64),
            vulkan,
            binding_limit: limits.max_storage_buffer_binding_size,
            ..Target::or_asked_for(info, std::env::var(KERNELS).ok().as_deref())
        }
    }

    /// The name of the kernels that an adapter gets.
    pub fn name_of(info: &wgpu::AdapterInfo) -> &'static str {
        Target::or_asked_for(info, std::env::var(KERNELS).ok().as_deref()).name()
    }

    /// The kind of target that an adapter is, where the environment asks for `asked`. Any unknown value asks for nothing.
    fn or_asked_for(info: &wgpu::AdapterInfo, asked: Option<&str>) -> Target {
        let kind = match (asked, info.device_type) {
            (Some("plain"), _) => Kind::Plain,
            (Some("gpu" | "small"), _) => Kind::Gpu,
            (Some("cpu"), _) | (_, wgpu::DeviceType::Cpu) => Kind::Cpu,
            _ => Kind::Gpu,
        };
        Target::new(kind, info.backend == wgpu::Backend::Dx12 || asked == Some("small"))
    }

    /// A target with WebGPU's limits and none of its features.
    pub const fn new(kind: Kind, small: bool) -> Target {
        Target { kind, small, subgroups: false, words64: false, vulkan: false, binding_limit: 128 << 20 }
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
            Kind::Gpu if self.small => "small",
            Kind::Gpu => "gpu",
            Kind::Cpu => "cpu",
        }
    }

    fn on_cpu(&self) -> bool {
        self.kind == Kind::Cpu
    }

    /// How many lanes walk a contiguous range together. A GPU reads best where all neighbours of a subgroup, as wide as it may be,
    /// read neighbouring memory; a CPU under a driver runs a few lanes at a time, and has caches that look ahead of these.
    pub fn team(&self) -> usize {
        if self.on_cpu() { 8 } else { 256 }
    }

    /// About how many workgroups a walk is cut into, where a GPU is kept busy by `on_gpu` of them: a CPU goes through a few at a
    /// time, and pays for each, most of all for the tally that it leaves.
    pub fn workgroups(&self, on_gpu: usize) -> usize {
        if self.on_cpu() { 64 } else { on_gpu }
    }

    /// Whether lanes take neighbours four at a time, where places allow it.
    pub fn by_quads(&self, allowed: bool) -> bool {
        allowed && !self.small
    }

    /// How many times four neighbours a lane takes at a time of a class that lies far from the next, if it takes four: a CPU's
    /// caches look ahead in long runs alone. The longest are for so many positions that all workgroups are still busy.
    pub fn strip(&self, quads: bool, positions: usize) -> usize {
        match self.on_cpu() && quads {
            false => 1,
            true if positions < 1 << 19 => 4,
            true => 8,
        }
    }

    /// How many lanes share a row of so many classes.
    pub fn lanes_of_row(&self, classes: usize) -> usize {
        match self.on_cpu() {
            true if classes <= ROW_OF_LANE => 1,
            true if classes <= ROW_OF_REGISTER => 8,
            _ => classes.div_ceil(8).next_power_of_two().min(256),
        }
    }

    /// How many lanes share each of so many rows of vectors of so many coordinates.
    pub fn lanes_of_vector(&self, rows: usize, width: usize) -> usize {
        match self.on_cpu() {
            true if width <= VECTOR_OF_LANE && rows >= VECTORS => 1,
            true => width.div_ceil(2048).next_power_of_two().clamp(8, 256),
            false => width.div_ceil(8).next_power_of_two().min(256),
        }
    }

    /// The most quads of positions of a region that a lane sums, and how many workgroups share an item's positions at least: a CPU
    /// has few workgroups at once.
    pub fn region_rounds(&self) -> (usize, usize) {
        if self.on_cpu() { (16, 1) } else { (4, 64) }
    }

    /// The most things that a lane keeps of which each takes so many numbers, up to `most`.
    pub fn kept(&self, most: usize, numbers: usize) -> usize {
        if self.on_cpu() { most } else { most.min(REGISTERS / numbers) }
    }

    /// Whether lanes keep their quads of a row for the gradient. A CPU's caches have the row, and to compile so long a kernel takes
    /// it half a second.
    pub fn keeps_rows(&self) -> bool {
        !self.on_cpu()
    }

    /// The file that multiplies tiles.
    pub fn tile_products(&self) -> Shader {
        if self.subgroups && self.on_cpu() { tile_products::SUBGROUPS } else { tile_products::LANES }
    }

    /// The kernel that a recipe comes to, where tensors lie so that `in_whole_quads` holds of bindings.
    pub fn specialise(&self, recipe: &Recipe, in_whole_quads: impl Fn(&Declared) -> bool) -> Kernel {
        let mut recipe = recipe.clone();
        if self.kind != Kind::Plain {
            recipe.keep_few();
            // on a CPU each load of a lane costs, however wide
            let pairs = self.words64 && self.on_cpu();
            recipe.take_quads(if pairs { dtype::quad::PAIRS } else { dtype::quad::WORDS }, in_whole_quads);
        }
        Kernel { own_params: self.on_cpu() && self.vulkan, ..recipe.into() }
    }

    /// Whether naga's checks of loops are kept, as a user may want where a driver fails.
    pub fn is_plain(&self) -> bool {
        self.kind == Kind::Plain
    }
}

#[cfg(test)]
mod tests {
    use super::Target;
    use wgpu::{AdapterInfo, Backend, DeviceType};

    #[test]
    fn kernels_are_those_of_the_adapter_or_those_asked_for() {
        let name =
            |device_type, backend, asked| Target::or_asked_for(&AdapterInfo::new(device_type, backend), asked).name();
        for (asked, cpu, gpu, dx12) in [
            (None, "cpu", "gpu", "small"),
            (Some("gpu"), "gpu", "gpu", "small"),
            (Some("cpu"), "cpu", "cpu", "cpu"),
            (Some("small"), "small", "small", "small"),
            (Some("plain"), "plain", "plain", "plain"),
            (Some("nosuch"), "cpu", "gpu", "small"),
        ] {
            assert_eq!(name(DeviceType::Cpu, Backend::Vulkan, asked), cpu, "{asked:?}");
            assert_eq!(name(DeviceType::DiscreteGpu, Backend::Vulkan, asked), gpu, "{asked:?}");
            assert_eq!(name(DeviceType::DiscreteGpu, Backend::Dx12, asked), dx12, "{asked:?}");
        }
    }
}
