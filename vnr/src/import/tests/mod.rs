//! Tests of the whole importer against a register that is not one.
