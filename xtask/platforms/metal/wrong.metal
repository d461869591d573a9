// A wrong kernel that the check of MSL must refuse: it passes a vector of three components where four are expected.
#include <metal_stdlib>

float last(metal::float4 v) { return v.w; }

kernel void wrong(device float& out [[buffer(0)]]) {
    out = last(metal::float3(1.0, 2.0, 3.0));
}
