#![no_main]
use libfuzzer_sys::fuzz_target;

fuzz_target!(|report: &[u8]| fuzz::read(fuzz::format(), report));
