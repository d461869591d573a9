//! The WGSL that every compiler takes. The rules check each kernel's text and module for what naga accepts, but another
//! compiler refuses, gets wrong, or never finishes.

mod branches;
mod code;
mod examples;
mod flow;
mod grammar;
mod loops;
mod pointers;
mod products;
mod vectors;

use super::compiled::{in_parallel, joined, name};
use code::{Code, Finding};
use std::collections::BTreeMap;

/// A rule for modules. Its examples name it.
pub type Rule = fn(&Code<'_>) -> Vec<Finding>;
pub const RULES: &[(&str, Rule)] = &[
    ("vectors", vectors::findings),
    ("flow", flow::findings),
    ("branches", branches::findings),
    ("pointers", pointers::findings),
    ("products", products::findings),
];

#[test]
fn every_kernel_keeps_to_the_dialect() {
    let linted = in_parallel(joined(), |joined| {
        let kernel = &joined.kernels[0];
        let (module, info) = joined.specialised(kernel);
        let code = Code::new(&module, &info);
        let text = kernel.text();
        let mut said = Vec::new();
        for (rule, findings) in RULES {
            // kernels with copied parameters or subgroups run on Vulkan only, which needs no proof of uniform flow
            if *rule == "flow" && (kernel.own_params || joined.needs_features()) {
                continue;
            }
            for finding in findings(&code) {
                // loops may be unrolled, so the line's text finds the file; its number would not
                let line = text.lines().nth(finding.span.location(&text).line_number as usize - 1).unwrap_or_default();
                let file = kernel.files().iter().find(|file| file.text().lines().any(|own| own == line));
                let file = file.map_or("the joined text", |file| file.path());
                said.push((format!("{file}: {}: `{}`", finding.why, line.trim()), name(kernel)));
            }
        }
        said
    });
    let mut refused: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for (said, kernel) in linted.into_iter().flatten() {
        refused.entry(said).or_insert((0, kernel)).0 += 1;
    }
    let lines = refused.iter().map(|(said, (count, kernel))| format!("{said} ({count} kernels, one is {kernel})"));
    let lines: Vec<_> = lines.collect();
    assert!(lines.is_empty(), "{} findings\n{}", lines.len(), lines.join("\n"));
}
