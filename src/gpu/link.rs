//! Links a kernel: adds to the file of the entry point all files that it needs, directly or through others, and a file
//! for each slot.

use crate::gpu::declared::{Declarations, Declared, declarations};
use crate::gpu::lock::lock;
use crate::gpu::shaders::{DX, Shader, Slot, X, find, is_own, lib, text_of};
use crate::loss::Source;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::sync::{Arc, LazyLock, Mutex};

/// A shader file in a kernel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct File {
    source: Source,
    /// Whether the file belongs to this library, rather than being a user's leaf. If so, its path identifies it.
    own: bool,
    /// The number of the element operand that a file of `operand/x` or `operand/dx` is used for. Those files are
    /// written for operand 0.
    operand: usize,
}

impl From<Source> for File {
    fn from(source: Source) -> File {
        File { source, own: is_own(&source), operand: 0 }
    }
}

impl From<Shader> for File {
    fn from(Shader(path): Shader) -> File {
        own(path).unwrap_or_else(|| unreachable!("build.rs lists shaders/{path}.wgsl"))
    }
}

/// This library's file at a path.
fn own(path: &str) -> Option<File> {
    find(path).map(|source| File { source, own: true, operand: 0 })
}

impl PartialEq for File {
    fn eq(&self, other: &File) -> bool {
        let same = match self.own && other.own {
            true => self.source.path == other.source.path,
            // a user's leaf may have the path of another
            false => std::ptr::eq(self.source.text, other.source.text),
        };
        same && self.operand == other.operand
    }
}

impl Shader {
    /// The file with its names and bindings changed to those of this element operand.
    pub fn of_operand(self, operand: usize) -> File {
        File { operand, ..self.into() }
    }
}

impl File {
    pub fn path(self) -> &'static str {
        self.source.path
    }

    /// How an error names it: a user's leaf by the path that its header gives.
    pub fn shown(self) -> String {
        if self.own { format!("shaders/{}.wgsl", self.path()) } else { self.path().into() }
    }

    /// Whether the file belongs to this library, rather than being a user's leaf.
    pub fn is_own(self) -> bool {
        self.own
    }

    /// Whether it is this shader file, for any operand.
    pub fn is(self, Shader(path): Shader) -> bool {
        self.source.path == path
    }

    /// The number of the element operand that it is used for.
    pub fn operand(self) -> usize {
        self.operand
    }

    #[cfg(test)]
    pub fn source(self) -> Source {
        self.source
    }

    pub fn text(self) -> &'static str {
        type Texts = HashMap<(usize, usize), &'static str>;
        static OF_OPERANDS: LazyLock<Mutex<Texts>> = LazyLock::new(Default::default);
        let text = text_of(&self.source);
        if self.operand == 0 {
            return text;
        }
        let write = || &*Box::leak(of_operand(text, self.operand).into_boxed_str());
        lock(&OF_OPERANDS).entry((text.as_ptr().addr(), self.operand)).or_insert_with(write)
    }

    pub fn declarations(self) -> &'static Declarations {
        declarations(self.text())
    }

    /// The paths of the files that it needs, and its slots. A user's leaf lists neither, and may use `lib/math`.
    fn needs(self) -> (&'static [&'static str], &'static [&'static str]) {
        let Declarations { needs, slots, .. } = self.declarations();
        if self.is_own() { (needs, slots) } else { (&[lib::MATH.0], &[]) }
    }
}

/// Rewrites a file's text for another element operand. For operand 1, `x0` in a name becomes `x1`, `X0` becomes `X1`, and
/// the binding's number grows by 1.
fn of_operand(text: &str, operand: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_of_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len()).max(first.len_utf8());
        let (word, after) = rest.split_at(end);
        let follows_binding = ["@binding(", "base("].iter().any(|before| out.ends_with(before));
        if first.is_ascii_digit() && follows_binding {
            let digits = word.trim_end_matches('u');
            let number: usize = digits.parse().unwrap_or_else(|_| unreachable!("a binding's number, not {word}"));
            let _ = write!(out, "{}{}", number + operand, &word[digits.len()..]);
        } else if first.is_ascii_alphabetic() {
            out.push_str(&word.replace("x0", &format!("x{operand}")).replace("X0", &format!("X{operand}")));
        } else {
            out.push_str(word);
        }
        rest = after;
    }
    out
}

/// The files in the slots of a kernel. Slots that no file of the kernel has may be filled too, so that all kernels of a
/// walk can start from the same slots.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Slots(BTreeMap<&'static str, File>);

impl Slots {
    pub fn fill(&mut self, Slot(name): Slot, file: impl Into<File>) {
        self.0.insert(name, file.into());
    }

