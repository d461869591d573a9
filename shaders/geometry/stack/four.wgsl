// Every subgroup has as many lanes as four matrices have rows.
const STACKED: u32 = 4u;
