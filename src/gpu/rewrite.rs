//! What of a kernel's text is rewritten, since some compilers would not do it themselves.

/// A loop that is written out: the line that tells how often it is gone through, the constant that counts, and how the loop
/// begins, as shader files write them. A compiler that does not unroll it would keep what is indexed by that in memory rather than
/// in registers.
pub(super) struct Unrolled {
    count: &'static str,
    by: &'static str,
    begins: &'static str,
    /// What each turn stands in.
    within: [&'static str; 2],
}

/// Over classes, where these are few and known.
pub(super) const CLASSES: Unrolled = Unrolled {
    count: "const CLASSES: u32 = ",
    by: "k",
    begins: "for (var k = classes_from(); k < classes_to(); k += 1u) {",
    within: ["", ""],
};

/// Over a lane's fours of a row, where these are few and known.
pub(super) const ROW: Unrolled = Unrolled {
    count: "const ROW_FOURS: u32 = ",
    by: "row_four",
    begins: "for (var k = begin + (4u * lane); k < end; k += 4u * lanes) {",
    // not every lane may have as many
    within: [" let k = begin + (4u * (lane + (row_four * lanes))); if k < end {", " }"],
};

/// Over the fours of a strip.
pub(super) const STRIP: Unrolled = Unrolled {
    count: "const STRIP: u32 = ",
    by: "q",
    begins: "for (var q = 0u; q < STRIP; q += 1u) {",
    within: ["", ""],
};

impl Unrolled {
    /// The text for so many times, each loop written out.
    pub fn written_out(&self, text: &str, times: u32) -> String {
        let mut out = String::with_capacity(2 * text.len());
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            match line.strip_suffix(self.begins) {
                Some(indent) if indent.trim().is_empty() => {
                    let end = format!("{indent}}}");
                    let body: Vec<&str> = lines.by_ref().take_while(|line| *line != end).collect();
                    let (body, [opens, closes]) = (body.join("\n"), self.within);
                    for time in 0..times {
                        let told = format!("const {} = {time}u;{opens}", self.by);
                        out.push_str(&format!("{indent}{{\n{indent}    {told}\n{body}\n{end}{closes}\n"));
                    }
                }
                _ if line.starts_with(self.count) => out.push_str(&format!("{}{times}u;\n", self.count)),
                _ => {
                    out.push_str(line);
                    out.push('\n');
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_over_classes_is_written_out_with_what_it_holds() {
        let text = "const CLASSES: u32 = 4u;\n    for (var k = classes_from(); k < classes_to(); k += 1u) {\n        if a {\n            b(k);\n        }\n    }\n    c();\n";
        let want = "const CLASSES: u32 = 2u;\n    {\n        const k = 0u;\n        if a {\n            b(k);\n        }\n    }\n    \
                    {\n        const k = 1u;\n        if a {\n            b(k);\n        }\n    }\n    c();\n";
        assert_eq!(CLASSES.written_out(text, 2), want);
    }

    #[test]
    fn a_lane_has_no_more_fours_of_a_row_than_there_are() {
        let text =
            "    for (var k = begin + (4u * lane); k < end; k += 4u * lanes) {\n        a(row_four, k);\n    }\n";
        let want = "    {\n        const row_four = 0u; let k = begin + (4u * (lane + (row_four * lanes))); if k < end {\n        \
                    a(row_four, k);\n    } }\n";
        assert_eq!(ROW.written_out(text, 1), want);
    }

    #[test]
    fn other_loops_are_left_alone() {
        let text = "for (var k = 0u; k < params.classes; k += 1u) {\n    b(k);\n}\n";
        assert_eq!(CLASSES.written_out(text, 3), text);
    }
}
