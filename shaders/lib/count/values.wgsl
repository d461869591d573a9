// What values count as: one each, where there are no sample weights.
alias Count = u32;

const NO_COUNT: u32 = 0u;
