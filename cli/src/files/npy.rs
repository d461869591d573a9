//! NumPy's `.npy` format: a magic number, a header that is a Python literal, the elements.
//!
//! Parsed by hand, because the size in a damaged header has to be compared with the file before memory is allocated.
//! The format has no bf16, so bf16 arrays are written as f32.

use super::stored::Stored;
use super::{Bytes, Opened};
use std::io::Read;
use wgloss::{Array, DType, Data};

const MAGIC: &[u8] = b"\x93NUMPY";

/// The longest header that is read. The header of the longest shape is far shorter.
const LONGEST_HEADER: usize = 1 << 20;

/// NumPy's names for types of numbers, without the letter in front of them that gives the byte order.
const TYPES: [(Stored, &str); 12] = [
    (Stored::F32, "f4"),
    (Stored::F16, "f2"),
    (Stored::F64, "f8"),
    (Stored::Bool, "b1"),
    (Stored::U8, "u1"),
    (Stored::I8, "i1"),
    (Stored::U16, "u2"),
    (Stored::I16, "i2"),
    (Stored::U32, "u4"),
    (Stored::I32, "i4"),
    (Stored::U64, "u8"),
    (Stored::I64, "i8"),
];

/// Reads the array in a file.
#[cfg(any(test, feature = "fuzzing"))]
pub fn read(bytes: Bytes<impl Read>) -> Result<Array, String> {
    open(bytes)?.rest()
}

/// Reads the header of a file, and compares what it claims with the file's length, if that is known.
pub fn open<R: Read>(mut bytes: Bytes<R>) -> Result<Opened<R>, String> {
    if bytes.next(MAGIC.len())?.is_none_or(|magic| magic != MAGIC) {
        return Err("is not an .npy file".into());
    }
    let mut next = |count: usize| bytes.next(count)?.ok_or_else(|| "is cut off in its header".to_string());
    let version = next(2)?;
    // the size is little-endian, in two or four bytes
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0usize, |number, byte| number << 8 | usize::from(*byte));
    let size = match version[..] {
        [1, _] => number(&next(2)?),
        [2 | 3, _] => number(&next(4)?),
        _ => return Err(format!("has the unknown .npy version {}.{}", version[0], version[1])),
    };
    if size > LONGEST_HEADER && bytes.left.is_none_or(|left| size as u64 <= left) {
        return Err(format!("has a damaged header: {size} bytes are more than {LONGEST_HEADER}"));
    }
    let text = bytes.next(size)?.ok_or("is cut off in its header")?;
    let text = str::from_utf8(&text).map_err(|_| "has a damaged header: it is not text")?;
    Header::parse(text)?.open(bytes)
}

/// The bytes of an `.npy` file that holds `array`.
pub fn bytes(array: &Array) -> Vec<u8> {
    let descr = match array.dtype() {
        DType::F32 | DType::BF16 => "<f4",
        DType::F16 => "<f2",
        DType::F64 => "<f8",
        DType::I32 => "<i4",
        DType::U32 => "<u4",
        DType::U8 => "|u1",
        DType::I64 => "<i8",
        // arrays have no other dtype
        _ => "",
    };
    let sizes: String = array.shape().iter().map(|size| format!("{size}, ")).collect();
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({}), }}", sizes.trim_end());
    // the format ends the header with a line feed and starts the elements at a multiple of 64 bytes, so that they can
    // be mapped
    let lead = MAGIC.len() + 4;
    let padded = (lead + header.len() + 1).next_multiple_of(64) - lead;
    header += &" ".repeat(padded - header.len() - 1);
    header.push('\n');
    let mut bytes = [MAGIC, &[1, 0], &(header.len() as u16).to_le_bytes(), header.as_bytes()].concat();
    match array.data() {
        Data::F32(data) => bytes.extend(data.iter().flat_map(|x| x.to_le_bytes())),
        Data::F16(data) => bytes.extend(data.iter().flat_map(|x| x.to_le_bytes())),
        Data::BF16(data) => bytes.extend(data.iter().flat_map(|x| x.to_f32().to_le_bytes())),
        Data::F64(data) => bytes.extend(data.iter().flat_map(|x| x.to_le_bytes())),
        Data::I32(data) => bytes.extend(data.iter().flat_map(|x| x.to_le_bytes())),
        Data::U32(data) => bytes.extend(data.iter().flat_map(|x| x.to_le_bytes())),
        Data::U8(data) => bytes.extend(data.iter()),
        Data::I64(data) => bytes.extend(data.iter().flat_map(|x| x.to_le_bytes())),
    }
    bytes
}

