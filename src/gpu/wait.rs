//! Waits for a future. A browser cannot, so this file is not part of the library there.

/// Runs a future on this thread until it is done.
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    pollster::block_on(future)
}
