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
use before_main::is_closed;

#[cfg(unix)]
mod before_main {
    use std::sync::atomic::{AtomicBool, Ordering};

    static CLOSED: AtomicBool = AtomicBool::new(false);

    /// Whether the program was started with its standard output closed.
    pub fn is_closed() -> bool {
        CLOSED.load(Ordering::Relaxed)
    }

    // before `main`, because Rust then replaces a closed standard output by /dev/null
    #[ctor::ctor(unsafe)]
    fn look() {
        CLOSED.store(rustix::io::fcntl_getfd(rustix::stdio::stdout()).is_err(), Ordering::Relaxed);
    }
}

#[cfg(windows)]
fn is_closed() -> bool {
    use std::os::windows::io::AsRawHandle;
    io::stdout().as_raw_handle().is_null()
}

#[cfg(not(any(unix, windows)))]
fn is_closed() -> bool {
    false
}
