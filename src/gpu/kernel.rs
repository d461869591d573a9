//! A kernel: a recipe as a target and the buffers settle it, and the text that is compiled.

use crate::gpu::declared::Declared;
use crate::gpu::link::File;
use crate::gpu::own_params::with_own_params;
use crate::gpu::recipe::Recipe;
use crate::gpu::rewrite::{CLASSES, ROW, STRIP};
use crate::gpu::shaders::geometry;

/// A kernel.
#[derive(Clone, Debug)]
pub(crate) struct Kernel {
    pub recipe: Recipe,
    /// Whether each lane copies the parameters where it begins.
    pub own_params: bool,
    /// Whether every storage binding is read_write, as it must be where operands and outputs share a buffer.
    pub shared_buffer: bool,
}

impl From<Recipe> for Kernel {
    fn from(recipe: Recipe) -> Kernel {
        Kernel { recipe, own_params: false, shared_buffer: false }
    }
}

impl Kernel {
    /// The name of the entry point.
    pub fn entry(&self) -> &'static str {
        self.recipe.entry()
    }

    /// The files that it is joined of.
    pub fn files(&self) -> &[File] {
        &self.recipe.linked().files
    }

    /// The joined source.
    pub fn text(&self) -> String {
        let text: String = self.files().iter().map(|file| file.text()).collect::<Vec<_>>().join("\n");
        let few = self.recipe.few.filter(|_| self.recipe.has(geometry::classes::FEW));
        let row = self.recipe.row.filter(|_| self.recipe.has(geometry::row_quads::KEPT));
        let unrolled = [(&CLASSES, few), (&ROW, row), (&STRIP, self.recipe.strip)];
        let text = unrolled.into_iter().fold(text, |text, (unrolled, times)| match times {
            Some(times) => unrolled.written_out(&text, times),
            None => text,
        });
        let text = if self.own_params { with_own_params(&text, self.entry()) } else { text };
        match self.shared_buffer {
            true => text.replace("var<storage, read>", "var<storage, read_write>"),
            false => text,
        }
    }

    /// The bindings that its files declare.
    pub fn bindings(&self) -> Vec<Declared> {
        let mut bindings = self.recipe.bindings().to_vec();
        for binding in &mut bindings {
            if let (true, wgpu::BufferBindingType::Storage { read_only }) = (self.shared_buffer, &mut binding.kind) {
                *read_only = false;
            }
        }
        bindings
    }

    /// The values of the overrides that its files declare.
    pub fn overrides(&self) -> Vec<(&str, f64)> {
        self.recipe.overrides().collect()
    }

    /// Where a line of the joined source stands in its own file.
    pub fn locate(&self, line: usize) -> Option<(&'static str, usize)> {
        let mut first = 1;
        for file in self.files() {
            // a joint adds the line break that ends a file without one, or a blank line
            let lines = file.text().matches('\n').count() + 1;
            if line < first + lines {
                return Some((file.path(), line + 1 - first));
            }
            first += lines;
        }
        None
    }

    /// What tells its pipeline from others.
    pub fn key(&self) -> String {
        format!("{} {} {}", self.shared_buffer, self.own_params, self.recipe.key())
    }

    /// The values of overrides, as naga takes them.
    #[cfg(test)]
    pub fn constants(&self) -> naga::back::PipelineConstants {
        self.overrides().into_iter().map(|(name, value)| (name.to_string(), value)).collect()
    }
}
