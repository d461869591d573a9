// A value counts as its sample weight.
alias Count = f32;

const NO_COUNT: f32 = 0.0;
