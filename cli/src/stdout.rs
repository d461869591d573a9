//! The standard output. Writing fails if it is closed, where Rust's own would drop the text and report success.

use std::io::{self, StdoutLock, Write};

/// The standard output, checked at each write.
pub struct Out(StdoutLock<'static>);

/// The standard output.
pub fn lock() -> Out {
    Out(io::stdout().lock())
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if is_closed() { Err(io::Error::other("is closed, so the result is lost")) } else { self.0.write(bytes) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(unix)]
use crate::before_main::is_closed;

#[cfg(windows)]
fn is_closed() -> bool {
    use std::os::windows::io::AsRawHandle;
    io::stdout().as_raw_handle().is_null()
}

#[cfg(not(any(unix, windows)))]
fn is_closed() -> bool {
    false
}
