//! A recipe: the kernel that a plan asks for. It names the entry file, fills slots, sets overrides, and says which
//! faster forms the kernel may take if the target and the tensors allow it.

use crate::gpu::choices::Choices;
use crate::gpu::declared::Declared;
use crate::gpu::link::{File, Linked, Slots, link};
use crate::gpu::shaders::operand::{dx, labels, mask, row, target, x};
use crate::gpu::shaders::{Shader, Slot, geometry, slot};
use std::fmt::Write;
use std::sync::{Arc, OnceLock};

/// Which elements a kernel may take in quads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub(crate) enum Quads {
    Nothing,
    /// The elements that it reads.
    Reads,
    /// The elements that it reads, and the gradients that it writes. A plan may choose this only if each quad is written by one
    /// invocation.
    Writes,
}

/// The kernel that a plan asks for. A [`Target`](crate::gpu::target::Target) makes it a
/// [`Kernel`](crate::gpu::kernel::Kernel).
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    shader: Shader,
    slots: Slots,
    /// Its files. They are linked when they are first asked for, since a plan fills many slots one after another.
    linked: OnceLock<Arc<Linked>>,
    pub choices: Choices,
    /// Which elements the kernel may take in quads. Every quad begins at an index that is a multiple of four.
    pub quads: Quads,
    /// How many classes there are, if a lane may keep the classes of its positions in registers.
    pub kept_classes: Option<u32>,
    /// How many quads of a row a lane has, if it may keep them in registers.
    pub row: Option<u32>,
    /// How many quads of neighbouring positions a lane takes at a time, if the kernel has a loop over them. The loop is
    /// unrolled.
    pub strip: Option<u32>,
}

/// The files that take elements one by one, each with the file that takes them in quads.
const IN_QUADS: &[(Shader, Shader)] = &[
    (x::WORDS, x::QUADS),
    (dx::WORDS, dx::QUADS),
    (labels::GIVEN, labels::QUADS),
    (target::DENSE, target::DENSE_QUADS),
    (x::INTEGERS, x::INTEGERS_QUADS),
    (target::DENSE_INTEGERS, target::DENSE_INTEGERS_QUADS),
];

/// The files that read floats, each with the file that reads integers in their place.
const OF_INTEGERS: &[(Shader, Shader)] = &[
    (x::WORDS, x::INTEGERS),
    (target::DENSE, target::DENSE_INTEGERS),
    (mask::GIVEN, mask::INTEGERS),
    (row::GIVEN, row::INTEGERS),
];

/// The files for the slots of a walk over classes, if a lane keeps the classes of its positions.
const OF_KEPT_CLASSES: &[(Slot, Shader)] = &[
    (slot::CLASSES, geometry::classes::FEW),
    (slot::LOGITS, geometry::logits::KEPT),
    (slot::CLASS_SUMS, geometry::class_sums::KEPT),
    (slot::CLASS_SLOPES, geometry::class_slopes::KEPT),
];

impl Recipe {
    /// A recipe for the kernel whose entry point is in `shader`. The entry point has the file's name.
    pub fn new(shader: Shader, slots: Slots, choices: Choices) -> Recipe {
        Recipe {
            shader,
            slots,
            linked: OnceLock::new(),
            choices,
            quads: Quads::Nothing,
            kept_classes: None,
            row: None,
            strip: None,
        }
    }

    /// The name of the entry point.
    pub fn entry(&self) -> &'static str {
        self.shader.name()
    }

    /// Its files, and what they declare.
    pub fn linked(&self) -> &Linked {
        self.linked.get_or_init(|| link(self.shader, &self.slots))
    }

    /// The bindings that its files declare.
    pub fn bindings(&self) -> &[Declared] {
        &self.linked().bindings
    }

    /// Whether this is one of its files.
    pub fn has(&self, shader: Shader) -> bool {
        self.linked().files.iter().any(|file| file.is(shader))
    }

    /// The values of the overrides that its files declare.
    pub fn overrides(&self) -> impl Iterator<Item = (&str, f64)> {
        self.choices.of(&self.linked().overrides)
    }

    /// Identifies its files and unrolled loops. The kernel's text also depends on `own_params` and `shared_buffer`.
    pub fn text_key(&self) -> String {
        format!("{} {:?} {}", self.entry(), [self.kept_classes, self.row, self.strip], self.linked().key)
    }

    /// Identifies its text and overrides.
    pub fn key(&self) -> String {
        let mut key = self.text_key();
        for (name, value) in self.overrides() {
            let _ = write!(key, " {name}={value}");
        }
        key
    }

    /// Puts another file into a slot.
    pub fn fill(&mut self, slot: Slot, file: impl Into<File>) {
        self.slots.fill(slot, file);
        self.linked = OnceLock::new();
    }

    /// Reads integers at a binding, if the kernel reads floats there. Labels are integers already.
    pub fn take_integers(&mut self, binding: &str) {
        let has_it = |file: &&File| file.declarations().bindings.iter().any(|declared| declared.name == binding);
        let Some(file) = self.linked().files.iter().find(has_it).copied() else { return };
        let Some((_, integers)) = OF_INTEGERS.iter().find(|(floats, _)| file.is(*floats)) else { return };
        for slot in self.slots.of_file(file).collect::<Vec<_>>() {
            self.slots.fill(slot, integers.of_operand(file.operand()));
        }
        self.linked = OnceLock::new();
    }

    /// Lets lanes keep the classes of their positions, or their quads of rows, in registers, if the plan says how many
    /// there are.
    pub fn keep_in_registers(&mut self) {
        for (slot, shader) in OF_KEPT_CLASSES.iter().filter(|_| self.kept_classes.is_some()) {
            self.slots.fill(*slot, *shader);
        }
        if self.row.is_some() {
            self.slots.fill(slot::ROW_QUADS, geometry::row_quads::KEPT);
        }
        self.linked = OnceLock::new();
    }

    /// Replaces `operand/x/words` by `operand/x/quads`, and so on, at each allowed binding, so that four elements are one
    /// load or store. `allowed` tells at which bindings quads can be loaded or stored; `bind.rs` decides this. `quad` is the
    /// file with the functions that load a quad.
    pub fn take_quads(&mut self, quad: Shader, allowed: impl Fn(&Declared) -> bool) {
        if self.quads == Quads::Nothing {
            return;
        }
        let asked = |binding: &Declared| {
            self.quads >= if binding.is_written() { Quads::Writes } else { Quads::Reads } && allowed(binding)
        };
        let mut filled = self.slots.clone();
        for file in &self.linked().files {
            let Some((_, quads)) = IN_QUADS.iter().find(|(words, _)| file.is(*words)) else { continue };
            if file.declarations().bindings.iter().all(asked) {
                for slot in self.slots.of_file(*file) {
                    filled.fill(slot, quads.of_operand(file.operand()));
                }
            }
        }
        filled.fill(slot::QUAD, quad);
        self.linked = OnceLock::new();
        self.slots = filled;
    }

    /// Its slots.
    #[cfg(test)]
    pub fn slots(&self) -> &Slots {
        &self.slots
    }

    /// A recipe of these files, for tests of files that no plan asks for.
    #[cfg(test)]
    pub fn of_files(entry: &'static str, files: Vec<File>, choices: Choices) -> Recipe {
        let linked = OnceLock::from(Arc::new(Linked::of(files)));
        Recipe { linked, ..Recipe::new(Shader(entry), Slots::default(), choices) }
    }
}
