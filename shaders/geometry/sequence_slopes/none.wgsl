// No gradient of a mean over a sequence is wanted.
fn note_slopes(d: vec4<f32>) {}

fn keep_slopes(workgroup: u32, live: bool, lane: u32) {}
