//! The steps that have to come before `main`: a check whether the standard output is closed, and a variable for libwayland.

use std::sync::atomic::{AtomicBool, Ordering};

static CLOSED: AtomicBool = AtomicBool::new(false);

/// Whether the program was started with its standard output closed.
pub fn is_closed() -> bool {
    CLOSED.load(Ordering::Relaxed)
}

#[ctor::ctor(unsafe)]
fn prepare() {
    // by the time `main` runs, Rust has replaced a closed standard output by /dev/null
    CLOSED.store(rustix::io::fcntl_getfd(rustix::stdio::stdout()).is_err(), Ordering::Relaxed);
    #[cfg(target_os = "linux")]
    quieten_wayland();
}

/// Sets XDG_RUNTIME_DIR where it is not set. Mesa's Vulkan drivers look for a Wayland compositor, and libwayland then prints
/// an error that reads as if it were this program's. The folder does not exist, so that nobody writes there.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "a variable can be set for libraries in C in no other way")]
fn quieten_wayland() {
    const NAME: &str = "XDG_RUNTIME_DIR";
    if std::env::var_os(NAME).is_none_or(|folder| folder.is_empty()) {
        // SAFETY: no other thread runs before `main`
        unsafe { std::env::set_var(NAME, "/nonexistent") };
    }
}
