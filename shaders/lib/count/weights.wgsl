// What values count as: their sample weights.
alias Count = f32;

const NO_COUNT: f32 = 0.0;
