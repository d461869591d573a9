//! Kernels that copy the parameters first, for CPUs under a Vulkan driver.
//!
//! Such a CPU loads a parameter again at every use, lane by lane, because a store in the loop might have changed it.
//! Such a driver may also compile a kernel again for every dispatch, with the parameters of loops and branches as
//! constants. So the copies are made under a condition that always holds, but that the driver cannot see through.
//!
//! Each number is copied to its own variable, rather than the struct as a whole: Vulkan does not allow a struct with
//! the layout of a buffer in private memory. On other backends nothing is copied: FXC assumes that a number from
//! private memory differs between invocations, and refuses barriers that depend on it.

use std::collections::BTreeSet;
use std::fmt::Write;

/// The line that declares the parameters, as `lib/params` writes it.
const DECLARED: &str = "@group(0) @binding(0) var<uniform> params: Params;";

/// A number, a vector, or an array of vectors among the parameters.
#[derive(Debug, PartialEq)]
struct Field {
    /// The expression by which shaders read it, such as `params.classes` or `params.block.chunk`.
    path: String,
    /// Its type, or the type of an array's elements.
    kind: String,
    /// How many elements it has, if it is an array.
    length: Option<usize>,
}

impl Field {
    /// The name of its copy.
    fn own(&self) -> String {
        format!("own_{}", self.path.replace('.', "_"))
    }

    /// Declares the copies, and for an array a function that selects an element. With a constant index, compilers
    /// resolve the selection.
    fn declarations(&self) -> String {
        let (own, kind) = (self.own(), &self.kind);
        let Some(length) = self.length else { return format!("var<private> {own}: {kind};\n") };
        let variables: String = (0..length).map(|k| format!("var<private> {own}_{k}: {kind};\n")).collect();
        let last = length - 1;
        let select = |found: String, k: usize| format!("select({found}, {own}_{k}, i == {k}u)");
        let found = (0..last).rev().fold(format!("{own}_{last}"), select);
        format!("{variables}fn {own}(i: u32) -> {kind} {{\n    return {found};\n}}\n")
    }

    /// The statements that copy it.
    fn copies(&self) -> String {
        let (own, path) = (self.own(), &self.path);
        match self.length {
            None => format!(" {own} = {path};"),
            Some(length) => (0..length).map(|k| format!(" {own}_{k} = {path}[{k}];")).collect(),
        }
    }
}

/// Rewrites a text so that the entry point copies the parameters that are read, and all functions read the copies.
pub(super) fn with_own_params(text: &str, entry: &str) -> String {
    let fields = fields(text, "Params", "params");
    let mut read = BTreeSet::new();
    let body: String = text.lines().map(|line| own_line(line, &fields, &mut read) + "\n").collect();
    let read = || fields.iter().filter(|field| read.contains(&field.path));
    let (declared, copied): (String, String) =
        (read().map(Field::declarations).collect(), read().map(Field::copies).collect());

    let mut out = String::with_capacity(2 * text.len());
    let (begin, mut in_head) = (format!("fn {entry}("), false);
    for line in body.lines() {
        if let Some(rest) = line.strip_prefix(&begin) {
            in_head = true;
            let _ = write!(out, "{begin}@builtin(global_invocation_id) invocation_of_all: vec3<u32>, {rest}");
        } else {
            out.push_str(line);
        }
        if in_head && line.ends_with('{') {
            let _ = write!(out, " if invocation_of_all.z == 0u {{{copied} }}");
            in_head = false;
        }
        // on the same line, so that lines keep their numbers
        if line == DECLARED {
            out.push_str(&declared.replace('\n', " "));
        }
        out.push('\n');
    }
    out
}

