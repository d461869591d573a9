//! Tests of shaders and plans that need no GPU: they read, parse and compare, but run no kernel.

mod cases;
mod compiled;
mod cuts;
mod dialect;
mod huge;
mod kernels;
mod layout;
mod leaves;
mod matrices;
mod metrics;
mod outside_leaf;
mod record;
mod refused;
mod texts;
mod tree;
mod workspace;
