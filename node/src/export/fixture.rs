//! Publications for tests of the exporters.
