//! Hello.
use wgloss::*;
fn main() -> Result<()> {
    let gpu = Gpu::new()?;
    let x = gpu.upload(&[1.0f32, 2.0, 3.0, 0.5, 0.1, 0.2], [2, 3])?;
    let t = gpu.upload(&[1i32, 2], [2])?;
    let term = CrossEntropy::default().of(&x, &t);
    let (out, [g]) = gpu.gradients(&term, [&x])?;
    println!("{} {:?} {:?}", out.loss().wait()?, g.read().wait()?.to_f32(), out.parts().wait()?);
    let term = Dice::default().of(&x, &t);
    let (out, [g]) = gpu.gradients(&term, [&x])?;
    println!("{} {:?} {:?}", out.loss().wait()?, g.read().wait()?.to_f32(), out.parts().wait()?);
    let term = Mse::default().of(&x, &x);
    let (out, [g]) = gpu.gradients(&term, [&x])?;
    println!("{} {:?} {:?}", out.loss().wait()?, g.read().wait()?.to_f32(), out.parts().wait()?);
    Ok(())
}
