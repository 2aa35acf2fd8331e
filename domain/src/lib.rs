//! stub
#![allow(missing_docs)]
pub mod kernel; pub mod personal; pub mod values;
