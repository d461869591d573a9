//! A tensor in the host's memory. The CPU twins compute with it. It is uploaded to a GPU, and results of a GPU are read
//! into it.

use crate::error::{Error, Result};
use crate::shape::{ClassAxis, DType, elements};
use half::{bf16, f16};
use std::sync::Arc;

/// A dense, row-major tensor in the host's memory. Clones share its elements.
///
/// A slice of `bool` is stored as bytes, 0 and 1. A GPU has no `f64`: it gets the numbers rounded to `f32`.
///
/// ```
/// use wgloss::Array;
/// let x = Array::new(&[1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0], [2, 3])?;
/// assert_eq!(x.shape(), [2, 3]);
/// # Ok::<(), wgloss::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Array {
    data: Data,
    shape: Vec<usize>,
    pub(crate) class_axis: ClassAxis,
    /// The element type of the gradient on a GPU, where it is not the array's own.
    pub(crate) gradient: Option<DType>,
}

/// The elements of an [`Array`].
#[derive(Clone, Debug)]
pub enum Data {
    /// 32-bit floats.
    F32(Arc<[f32]>),
    /// IEEE's 16-bit floats.
    F16(Arc<[f16]>),
    /// The upper halves of 32-bit floats.
    BF16(Arc<[bf16]>),
    /// 64-bit floats.
    F64(Arc<[f64]>),
    /// 32-bit signed integers.
    I32(Arc<[i32]>),
    /// 32-bit unsigned integers.
    U32(Arc<[u32]>),
    /// Bytes.
    U8(Arc<[u8]>),
    /// 64-bit signed integers.
    I64(Arc<[i64]>),
}

/// A type that an [`Array`]'s elements can have.
pub trait Element: Copy {
    /// The type as a [`DType`].
    const DTYPE: DType;
    /// Copies a slice into an array's storage.
    fn store(slice: &[Self]) -> Data;
}

/// Evaluates `$body` with `$numbers` bound to an iterator over the elements of any type. f16 and bf16 elements are converted to
/// f32.
macro_rules! each_type {
    ($data:expr, $numbers:ident => $body:expr) => {
        each_type!($data, $numbers => $body, [F32 F64 I32 U32 U8 I64], [F16 BF16])
    };
    ($data:expr, $numbers:ident => $body:expr, [$($plain:ident)*], [$($half:ident)*]) => {
        match $data {
            $(Data::$plain(slice) => {
                let $numbers = slice.iter().copied();
                $body
            })*
            $(Data::$half(slice) => {
                let $numbers = slice.iter().map(|half| half.to_f32());
                $body
            })*
        }
    };
}

macro_rules! element {
    ($($type:ty => $name:ident),*) => {$(
        impl Element for $type {
            const DTYPE: DType = DType::$name;
            fn store(slice: &[Self]) -> Data {
                Data::$name(slice.into())
            }
        }
    )*};
}

/// A `bool` is stored as a byte, 0 or 1.
impl Element for bool {
    const DTYPE: DType = DType::U8;
    fn store(slice: &[bool]) -> Data {
        Data::U8(slice.iter().map(|&flag| u8::from(flag)).collect())
    }
}

element!(f32 => F32, f16 => F16, bf16 => BF16, f64 => F64, i32 => I32, u32 => U32, u8 => U8, i64 => I64);

#[expect(clippy::unnecessary_cast, reason = "one line converts every type")]
impl Array {
    /// An array of a slice's elements.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] where the shape's element count is not the slice's length.
    pub fn new<E: Element>(elements: &[E], shape: impl Into<Vec<usize>>) -> Result<Array> {
        Array::from_data(E::store(elements), shape)
    }

    /// An array of elements whose type is known only at run time.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] where the shape's element count is not the number of elements.
    pub fn from_data(data: Data, shape: impl Into<Vec<usize>>) -> Result<Array> {
        let shape = shape.into();
        let len = each_type!(&data, numbers => numbers.len());
        if elements(&shape) != Some(len) {
            return Err(Error::ShapeMismatch {
                loss: "array",
                operand: "elements".into(),
                expected: format!("a shape of {len} elements"),
                got: shape,
            });
        }
        Ok(Array { data, shape, class_axis: ClassAxis::Second, gradient: None })
    }