/// The contents of a header.
struct Header {
    descr: String,
    fortran_order: bool,
    shape: Vec<usize>,
}

impl Header {
    fn parse(text: &str) -> Result<Header, String> {
        let mut literal = Literal(text);
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        literal.expect("{")?;
        while !literal.eat("}") {
            let key = literal.string()?;
            literal.expect(":")?;
            match key {
                "descr" => descr = Some(literal.string()?.to_string()),
                "fortran_order" => fortran_order = Some(literal.flag()?),
                "shape" => shape = Some(literal.shape()?),
                other => return Err(format!("has a damaged header: unknown key `{other}`")),
            }
            if !literal.eat(",") {
                literal.expect("}")?;
                break;
            }
        }
        match (descr, fortran_order, shape, literal.0.trim()) {
            (Some(descr), Some(fortran_order), Some(shape), "") => Ok(Header { descr, fortran_order, shape }),
            _ => Err("has a damaged header: it is not complete".into()),
        }
    }

    /// The tensor after the header. Refuses a file of known length that has more or fewer bytes than the header claims.
    fn open<R: Read>(self, bytes: Bytes<R>) -> Result<Opened<R>, String> {
        let (order, name) = self.descr.split_at_checked(1).unwrap_or(("", &self.descr));
        let known = TYPES.iter().find(|(stored, known)| {
            *known == name && (matches!(order, "<" | ">") || order == "|" && stored.size() == 1)
        });
        let Some(&(stored, _)) = known else {
            let known: Vec<_> = TYPES.iter().map(|(_, name)| *name).collect();
            return Err(format!("holds {}; supported are {}", self.descr, known.join(", ")));
        };
        let size = super::bytes_of(&self.shape, stored);
        let size = size.ok_or_else(|| format!("is damaged: its shape {:?} is too large", self.shape))?;
        if let Some(held) = bytes.left.filter(|held| *held != size as u64) {
            let shape = &self.shape;
            return Err(format!("is damaged: its shape {shape:?} takes {size} bytes, and {held} follow its header"));
        }
        let by_columns = self.fortran_order && self.shape.len() > 1;
        Ok(Opened { bytes, shape: self.shape, stored, big_endian: order == ">", by_columns, taken: 0 })
    }
}

/// Reorders elements from column-major to row-major order.
pub fn row_major(elements: &[u8], shape: &[usize], size: usize) -> Vec<u8> {
    let mut index = vec![0; shape.len()];
    let mut ordered = Vec::with_capacity(elements.len());
    for _ in 0..elements.len() / size {
        let place = index.iter().zip(shape).rev().fold(0, |place, (i, axis)| place * axis + i);
        ordered.extend_from_slice(&elements[place * size..][..size]);
        for (i, axis) in index.iter_mut().zip(shape).rev() {
            *i += 1;
            if *i < *axis {
                break;
            }
            *i = 0;
        }
    }
    ordered
}

/// The unparsed rest of a Python literal.
struct Literal<'a>(&'a str);

impl<'a> Literal<'a> {
    fn eat(&mut self, token: &str) -> bool {
        let rest = self.0.trim_start().strip_prefix(token);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn expect(&mut self, token: &str) -> Result<(), String> {
        if self.eat(token) { Ok(()) } else { Err(self.damaged(&format!("`{token}`"))) }
    }

    fn string(&mut self) -> Result<&'a str, String> {
        let quote = ["'", "\""].into_iter().find(|quote| self.eat(quote));
        let split = quote.and_then(|quote| self.0.split_once(quote));
        let (string, rest) = split.ok_or_else(|| self.damaged("a string"))?;
        self.0 = rest;
        Ok(string)
    }

    fn flag(&mut self) -> Result<bool, String> {
        if self.eat("True") {
            return Ok(true);
        }
        if self.eat("False") { Ok(false) } else { Err(self.damaged("True or False")) }
    }

    fn shape(&mut self) -> Result<Vec<usize>, String> {
        let mut shape = Vec::new();
        self.expect("(")?;
        while !self.eat(")") {
            let text = self.0.trim_start();
            let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            shape.push(text[..digits].parse().map_err(|_| self.damaged("a size"))?);
            self.0 = &text[digits..];
            if !self.eat(",") {
                self.expect(")")?;
                break;
            }
        }
        Ok(shape)
    }

