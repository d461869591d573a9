//! Unrolls the loops that shader files mark. Some compilers would not unroll them, and would then keep arrays that the
//! loop indexes in memory rather than in registers.
//!
//! A mark is a line before a loop. `// @unroll k CLASSES` unrolls `for (var k = ...` as often as the constant `CLASSES`
//! says, which the kernel sets. A mark with another counter, such as `// @unroll row_quad ROW_QUADS`, keeps the loop's
//! condition in every turn, because some lanes may have fewer turns.

use std::borrow::Cow;

/// A line of a kernel's text, with where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    pub text: Cow<'static, str>,
    /// The index of its file in the kernel.
    pub file: usize,
    /// Its line number in the file, counted from 1.
    pub number: usize,
}

/// The words that a mark begins with.
const MARK: &str = "// @unroll ";

/// A marked loop: `for (var NAME = START; CONDITION; NAME += STEP) {`.
struct Loop<'a> {
    indent: &'a str,
    name: &'a str,
    start: &'a str,
    condition: &'a str,
    step: &'a str,
}

impl<'a> Loop<'a> {
    fn of(line: &'a str) -> Option<Loop<'a>> {
        let begin = line.trim_start();
        let indent = &line[..line.len() - begin.len()];
        let head = begin.strip_prefix("for (var ")?.strip_suffix(") {")?;
        let [first, condition, last] = head.split("; ").collect::<Vec<_>>()[..] else { return None };
        let (name, start) = first.split_once(" = ")?;
        let step = last.strip_prefix(name)?.strip_prefix(" += ")?;
        Some(Loop { indent, name, start, condition, step })
    }

    /// The first and the last line of a turn: one repetition of the body.
    fn turn(&self, counter: &str, number: u32) -> [String; 2] {
        let Loop { indent, name, start, condition, step } = self;
        let counted = format!("{indent}{{ const {counter} = {number}u;");
        match counter == *name {
            true => [counted, format!("{indent}}}")],
            false => [
                format!("{counted} let {name} = {start} + ({counter} * ({step})); if {condition} {{"),
                format!("{indent}}} }}"),
            ],
        }
    }
}

/// Unrolls every loop that is marked with `count` into `times` turns, and sets the constant `count`.
pub(super) fn unroll(lines: Vec<Line>, count: &str, times: u32) -> Vec<Line> {
    let constant = format!("const {count}: u32 = ");
    let mut out = Vec::with_capacity(2 * lines.len());
    let mut place = 0;
    while let Some(line) = lines.get(place) {
        place += 1;
        if line.text.starts_with(&constant) {
            out.push(Line { text: format!("{constant}{times}u;").into(), ..*line });
            continue;
        }
        let counter =
            line.text.trim_start().strip_prefix(MARK).and_then(|mark| mark.strip_suffix(count)?.strip_suffix(' '));
        let Some(counter) = counter else {
            out.push(line.clone());
            continue;
        };
        let first = lines.get(place).unwrap_or_else(|| unreachable!("a mark is followed by its loop"));
        let marked =
            Loop::of(&first.text).unwrap_or_else(|| unreachable!("no loop that can be unrolled: {}", first.text));
        let end = format!("{}}}", marked.indent);
        let length = lines[place..].iter().position(|line| line.text == end);
        let length = length.unwrap_or_else(|| unreachable!("a loop without an end: {}", first.text));
        let (body, last) = (&lines[place + 1..place + length], &lines[place + length]);
        for time in 0..times {
            let [begins, ends] = marked.turn(counter, time);
            out.push(Line { text: begins.into(), ..*first });
            out.extend_from_slice(body);
            out.push(Line { text: ends.into(), ..*last });
        }
        place += length + 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<Line> {
        text.lines().zip(1..).map(|(text, number)| Line { text: text.to_string().into(), file: 3, number }).collect()
    }

    fn unrolled(text: &str, count: &str, times: u32) -> String {
        unroll(lines(text), count, times).into_iter().map(|line| line.text + "\n").collect()
    }

    #[test]
    fn a_marked_loop_is_unrolled_with_its_body() {
        let text = "const CLASSES: u32 = 4u;\n    // @unroll k CLASSES\n    for (var k = classes_from(); k < classes_to(); k += 1u) {\n        \
                    if a {\n            b(k);\n        }\n    }\n    c();\n";
        let turn = |k: u32| format!("    {{ const k = {k}u;\n        if a {{\n            b(k);\n        }}\n    }}\n");
        let want = format!("const CLASSES: u32 = 2u;\n{}{}    c();\n", turn(0), turn(1));
        assert_eq!(unrolled(text, "CLASSES", 2), want);
        // an unrolled line keeps its line number
        let places: Vec<usize> = unroll(lines(text), "CLASSES", 2).iter().map(|line| line.number).collect();
        assert_eq!(places, [1, 3, 4, 5, 6, 7, 3, 4, 5, 6, 7, 8]);
    }

    #[test]
    fn a_separate_counter_keeps_the_loops_condition() {
        let text = "    // @unroll row_quad ROW_QUADS\n    for (var k = begin + (4u * lane); k < end; k += 4u * lanes) {\n        \
                    a(row_quad, k);\n    }\n";
        let want = "    { const row_quad = 0u; let k = begin + (4u * lane) + (row_quad * (4u * lanes)); if k < end {\n        \
                    a(row_quad, k);\n    } }\n";
        assert_eq!(unrolled(text, "ROW_QUADS", 1), want);
    }

    #[test]
    fn loops_within_a_marked_loop_are_unrolled_with_it() {
        let text = "// @unroll k CLASSES\nfor (var k = 0u; k < CLASSES; k += 1u) {\n    // @unroll q STRIP\n    \
                    for (var q = 0u; q < STRIP; q += 1u) {\n        a(k, q);\n    }\n}\n";
        let of_strip = unroll(lines(text), "STRIP", 2);
        let both: String = unroll(of_strip, "CLASSES", 3).into_iter().map(|line| line.text).collect();
        assert_eq!(both.matches("a(k, q);").count(), 6);
        assert!(!both.contains("for ("), "{both}");
    }

    #[test]
    fn other_loops_are_left_alone() {
        let text = "for (var k = 0u; k < params.classes; k += 1u) {\n    b(k);\n}\n";
        assert_eq!(unrolled(text, "CLASSES", 3), text);
    }

    /// Every loop over a constant that kernels set has a mark. Otherwise an edit could lose the optimisation unnoticed.
    #[test]
    fn every_loop_that_kernels_unroll_is_marked() {
        let mut marks = 0;
        for source in crate::gpu::shaders::FILES {
            let lines: Vec<&str> = source.text.lines().collect();
            for (place, line) in lines.iter().enumerate().filter(|(_, line)| line.trim_start().starts_with("for (")) {
                let counted =
                    ["STRIP", "classes_to()", "CLASSES"].iter().any(|count| line.contains(&format!("< {count};")));
                let counted = counted || line.contains("k < end; k += 4u * lanes");
                let marked = place > 0 && lines[place - 1].trim_start().starts_with(MARK);
                let exempt = source.path == "geometry/classes/range";
                assert!(marked || !counted || exempt, "shaders/{}.wgsl: no mark before `{line}`", source.path);
                assert!(!marked || Loop::of(line).is_some(), "shaders/{}.wgsl: `{line}`", source.path);
                marks += usize::from(marked);
            }
            let all = source.text.matches(MARK).count();
            let before_loops =
                lines.windows(2).filter(|pair| pair[0].contains(MARK) && pair[1].contains("for (")).count();
            assert_eq!(all, before_loops, "shaders/{}.wgsl: a mark without a loop", source.path);
        }
        assert!(marks > 20, "{marks} marks");
    }
}
