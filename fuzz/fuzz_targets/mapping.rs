//! Reading a mapping that anybody may have written never panics, and what is wrong with it is told.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vnr::import::check_mapping;

fuzz_target!(|input: &str| {
    if let Err(errors) = check_mapping(input) {
        assert!(!errors.to_string().is_empty());
    }
});
