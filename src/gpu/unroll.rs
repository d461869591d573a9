//! Unrolls loops over classes, where these are few and known: compilers that do not would keep what is indexed by a class in
//! memory rather than in registers.

/// The line that tells how many classes there are, and that which begins a loop over them, as shader files write them.
const COUNT: &str = "const CLASSES: u32 = 4u;";
const LOOP: &str = "for (var k = classes_from(); k < classes_to(); k += 1u) {";

/// The text for so many classes, each loop over them written out.
pub(super) fn unrolled(text: &str, classes: u32) -> String {
    let mut out = String::with_capacity(2 * text.len());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        match line.strip_suffix(LOOP) {
            Some(indent) if indent.trim().is_empty() => {
                let end = format!("{indent}}}");
                let body: Vec<&str> = lines.by_ref().take_while(|line| *line != end).collect();
                let body = body.join("\n");
                for k in 0..classes {
                    out.push_str(&format!("{indent}{{\n{indent}    const k = {k}u;\n{body}\n{end}\n"));
                }
            }
            _ if line == COUNT => out.push_str(&format!("const CLASSES: u32 = {classes}u;\n")),
            _ => {
                out.push_str(line);
                out.push('\n');
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_over_classes_is_written_out_with_what_it_holds() {
        let text = "const CLASSES: u32 = 4u;\n    for (var k = classes_from(); k < classes_to(); k += 1u) {\n        if a {\n            b(k);\n        }\n    }\n    c();\n";
        let want = "const CLASSES: u32 = 2u;\n    {\n        const k = 0u;\n        if a {\n            b(k);\n        }\n    }\n    \
                    {\n        const k = 1u;\n        if a {\n            b(k);\n        }\n    }\n    c();\n";
        assert_eq!(unrolled(text, 2), want);
    }

    #[test]
    fn other_loops_are_left_alone() {
        let text = "for (var k = 0u; k < params.classes; k += 1u) {\n    b(k);\n}\n";
        assert_eq!(unrolled(text, 3), text);
    }
}
