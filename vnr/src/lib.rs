//! vnr
