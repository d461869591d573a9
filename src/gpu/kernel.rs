//! A kernel: a recipe after the target and the buffers have settled its slots. It writes the text that is compiled.

use crate::gpu::declared::{Declared, ENABLES};
use crate::gpu::link::File;
use crate::gpu::own_params::with_own_params;
use crate::gpu::recipe::Recipe;
use crate::gpu::shaders::geometry;
use crate::gpu::unroll::{Line, unroll};

/// A kernel, ready to be compiled.
#[derive(Clone, Debug)]
pub(crate) struct Kernel {
    pub recipe: Recipe,
    /// Whether each invocation first copies the parameters to its own variables.
    pub own_params: bool,
    /// Whether every storage binding is read_write, as it has to be if an operand and an output share a buffer.
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

    /// The files that make up its text, in order.
    pub fn files(&self) -> &[File] {
        &self.recipe.linked().files
    }

    /// The text that is compiled.
    pub fn text(&self) -> String {
        let lines = self.lines();
        let mut text = String::with_capacity(lines.iter().map(|line| line.text.len() + 1).sum());
        for line in &lines {
            text.push_str(&line.text);
            text.push('\n');
        }
        let text = if self.own_params { with_own_params(&text, self.entry()) } else { text };
        match self.shared_buffer {
            true => text.replace("var<storage, read>", "var<storage, read_write>"),
            false => text,
        }
    }

    /// The lines of its files, with marked loops unrolled. WGSL wants the extensions that files enable before everything else.
    fn lines(&self) -> Vec<Line> {
        let enabling = |(file, linked): (usize, &File)| {
            let enables = &linked.declarations().enables;
            let number = 1 + linked.text().lines().position(|line| line.starts_with(ENABLES)).unwrap_or(0);
            enables.iter().map(move |name| Line { text: format!("enable {name};").into(), file, number })
        };
        let of_file = |(file, linked): (usize, &File)| {
            let lines = linked.text().lines().zip(1..);
            lines.map(move |(text, number)| Line { text: text.into(), file, number })
        };
        let files = || self.files().iter().enumerate();
        let lines = files().flat_map(enabling).chain(files().flat_map(of_file)).collect();
        let Recipe { kept_classes, row, strip, .. } = self.recipe;
        let kept_classes = kept_classes.filter(|_| self.recipe.has(geometry::classes::FEW));
        let row = row.filter(|_| self.recipe.has(geometry::row_quads::KEPT));
        let unrolled = [("CLASSES", kept_classes), ("ROW_QUADS", row), ("STRIP", strip)];
        unrolled.into_iter().fold(lines, |lines, (count, times)| match times {
            Some(times) => unroll(lines, count, times),
            None => lines,
        })
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

    /// The file and line that a line of the text comes from.
    pub fn locate(&self, line: usize) -> Option<(File, usize)> {
        let line = self.lines().into_iter().nth(line.checked_sub(1)?)?;
        Some((self.files()[line.file], line.number))
    }

    /// The key of its pipeline: two kernels with equal keys compile to the same thing.
    pub fn key(&self) -> String {
        format!("{} {} {}", self.shared_buffer, self.own_params, self.recipe.key())
    }

    /// The values of its overrides, as naga takes them.
    #[cfg(test)]
    pub fn constants(&self) -> naga::back::PipelineConstants {
        self.overrides().into_iter().map(|(name, value)| (name.to_string(), value)).collect()
    }
}
