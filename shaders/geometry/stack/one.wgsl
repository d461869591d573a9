// Every subgroup has as many lanes as a matrix has rows.
const STACKED: u32 = 1u;
