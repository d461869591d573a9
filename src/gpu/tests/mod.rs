//! Tests of the shaders and plans that need no GPU: what is not computed here is read, parsed and compared.

mod cases;
mod compiled;
mod cuts;
mod dialect;
mod foreign;
mod huge;
mod kernels;
mod layout;
mod leaves;
mod record;
mod texts;
mod tree;
mod workspace;
