//! Feeds any text to the splitter. The same property runs over 10,000 damaged scripts in the tests.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/it/property.rs"]
mod property;

fuzz_target!(|input: (u8, &str)| {
    let (helping, text) = input;
    property::holds(text, usize::from(helping));
});
