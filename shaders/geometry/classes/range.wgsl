// The classes that a dispatch walks: a range of them.
// needs: lib/params
fn classes_from() -> u32 {
    return params.block.other_first;
}

fn classes_to() -> u32 {
    return params.block.other_end;
}

// Whether the range ends with the last class.
fn classes_end() -> bool {
    return params.block.other_end == params.classes;
}
