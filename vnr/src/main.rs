//! vnr
fn main() {}