    fn damaged(&self, expected: &str) -> String {
        let found: String = self.0.trim().chars().take(30).collect();
        format!("has a header that is damaged, or not of plain numbers: expected {expected}, found `{found}`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &[u8]) -> Result<Array, String> {
        read(Bytes::of(bytes))
    }
    use wgloss::half::{bf16, f16};

    fn file(version: u8, header: &str, elements: &[u8]) -> Vec<u8> {
        let size = match version {
            1 => (header.len() as u16).to_le_bytes().to_vec(),
            _ => (header.len() as u32).to_le_bytes().to_vec(),
        };
        [MAGIC, &[version, 0], &size, header.as_bytes(), elements].concat()
    }

    fn header(descr: &str, shape: &str) -> String {
        format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}")
    }

    #[test]
    fn what_is_written_is_read_back() {
        let arrays = [
            Array::new(&[1.5f32, -0.0, f32::MIN_POSITIVE, 4.0, 5.0, 6.0], [2, 3]),
            Array::new(&[1.5, -0.0, f16::MIN_POSITIVE_SUBNORMAL.to_f64(), 65504.0].map(f16::from_f64), [4]),
            Array::new(&[0.1f64], []),
            Array::new(&[i32::MIN, 7], [2]),
            Array::new(&[u32::MAX], [1, 1]),
            Array::new(&[255u8, 0, 1], [3, 1]),
            Array::new(&[i64::MIN, i64::MAX], [2]),
            Array::new::<f32>(&[], [0, 4]),
        ];
        for array in arrays.map(Result::unwrap) {
            let bytes = bytes(&array);
            let back = parse(&bytes).unwrap();
            assert_eq!((back.shape(), back.dtype(), back.to_f64()), (array.shape(), array.dtype(), array.to_f64()));
            let start = bytes.len() - array.len() * array.dtype().size();
            assert_eq!((start % 64, bytes[start - 1]), (0, b'\n'));
        }
    }

    #[test]
    fn bf16_is_written_as_f32() {
        let array = Array::new(&[1.5, -3e38, 1e-40].map(bf16::from_f32), [3]).unwrap();
        let back = parse(&bytes(&array)).unwrap();
        assert_eq!((back.dtype(), back.to_f64()), (DType::F32, array.to_f64()));
    }

    #[test]
    fn numbers_of_every_kind_and_order_are_read() {
        for (descr, elements, dtype, expected) in [
            (">f4", vec![0x3f, 0xc0, 0, 0], DType::F32, 1.5),
            (">f2", vec![0x3e, 0], DType::F16, 1.5),
            (">f8", 1.5f64.to_be_bytes().to_vec(), DType::F64, 1.5),
            (">i8", (-3i64).to_be_bytes().to_vec(), DType::I64, -3.0),
            ("|b1", vec![2], DType::U8, 1.0),
            ("|i1", vec![255], DType::I32, -1.0),
            ("<i2", vec![0, 0x80], DType::I32, -32768.0),
            (">u2", vec![0x80, 1], DType::I32, 32769.0),
            ("<u8", vec![7, 0, 0, 0, 0, 0, 0, 0], DType::I64, 7.0),
            ("<u8", vec![255; 8], DType::I64, i64::MAX as f64),
        ] {
            let array = parse(&file(1, &header(descr, "(1,)"), &elements)).unwrap();
            assert_eq!((array.dtype(), array.to_f64()), (dtype, vec![expected]), "{descr}");
        }
    }

    #[test]
    fn pieces_are_read_one_after_the_other() {
        let bytes = file(1, &header("|u1", "(5, 2)"), &(0..10u8).collect::<Vec<_>>());
        for left in [Some(bytes.len() as u64), None] {
            let mut opened = open(Bytes { file: &bytes[..], left }).unwrap();
            let pieces: Vec<Array> = (0..4).map(|_| opened.next(2).unwrap()).collect();
            let shapes: Vec<&[usize]> = pieces.iter().map(Array::shape).collect();
            assert_eq!(shapes, [[2, 2], [2, 2], [1, 2], [0, 2]]);
            assert_eq!(pieces[1].to_f64(), [4.0, 5.0, 6.0, 7.0]);
        }
        let long = [&bytes[..], &[0]].concat();
        assert!(open(Bytes::of_unknown_length(&long[..])).unwrap().rest().unwrap_err().contains("more bytes follow"));
        assert!(
            open(Bytes::of_unknown_length(&bytes[..bytes.len() - 1]))
                .unwrap()
                .next(9)
                .unwrap_err()
                .contains("is cut off")
        );
    }

