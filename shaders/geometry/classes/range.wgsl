// The classes that a dispatch goes through.
// needs: lib/params
fn classes_from() -> u32 {
    return params.block.other_first;
}

fn classes_to() -> u32 {
    return params.block.other_end;
}

// Whether they end with the last class.
fn classes_end() -> bool {
    return params.block.other_end == params.classes;
}
