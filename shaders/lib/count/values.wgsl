// A value counts as one where there are no sample weights.
alias Count = u32;

const NO_COUNT: u32 = 0u;
