// The gradient of the first element operand in the operand's own place. Uses lib/params dtype/float operand/x0.
fn store_dx0(i: u32, d: f32) {
    x0[i + base(2u)] = bitcast<u32>(d);
}
