//! Puts tensors into one buffer, at offsets that are aligned to their elements only.

use wgloss::wgpu::{BufferDescriptor, BufferUsages};
use wgloss::{Array, Data, Gpu, Operand, Result, Tensor};

/// The bytes between tensors. They are NaN as floats and out of range as labels, so that a read outside a tensor shows.
const GUARD: u8 = 0xff;

/// Uploads the arrays into one buffer, each after a guard of at least one element. Each is aligned to the size of its elements,
/// or to `least` bytes if that is more.
pub fn slices(gpu: &Gpu, arrays: &[Array], least: usize) -> Result<Vec<Tensor>> {
    let (mut bytes, mut places) = (Vec::new(), Vec::new());
    for array in arrays {
        let size = array.dtype().size().max(least);
        bytes.resize((bytes.len() + size).next_multiple_of(size), GUARD);
        let start = bytes.len();
        bytes.extend(bytes_of(array));
        places.push(start..bytes.len());
    }
    bytes.resize((bytes.len() + 1).next_multiple_of(4), GUARD);
    let buffer = gpu.device().create_buffer(&BufferDescriptor {
        label: Some("slices"),
        size: bytes.len() as u64,
        usage: BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    gpu.queue().write_buffer(&buffer, 0, &bytes);
    let slice = |(array, place): (&Array, std::ops::Range<usize>)| {
        if array.is_empty() {
            return gpu.upload_array(array);
        }
        let slice = buffer.slice(place.start as u64..place.end as u64);
        Ok(gpu.wrap(slice, array.shape(), array.dtype())?.with_class_axis(array.class_axis()))
    };
    arrays.iter().zip(places).map(slice).collect()
}

/// The elements as little-endian bytes.
fn bytes_of(array: &Array) -> Vec<u8> {
    match array.data() {
        Data::F32(x) => x.iter().flat_map(|x| x.to_le_bytes()).collect(),
        Data::F16(x) => x.iter().flat_map(|x| x.to_le_bytes()).collect(),
        Data::BF16(x) => x.iter().flat_map(|x| x.to_le_bytes()).collect(),
        Data::F64(x) => x.iter().flat_map(|x| x.to_le_bytes()).collect(),
        Data::I32(x) => x.iter().flat_map(|x| x.to_le_bytes()).collect(),
        Data::U32(x) => x.iter().flat_map(|x| x.to_le_bytes()).collect(),
        Data::U8(x) => x.to_vec(),
        Data::I64(x) => x.iter().flat_map(|x| x.to_le_bytes()).collect(),
    }
}
