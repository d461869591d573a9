// The sums of a region, and what a region leaf makes of them.
struct RegionSums {
    pt: f32,
    p: f32,
    t: f32,
}

// The loss of a class, and its derivatives with respect to Σpt and Σp.
struct RegionScore {
    loss: f32,
    d_pt: f32,
    d_p: f32,
}
