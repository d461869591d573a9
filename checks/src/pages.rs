//! Buffers of a caller that hold tensors at random offsets. The bytes around the tensors are guards, which nothing may
//! write.

use crate::case::Door;
use crate::draw::Rng;
use wgloss::wgpu::{BufferDescriptor, BufferUsages};
use wgloss::{Array, Data, Gpu, Operand, Tensor, wgpu};

/// The byte between tensors. Floats of such bytes are NaN, and labels are out of range, so that a read beyond a tensor shows.
const GUARD: u8 = 0xff;

/// The buffers. Places for arrays are reserved first; then all buffers are filled at once.
pub struct Pages<'a> {
    gpu: &'a Gpu,
    door: Door,
    rng: Rng,
    /// Whether tensors begin at multiples of 16 bytes, so that kernels may load quads.
    in_quads: bool,
    pages: Vec<Page>,
    places: Vec<Place>,
}

struct Page {
    bytes: Vec<u8>,
    buffer: Option<wgpu::Buffer>,
}

struct Place {
    page: usize,
    start: usize,
    array: Array,
    tensor: Option<Tensor>,
}

impl<'a> Pages<'a> {
    /// Makes no buffers yet. `door` says how tensors reach the GPU: in one buffer, in a buffer each, or uploaded, which
    /// needs no buffers.
    pub fn new(gpu: &'a Gpu, door: Door, seed: u64) -> Pages<'a> {
        let mut rng = Rng::new(seed ^ 0x9a9e);
        let in_quads = rng.once_in(2);
        Pages { gpu, door, rng, in_quads, pages: Vec::new(), places: Vec::new() }
    }

    /// Reserves a place for an array, after a few elements of guard, and returns its number.
    pub fn reserve(&mut self, array: &Array) -> usize {
        if self.pages.is_empty() || self.door != Door::OneBuffer {
            self.pages.push(Page { bytes: Vec::new(), buffer: None });
        }
        let page = self.pages.len() - 1;
        let bytes = &mut self.pages[page].bytes;
        let size = array.dtype().size();
        let whole = if self.in_quads { 16 } else { size };
        let start = (bytes.len() + self.rng.below(9) * whole).next_multiple_of(whole);
        bytes.resize(start, GUARD);
        bytes.extend(bytes_of(array));
        self.places.push(Place { page, start, array: array.clone(), tensor: None });
        self.places.len() - 1
    }

    /// Makes the buffers, and a tensor for each place.
    pub fn fill(&mut self) -> Result<(), String> {
        if self.door == Door::Uploaded {
            for place in &mut self.places {
                place.tensor = Some(self.gpu.upload_array(&place.array).map_err(|e| e.to_string())?);
            }
            return Ok(());
        }
        for page in &mut self.pages {
            // some buffers end with their last tensor
            let size = page.bytes.len().next_multiple_of(4).max(4) + 4 * self.rng.below(4);
            page.bytes.resize(size, GUARD);
            page.buffer = Some(buffer_of(self.gpu, &page.bytes));
        }
        for place in &mut self.places {
            let buffer = self.pages[place.page].buffer.as_ref().expect("filled above");
            let end = place.start + bytes_of(&place.array).len();
            let (slice, shape) = (buffer.slice(place.start as u64..end as u64), place.array.shape());
            let tensor = self.gpu.wrap(slice, shape, place.array.dtype()).map_err(|e| format!("wrap: {e}"))?;
            place.tensor = Some(tensor.with_class_axis(place.array.class_axis()));
        }
        Ok(())
    }

    /// The tensor of a place.
    pub fn tensor(&self, place: usize) -> Tensor {
        self.places[place].tensor.clone().expect("filled before tensors are asked for")
    }

    /// Reads these places. Any other byte that has changed is an error.
    pub fn read(&self, written: &[usize]) -> Result<Vec<Array>, String> {
        let read = |tensor: &Tensor| tensor.read().wait().map_err(|e| e.to_string());
        for (number, page) in self.pages.iter().enumerate() {
            let Some(buffer) = &page.buffer else { continue };
            let words = page.bytes.len() / 4;
            let whole = self.gpu.wrap(buffer.slice(..), [words], wgloss::DType::U32).map_err(|e| e.to_string())?;
            let mut after = bytes_of(&read(&whole)?);
            for place in written.iter().map(|&place| &self.places[place]).filter(|place| place.page == number) {
                let bytes = bytes_of(&place.array);
                after[place.start..place.start + bytes.len()].copy_from_slice(&bytes);
            }
            if let Some(at) = (0..after.len()).find(|&at| after[at] != page.bytes[at]) {
                return Err(format!("byte {at} of buffer {number} was written, which is no output"));
            }
        }
        written.iter().map(|&place| read(&self.tensor(place))).collect()
    }
}

/// A buffer with these bytes that tensors can be wrapped around.
pub fn buffer_of(gpu: &Gpu, bytes: &[u8]) -> wgpu::Buffer {
    let buffer = gpu.device().create_buffer(&BufferDescriptor {
        label: Some("the caller's"),
        size: bytes.len() as u64,
        usage: BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST,
        mapped_at_creation: true,
    });
    buffer.get_mapped_range_mut(..).expect("mapped at creation").copy_from_slice(bytes);
    buffer.unmap();
    buffer
}

/// An array's elements as they lie in memory.
pub fn bytes_of(array: &Array) -> Vec<u8> {
    match array.data() {
        Data::F32(x) => bytemuck::cast_slice(x).to_vec(),
        Data::F16(x) => bytes_of_halves(x.iter().map(|x| x.to_bits())),
        Data::BF16(x) => bytes_of_halves(x.iter().map(|x| x.to_bits())),
        Data::F64(x) => bytemuck::cast_slice(x).to_vec(),
        Data::I32(x) => bytemuck::cast_slice(x).to_vec(),
        Data::U32(x) => bytemuck::cast_slice(x).to_vec(),
        Data::U8(x) => x.to_vec(),
        Data::I64(x) => bytemuck::cast_slice(x).to_vec(),
    }
}

fn bytes_of_halves(halves: impl Iterator<Item = u16>) -> Vec<u8> {
    halves.flat_map(u16::to_le_bytes).collect()
}
