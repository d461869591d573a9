//! Tests of the plans and shaders, without a GPU.
