//! What a plan asks for of a kernel: a shader file, what fills its slots, the choices it is specialised by, and what else may be
//! made of it where the target and the tensors allow it.

use crate::gpu::choices::Choices;
use crate::gpu::declared::Declared;
use crate::gpu::link::{File, Linked, Slots, link};
use crate::gpu::shaders::operand::{dx, target, x};
use crate::gpu::shaders::{Shader, Slot, geometry, slot};
use std::fmt::Write;
use std::sync::Arc;

/// Which elements a kernel takes four at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub(crate) enum Quads {
    Nothing,
    /// Those that it reads.
    Reads,
    /// Those that it reads, and the gradients that it writes: no other invocation writes to a quad.
    Writes,
}

/// A kernel as a plan asks for it. A [`Target`](crate::gpu::target::Target) makes it a kernel.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    shader: Shader,
    slots: Slots,
    linked: Arc<Linked>,
    pub choices: Choices,
    /// Which elements the kernel may take four at a time, from places that are multiples of four.
    pub quads: Quads,
    /// How many classes there are, where a lane may keep those of its positions.
    pub few: Option<u32>,
    /// How many quads of a row a lane has, where it may keep them.
    pub row: Option<u32>,
    /// How many times four neighbours a lane takes at a time, where that is written out.
    pub strip: Option<u32>,
}

/// The files that take elements one by one, and those that take them in quads.
const IN_QUADS: &[(Shader, Shader)] = &[
    (x::WORDS, x::QUADS),
    (dx::WORDS, dx::QUADS),
    (target::LABELS, target::LABELS_QUADS),
    (target::DENSE, target::DENSE_QUADS),
];

/// The slots of a walk over classes where a lane keeps those of its positions.
const FEW: &[(Slot, Shader)] = &[
    (slot::CLASSES, geometry::classes::FEW),
    (slot::LOGITS, geometry::logits::KEPT),
    (slot::CLASS_SUMS, geometry::class_sums::KEPT),
    (slot::CLASS_SLOPES, geometry::class_slopes::KEPT),
];

impl Recipe {
    /// A kernel of `shader`, whose entry point has the file's name.
    pub fn new(shader: Shader, slots: Slots, choices: Choices) -> Recipe {
        let linked = link(shader, &slots);
        Recipe { shader, slots, linked, choices, quads: Quads::Nothing, few: None, row: None, strip: None }
    }

    /// The name of the entry point.
    pub fn entry(&self) -> &'static str {
        self.shader.name()
    }

    /// The files that it is joined of, and what they declare.
    pub fn linked(&self) -> &Linked {
        &self.linked
    }

    /// The bindings that its files declare.
    pub fn bindings(&self) -> &[Declared] {
        &self.linked.bindings
    }

    /// Whether it is joined of this file.
    pub fn has(&self, shader: Shader) -> bool {
        self.linked.files.iter().any(|file| file.is(shader))
    }

    /// The values of the overrides that its files declare.
    pub fn overrides(&self) -> impl Iterator<Item = (&str, f64)> {
        self.choices.of(&self.linked.overrides)
    }

    /// What tells its text and choices from others.
    pub fn key(&self) -> String {
        let mut key = format!("{} {:?} {}", self.entry(), [self.few, self.row, self.strip], self.linked.key);
        for (name, value) in self.overrides() {
            let _ = write!(key, " {name}={value}");
        }
        key
    }

    /// Puts another file into a slot.
    pub fn fill(&mut self, slot: Slot, file: impl Into<File>) {
        self.slots.fill(slot, file);
        self.linked = link(self.shader, &self.slots);
    }

    /// Has lanes keep the classes of their positions, or their quads of rows, where these are few.
    pub fn keep_few(&mut self) {
        for (slot, shader) in FEW.iter().filter(|_| self.few.is_some()) {
            self.slots.fill(*slot, *shader);
        }
        if self.row.is_some() {
            self.slots.fill(slot::ROW_QUADS, geometry::row_quads::KEPT);
        }
        self.linked = link(self.shader, &self.slots);
    }

    /// Has the kernel load and store quads, of this form, at each binding that allows it: it asks for four elements from multiples
    /// of four, which are one load where the tensor begins at a multiple of sixteen bytes and may be read to the next.
    pub fn take_quads(&mut self, quad: Shader, allowed: impl Fn(&Declared) -> bool) {
        if self.quads == Quads::Nothing {
            return;
        }
        let asked = |binding: &Declared| {
            self.quads >= if binding.is_written() { Quads::Writes } else { Quads::Reads } && allowed(binding)
        };
        let mut filled = self.slots.clone();
        for file in &self.linked.files {
            let Some((_, quads)) = IN_QUADS.iter().find(|(words, _)| file.is(*words)) else { continue };
            if file.declarations().bindings.iter().all(asked) {
                for slot in self.slots.of_file(*file) {
                    filled.fill(slot, quads.of_operand(file.operand()));
                }
            }
        }
        filled.fill(slot::QUAD, quad);
        self.linked = link(self.shader, &filled);
        self.slots = filled;
    }

    /// The slots and the files in them.
    #[cfg(test)]
    pub fn slots(&self) -> &Slots {
        &self.slots
    }

    /// A kernel of these files, for tests of files that no plan asks for.
    #[cfg(test)]
    pub fn of_files(entry: &'static str, files: Vec<File>, choices: Choices) -> Recipe {
        let linked = Arc::new(Linked::of(files));
        let (shader, slots) = (Shader(entry), Slots::default());
        Recipe { shader, slots, linked, choices, quads: Quads::Nothing, few: None, row: None, strip: None }
    }
}
