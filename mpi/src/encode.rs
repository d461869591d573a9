//! Errors of the library, and numbers, as the bytes that travel between ranks.

use wgloss::{DType, Error};

/// Writes fields one after the other.
#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn kind(kind: u8) -> Writer {
        Writer(vec![kind])
    }

    fn number(mut self, number: u64) -> Writer {
        self.0.extend(number.to_le_bytes());
        self
    }

    fn text(mut self, text: &str) -> Writer {
        self = self.number(text.len() as u64);
        self.0.extend(text.as_bytes());
        self
    }

    fn maybe(self, number: Option<u64>) -> Writer {
        let is_given = self.number(number.is_some().into());
        is_given.number(number.unwrap_or(0))
    }
}

/// Reads fields in the order in which they were written. What is missing reads as 0 or as no text.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn number(&mut self) -> u64 {
        let Some((bytes, rest)) = self.0.split_first_chunk() else { return 0 };
        self.0 = rest;
        u64::from_le_bytes(*bytes)
    }

    fn text(&mut self) -> String {
        let length = (self.number() as usize).min(self.0.len());
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        String::from_utf8_lossy(text).into_owned()
    }

    /// Reads the id of a loss. The id of a loss that the library doesn't know, a caller's own, is leaked once for each
    /// error.
    fn id(&mut self) -> &'static str {
        let id = self.text();
        match wgloss::by_id(&id) {
            Some(loss) => loss.header().id,
            None => id.leak(),
        }
    }

    fn maybe(&mut self) -> Option<u64> {
        let is_given = self.number() == 1;
        Some(self.number()).filter(|_| is_given)
    }
}

const DTYPES: [DType; 8] =
    [DType::F32, DType::F16, DType::BF16, DType::F64, DType::I32, DType::U32, DType::I64, DType::U8];

/// The bytes of an error.
pub fn error(error: &Error) -> Vec<u8> {
    let writer = match error {
        Error::ShapeMismatch { loss, operand, expected, got } => {
            let writer = Writer::kind(0).text(loss).text(operand).text(expected).number(got.len() as u64);
            got.iter().fold(writer, |writer, &length| writer.number(length as u64))
        }
        Error::LabelOutOfRange { loss, operand, position, value, count, ignored } => {
            let writer = Writer::kind(1).text(loss).text(operand).number(*position).number(*value as u64);
            writer.number(*count).maybe(ignored.map(|ignored| ignored as u64))
        }
        Error::InvalidOption { loss, option, value, expected } => {
            Writer::kind(2).text(loss).text(option).text(value).text(expected)
        }
        Error::InvalidOperand { loss, operand, reason } => Writer::kind(3).text(loss).text(operand).text(reason),
        Error::UnsupportedDtype { loss, operand, got, expected } => {
            let dtype = DTYPES.iter().position(|dtype| dtype == got).unwrap_or(0);
            Writer::kind(4).text(loss).text(operand).number(dtype as u64).text(expected)
        }
        Error::TooLarge { what, needed, limit } => Writer::kind(5).text(what).number(*needed).number(*limit),
        Error::ForeignTensor { loss, operand } => Writer::kind(6).text(loss).text(operand),
        Error::OutOfMemory(why) => Writer::kind(7).text(why),
        Error::DeviceLost(why) => Writer::kind(8).text(why),
        Error::Timeout { seconds } => Writer::kind(9).number(seconds.to_bits().into()),
        Error::InvalidShader { path, message } => Writer::kind(10).text(path).text(message),
        Error::Gpu(why) => Writer::kind(11).text(why),
        Error::TargetOutOfRange { loss, operand, position, value, expected } => {
            Writer::kind(12).text(loss).text(operand).number(*position).text(value).text(expected)
        }
        Error::NotFinite { loss, operand, position, value } => {
            Writer::kind(13).text(loss).text(operand).number(*position).text(value)
        }
        // an error that no evaluation gives travels as its text
        other => Writer::kind(11).text(&other.to_string()),
    };
    writer.0
}

