//! The alliance as its users see it: real processes, spoken to as people and scripts do.

mod cluster;
mod commands;
mod crash;
mod formation;
mod http;