    /// The same elements, with the last axis as the class axis: `[B, T, V]`, NHWC.
    pub fn class_axis_last(self) -> Array {
        self.with_class_axis(ClassAxis::Last)
    }

    /// The same elements, with this axis as the class axis.
    pub fn with_class_axis(mut self, axis: ClassAxis) -> Array {
        self.class_axis = axis;
        self
    }

    /// The same elements, whose gradient on a GPU is f32 even where the array is f16 or bf16. On the CPU a gradient is
    /// always f64.
    pub fn f32_gradient(mut self) -> Array {
        self.gradient = Some(DType::F32);
        self
    }

    /// The shape, outermost axis first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        each_type!(&self.data, numbers => numbers.len())
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements, in row-major order.
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        match &self.data {
            Data::F32(_) => DType::F32,
            Data::F16(_) => DType::F16,
            Data::BF16(_) => DType::BF16,
            Data::F64(_) => DType::F64,
            Data::I32(_) => DType::I32,
            Data::U32(_) => DType::U32,
            Data::U8(_) => DType::U8,
            Data::I64(_) => DType::I64,
        }
    }

    /// The same numbers in another element type. A float type rounds to nearest; an integer type truncates, and clamps to its
    /// range.
    pub fn cast(&self, dtype: DType) -> Array {
        let data = match dtype {
            DType::F32 => Data::F32(self.to_f32().into()),
            DType::F16 => Data::F16(self.to_f64().into_iter().map(f16::from_f64).collect()),
            DType::BF16 => Data::BF16(self.to_f64().into_iter().map(bf16::from_f64).collect()),
            DType::F64 => Data::F64(self.to_f64().into()),
            // by way of f64, since a cast from integer to integer wraps
            DType::I32 => each_type!(&self.data, numbers => Data::I32(numbers.map(|v| v as f64 as i32).collect())),
            DType::U32 => each_type!(&self.data, numbers => Data::U32(numbers.map(|v| v as f64 as u32).collect())),
            DType::U8 => each_type!(&self.data, numbers => Data::U8(numbers.map(|v| v as f64 as u8).collect())),
            DType::I64 => Data::I64(self.to_i64().into()),
        };
        Array { data, ..self.clone() }
    }

    /// The elements as `f64`; integers beyond 2^53 are rounded.
    pub fn to_f64(&self) -> Vec<f64> {
        each_type!(&self.data, numbers => numbers.map(|v| v as f64).collect())
    }

    /// The elements as `f32`, rounded to nearest.
    pub fn to_f32(&self) -> Vec<f32> {
        each_type!(&self.data, numbers => numbers.map(|v| v as f32).collect())
    }

    /// The elements as integers; floats are truncated.
    pub(crate) fn to_i64(&self) -> Vec<i64> {
        each_type!(&self.data, numbers => numbers.map(|v| v as i64).collect())
    }

    /// Whether two arrays share their elements, as clones do.
    pub(crate) fn shares_elements(&self, other: &Array) -> bool {
        match (&self.data, &other.data) {
            (Data::F32(a), Data::F32(b)) => Arc::ptr_eq(a, b),
            (Data::F16(a), Data::F16(b)) => Arc::ptr_eq(a, b),
            (Data::BF16(a), Data::BF16(b)) => Arc::ptr_eq(a, b),
            (Data::F64(a), Data::F64(b)) => Arc::ptr_eq(a, b),
            (Data::I32(a), Data::I32(b)) => Arc::ptr_eq(a, b),
            (Data::U32(a), Data::U32(b)) => Arc::ptr_eq(a, b),
            (Data::U8(a), Data::U8(b)) => Arc::ptr_eq(a, b),
            (Data::I64(a), Data::I64(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}
