//! `plans` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| wgloss_fuzz::plans(bytes));
