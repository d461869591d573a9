// The count of values where there are no sample weights: each value adds 1.
alias Count = u32;

const NO_COUNT: u32 = 0u;
