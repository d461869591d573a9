// Every subgroup has as many lanes as two matrices have rows.
const STACKED: u32 = 2u;