    /// These slots, with another file in one of them.
    pub fn with(&self, slot: Slot, file: impl Into<File>) -> Slots {
        let mut slots = self.clone();
        slots.fill(slot, file);
        slots
    }

    /// Fills the slot of an element operand.
    pub fn fill_x(&mut self, operand: usize, shader: Shader) {
        self.fill(X[operand], shader.of_operand(operand));
    }

    /// Fills the slot of an element operand's gradient.
    pub fn fill_dx(&mut self, operand: usize, shader: Shader) {
        self.fill(DX[operand], shader.of_operand(operand));
    }

    /// The files of all slots.
    #[cfg(test)]
    pub fn files(&self) -> impl Iterator<Item = (&'static str, File)> {
        self.0.iter().map(|(name, file)| (*name, *file))
    }

    /// The slots that this file fills.
    pub fn of_file(&self, file: File) -> impl Iterator<Item = Slot> {
        self.0.iter().filter(move |(_, filled)| **filled == file).map(|(name, _)| Slot(name))
    }
}

/// The files of a kernel, and what they declare.
#[derive(Debug)]
pub(crate) struct Linked {
    /// A file comes after the files that it needs.
    pub files: Vec<File>,
    pub bindings: Vec<Declared>,
    pub overrides: Vec<&'static str>,
    /// Identifies these files in this order.
    pub key: String,
}

/// How many linked kernels are kept. Beyond that, all are dropped and linked again when needed.
const KEPT: usize = 4096;

/// Links the kernel whose entry point is in this shader file.
pub(crate) fn link(Shader(path): Shader, slots: &Slots) -> Arc<Linked> {
    // a user's leaf may have the path of another file; its text lives as long as the program, so its address tells them apart
    type Key = (&'static str, Vec<(&'static str, &'static str, usize, usize)>);
    static LINKED: LazyLock<Mutex<HashMap<Key, Arc<Linked>>>> = LazyLock::new(Default::default);
    let filled =
        slots.0.iter().map(|(slot, file)| (*slot, file.path(), file.source.text.as_ptr().addr(), file.operand));
    let key = (path, filled.collect::<Vec<_>>());
    if let Some(linked) = lock(&LINKED).get(&key) {
        return linked.clone();
    }
    let linked =
        Arc::new(linked(path, slots).unwrap_or_else(|error| unreachable!("linking shaders/{path}.wgsl: {error}")));
    let mut known = lock(&LINKED);
    if known.len() >= KEPT {
        known.clear();
    }
    known.insert(key, linked.clone());
    linked
}

/// Identifies a file. A user's leaf may have the path of another file, so its text's address is part of its name.
fn name(file: File) -> String {
    match file.is_own() {
        true => format!("{}#{}", file.path(), file.operand),
        false => format!("{}@{:p}", file.path(), file.source.text),
    }
}

/// Links the kernel of the file at `path`, or says what is missing.
fn linked(path: &str, slots: &Slots) -> Result<Linked, String> {
    let mut files = Vec::new();
    let first = own(path).ok_or_else(|| format!("there is no shaders/{path}.wgsl"))?;
    visit(first, slots, &mut Vec::new(), &mut files)?;
    Ok(Linked::of(files))
}

impl Linked {
    /// Takes these files as they are, without those that they need.
    pub(super) fn of(files: Vec<File>) -> Linked {
        let declared = || files.iter().map(|file| file.declarations());
        Linked {
            bindings: declared().flat_map(|declared| &declared.bindings).cloned().collect(),
            overrides: declared().flat_map(|declared| &declared.overrides).copied().collect(),
            key: files.iter().map(|file| name(*file)).collect::<Vec<_>>().join(" "),
            files,
        }
    }
}

/// Adds a file after the files that it needs. Files may need each other, so a file that is being visited is not visited
/// again.
fn visit(file: File, slots: &Slots, seen: &mut Vec<File>, files: &mut Vec<File>) -> Result<(), String> {
    if seen.contains(&file) {
        return Ok(());
    }
    seen.push(file);
    let (needs, slots_of_file) = file.needs();
    for path in needs {
        let needed =
            own(path).ok_or_else(|| format!("shaders/{}.wgsl needs {path}, which does not exist", file.path()))?;
        visit(needed, slots, seen, files)?;
    }
    for slot in slots_of_file {
        let filled = slots
            .0
            .get(slot)
            .ok_or_else(|| format!("nothing fills `{slot}`, which shaders/{}.wgsl asks for", file.path()))?;
        visit(*filled, slots, seen, files)?;
    }
    files.push(file);
    Ok(())
}
