//! Writes the inputs of the cases to files, so that peers use equal numbers.

use super::measure::Row;
use crate::suite::case::Case;
use std::fs;
use std::io::{BufWriter, Result, Write};
use std::path::{Path, PathBuf};
use wgloss::{Array, DType, Data};

/// The most bytes of a case's inputs, counted as four bytes an element. Larger cases are not written.
const MOST: usize = 1 << 30;

/// A folder of inputs. Each case is added when it is measured. If the run ends early, the peers have the cases that
/// were measured.
pub struct Inputs {
    folder: PathBuf,
    list: String,
}

impl Inputs {
    /// Makes an empty folder.
    pub fn new(folder: PathBuf) -> Result<Inputs> {
        // inputs of an earlier run must not be taken for this run's
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        Ok(Inputs { folder, list: "case,loss,differentiated\n".into() })
    }

    /// Writes each operand of a case to `FOLDER/CASE/OPERAND.npy`, floats as f32 and labels as i64. Writes
    /// `FOLDER/cases.csv`, with the case, the loss and the differentiated operands.
    pub fn add(&mut self, row: &Row) -> std::result::Result<(), Box<dyn std::error::Error>> {
        // always f32: peers that compute in 16 bits round these numbers as wgloss does
        let problem = Case { dtype: DType::F32, ..row.case.clone() }.problem()?;
        if problem.operands.iter().map(|(_, array)| 4 * array.len()).sum::<usize>() > MOST {
            return Ok(());
        }
        let name = row.case.name();
        let own = self.folder.join(&name);
        fs::create_dir_all(&own)?;
        for (operand, array) in &problem.operands {
            npy(&own.join(format!("{operand}.npy")), array)?;
        }
        self.list += &format!("{name},{},{}\n", row.case.loss, problem.of.join(" "));
        Ok(fs::write(self.folder.join("cases.csv"), &self.list)?)
    }
}

/// Writes NumPy's format: a magic number, a header that is a Python literal, the elements.
fn npy(path: &Path, array: &Array) -> Result<()> {
    let kind = if matches!(array.data(), Data::F32(_)) { "<f4" } else { "<i8" };
    let sizes: String = array.shape().iter().map(|size| format!("{size},")).collect();
    let literal = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({sizes}), }}");
    // padded as NumPy does, so that the elements begin at a multiple of 64
    let header = format!("{literal:<width$}\n", width = (literal.len() + 11).next_multiple_of(64) - 11);
    let mut file = BufWriter::new(fs::File::create(path)?);
    file.write_all(b"\x93NUMPY\x01\x00")?;
    file.write_all(&(header.len() as u16).to_le_bytes())?;
    file.write_all(header.as_bytes())?;
    match array.data() {
        Data::F32(floats) if cfg!(target_endian = "little") => file.write_all(bytemuck::cast_slice(floats))?,
        Data::F32(floats) => floats.iter().try_for_each(|x| file.write_all(&x.to_le_bytes()))?,
        _ => array.to_f64().iter().try_for_each(|x| file.write_all(&(*x as i64).to_le_bytes()))?,
    }
    file.flush()
}