/// The fields of a struct that the text declares, and of the structs in it.
fn fields(text: &str, name: &str, path: &str) -> Vec<Field> {
    let head = format!("struct {name} {{");
    let lines = text.lines().skip_while(|line| *line != head).skip(1).take_while(|line| *line != "}");
    let declared = lines.filter_map(|line| line.trim().strip_suffix(',')?.split_once(": "));
    let of_one = |(field, kind): (&str, &str)| {
        let path = format!("{path}.{field}");
        if let Some((kind, length)) =
            kind.strip_prefix("array<").and_then(|rest| rest.strip_suffix('>')?.rsplit_once(", "))
        {
            return vec![Field { path, kind: kind.into(), length: length.parse().ok() }];
        }
        if kind.starts_with(char::is_uppercase) {
            return fields(text, kind, &path);
        }
        vec![Field { path, kind: kind.into(), length: None }]
    };
    declared.flat_map(of_one).collect()
}

/// Rewrites a line so that it reads the copies. Adds the fields that it reads to `read`.
fn own_line(line: &str, fields: &[Field], read: &mut BTreeSet<String>) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    while let Some(place) = rest.find("params.") {
        let (before, after) = rest.split_at(place);
        out.push_str(before);
        let end = after.find(|c| !is_name(c) && c != '.').unwrap_or(after.len());
        let field = fields
            .iter()
            .find(|field| after[..end].strip_prefix(&field.path).is_some_and(|rest| !rest.starts_with(is_name)));
        // `my_params.part` is another name
        let Some(field) = field.filter(|_| !out.ends_with(is_name)) else {
            out.push_str("params.");
            rest = &after["params.".len()..];
            continue;
        };
        read.insert(field.path.clone());
        out.push_str(&field.own());
        rest = &after[field.path.len()..];
        if let Some((index, others)) =
            rest.strip_prefix('[').filter(|_| field.length.is_some()).and_then(|rest| rest.split_once(']'))
        {
            let _ = write!(out, "({index})");
            rest = others;
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRUCTS: &str = "struct Params {\n    // sizes\n    part: u32,\n    parts: u32,\n    block: Block,\n    bases: array<vec4<u32>, 3>,\n}\nstruct Block {\n    chunk: u32,\n}\n";

    #[test]
    fn parameters_are_copied_where_a_kernel_begins() {
        let text = format!(
            "{STRUCTS}{DECLARED}\nfn a(k: u32) -> u32 {{\n    return (params.part + my_params.part) + params.bases[k >> 2u].x;\n}}\n\
             fn walk(\n    lane: u32,\n) {{\n    a(params.block.chunk);\n}}\n"
        );
        let want = format!(
            "{STRUCTS}{DECLARED}var<private> own_params_part: u32; var<private> own_params_block_chunk: u32; \
             var<private> own_params_bases_0: vec4<u32>; var<private> own_params_bases_1: vec4<u32>; var<private> own_params_bases_2: vec4<u32>; \
             fn own_params_bases(i: u32) -> vec4<u32> {{     return select(select(own_params_bases_2, own_params_bases_1, i == 1u), own_params_bases_0, i == 0u); }} \n\
             fn a(k: u32) -> u32 {{\n    return (own_params_part + my_params.part) + own_params_bases(k >> 2u).x;\n}}\n\
             fn walk(@builtin(global_invocation_id) invocation_of_all: vec3<u32>, \n    lane: u32,\n) {{ \
             if invocation_of_all.z == 0u {{ own_params_part = params.part; own_params_block_chunk = params.block.chunk; \
             own_params_bases_0 = params.bases[0]; own_params_bases_1 = params.bases[1]; own_params_bases_2 = params.bases[2]; }}\n    \
             a(own_params_block_chunk);\n}}\n"
        );
        assert_eq!(with_own_params(&text, "walk"), want);
    }

    #[test]
    fn every_field_of_the_parameters_is_found() {
        let text = crate::gpu::shaders::find("lib/params").expect("a file").text;
        let fields = fields(text, "Params", "params");
        for known in
            ["params.items", "params.block.other_first", "params.bases", "params.options", "params.fused_weight"]
        {
            assert!(fields.iter().any(|field| field.path == known), "{known}");
        }
    }
}
