// Metal's <simd/simd.h>, of which the kernels use nothing.
