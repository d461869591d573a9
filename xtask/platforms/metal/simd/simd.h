// A stub of Metal's <simd/simd.h>. The kernels include it, but use nothing from it.
