// The classes that a dispatch goes through, where they are few and all of them: their number is told when the text is joined, and loops over them are written out.
const CLASSES: u32 = 4u;

fn classes_from() -> u32 {
    return 0u;
}

fn classes_to() -> u32 {
    return CLASSES;
}

fn classes_end() -> bool {
    return true;
}
