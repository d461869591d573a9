// The count of values where there are sample weights: each value adds its sample weight.
alias Count = f32;

const NO_COUNT: f32 = 0.0;