    #[test]
    fn headers_are_read_as_other_programs_write_them() {
        let elements: Vec<u8> = (0..6u8).collect();
        let headers = [
            header("|u1", "(2, 3)"),
            header("<u1", "(2, 3,)") + "   \n",
            "{\"shape\":(2,3),\"fortran_order\":False,\"descr\":\"|u1\"}".into(),
        ];
        for (version, header) in [1, 2, 3].into_iter().zip(&headers) {
            let array = parse(&file(version, header, &elements)).unwrap();
            assert_eq!((array.shape(), array.to_f64()), (&[2, 3][..], vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0]), "{header}");
        }
        let columns = header("|u1", "(2, 3)").replace("False", "True");
        assert_eq!(parse(&file(1, &columns, &elements)).unwrap().to_f64(), [0.0, 2.0, 4.0, 1.0, 3.0, 5.0]);
        let columns = columns.replace("(2, 3)", "(1, 3, 2)");
        assert_eq!(parse(&file(1, &columns, &elements)).unwrap().to_f64(), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
    }

    #[test]
    fn damaged_files_are_refused() {
        let good = file(1, &header("<f4", "(2,)"), &[0; 8]);
        assert!(parse(&good).is_ok());
        let with = |descr: &str, shape: &str| file(1, &header(descr, shape), &[0; 8]);
        let damaged = [
            (Vec::new(), "not an .npy file"),
            (b"PK\x03\x04".to_vec(), "not an .npy file"),
            (good[..7].to_vec(), "cut off in its header"),
            (good[..9].to_vec(), "cut off in its header"),
            (good[..40].to_vec(), "cut off in its header"),
            (good[..good.len() - 1].to_vec(), "takes 8 bytes, and 7 follow"),
            ([&good[..], &[0]].concat(), "takes 8 bytes, and 9 follow"),
            (file(4, "", &[]), "version 4.0"),
            ([MAGIC, &[2, 0], &[255; 4], &[b' '; 80]].concat(), "cut off in its header"),
            (with("<f4", "(3,)"), "takes 12 bytes, and 8 follow"),
            (with("<f4", "(4611686018427387904, 4)"), "too large"),
            (with("<f4", "(99999999999999999999,)"), "expected a size"),
            (with("<f4", "(-2,)"), "expected a size"),
            (with("<f4", "(2"), "expected a size"),
            (with("<f4", "(2]"), "expected `)`"),
            (with("<f4", "2"), "expected `(`"),
            (with("=f4", "(2,)"), "holds =f4"),
            (with("|f4", "(2,)"), "holds |f4"),
            (with("<f16", "(1,)"), "holds <f16"),
            (with("", "(2,)"), "holds ;"),
            (with("<f2", "(3,)"), "takes 6 bytes, and 8 follow"),
            (with("<V2", "(4,)"), "holds <V2"),
            (with("|O", "(1,)"), "holds |O"),
            (file(1, "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}", &[0; 8]), "expected a string"),
            (file(1, "{'descr': '<f4', 'shape': (2,)}", &[0; 8]), "not complete"),
            (file(1, "{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}", &[0; 8]), "expected True or False"),
            (file(1, &(header("<f4", "(2,)") + "x"), &[0; 8]), "not complete"),
            (file(1, "{'colour': 'red'}", &[0; 8]), "unknown key `colour`"),
            (file(1, "", &[0; 8]), "expected `{`"),
            (with("<f4", &format!("({}2)", "1,".repeat(64))), "65 axes"),
        ];
        for (bytes, expected) in damaged {
            let why = parse(&bytes).expect_err(expected);
            assert!(why.contains(expected), "{why} does not say {expected}");
        }
        // no other damage panics
        for place in 0..good.len() {
            for byte in [0, b'(', b'9', 0xff] {
                let mut bytes = good.clone();
                bytes[place] = byte;
                let _ = parse(&bytes);
            }
        }
    }
}