/// The error that another rank wrote.
pub fn to_error(bytes: &[u8]) -> Error {
    let Some((kind, rest)) = bytes.split_first() else { return Error::Gpu(String::new()) };
    let mut read = Reader(rest);
    match kind {
        0 => Error::ShapeMismatch {
            loss: read.id(),
            operand: read.text(),
            expected: read.text(),
            got: (0..read.number().min(rest.len() as u64)).map(|_| read.number() as usize).collect(),
        },
        1 => Error::LabelOutOfRange {
            loss: read.id(),
            operand: read.text(),
            position: read.number(),
            value: read.number() as i64,
            count: read.number(),
            ignored: read.maybe().map(|ignored| ignored as i32),
        },
        2 => Error::InvalidOption { loss: read.id(), option: read.text(), value: read.text(), expected: read.text() },
        3 => Error::InvalidOperand { loss: read.id(), operand: read.text(), reason: read.text() },
        4 => Error::UnsupportedDtype {
            loss: read.id(),
            operand: read.text(),
            got: DTYPES.get(read.number() as usize).copied().unwrap_or(DType::F32),
            expected: read.text(),
        },
        5 => Error::TooLarge { what: read.text(), needed: read.number(), limit: read.number() },
        6 => Error::ForeignTensor { loss: read.id(), operand: read.text() },
        7 => Error::OutOfMemory(read.text()),
        8 => Error::DeviceLost(read.text()),
        9 => Error::Timeout { seconds: f32::from_bits(read.number() as u32) },
        10 => Error::InvalidShader { path: read.text(), message: read.text() },
        12 => Error::TargetOutOfRange {
            loss: read.id(),
            operand: read.text(),
            position: read.number(),
            value: read.text(),
            expected: read.text(),
        },
        13 => {
            let (loss, operand) = (read.id(), read.text());
            Error::NotFinite { loss, operand, position: read.number(), value: read.text() }
        }
        _ => Error::Gpu(read.text()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Error, error, to_error};
    use wgloss::DType;

    #[test]
    fn an_error_is_the_same_on_the_other_rank() {
        let (loss, operand) = ("cross_entropy", || "target".to_string());
        let expected = || "something else".to_string();
        for original in [
            Error::ShapeMismatch { loss, operand: operand(), expected: expected(), got: vec![3, 0, 1 << 40] },
            Error::LabelOutOfRange { loss, operand: operand(), position: 7, value: -3, count: 5, ignored: Some(-100) },
            Error::LabelOutOfRange { loss, operand: operand(), position: 7, value: 9, count: 5, ignored: None },
            Error::TargetOutOfRange {
                loss,
                operand: operand(),
                position: 7,
                value: "1.5".into(),
                expected: expected(),
            },
            Error::NotFinite { loss, operand: operand(), position: 7, value: "NaN".into() },
            Error::InvalidOption { loss, option: "gamma".into(), value: "NaN".into(), expected: expected() },
            Error::InvalidOperand { loss: "mine", operand: operand(), reason: "is missing".into() },
            Error::UnsupportedDtype { loss, operand: operand(), got: DType::I64, expected: expected() },
            Error::TooLarge { what: "bytes".into(), needed: u64::MAX, limit: 3 },
            Error::ForeignTensor { loss, operand: operand() },
            Error::OutOfMemory("no room".into()),
            Error::DeviceLost("unplugged".into()),
            Error::Timeout { seconds: 0.25 },
            Error::InvalidShader { path: "a.wgsl".into(), message: "no".into() },
            Error::Gpu("é".into()),
        ] {
            assert_eq!(to_error(&error(&original)), original);
        }
    }

    #[test]
    fn bytes_that_are_cut_off_still_read() {
        let whole = error(&Error::TooLarge { what: "bytes".into(), needed: 4, limit: 3 });
        (0..whole.len()).for_each(|length| drop(to_error(&whole[..length])));
    }
}
