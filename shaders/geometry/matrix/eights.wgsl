// Matrices of 8 × 8: of own rows, of others, and of sums of their products.
const SIDE: u32 = 8u;

// How many matrices, side by side, hold sixteen elements of each row.
const DEPTH: u32 = 2u;

alias OwnMatrix = coop_mat8x8<f16, A>;
alias OtherMatrix = coop_mat8x8<f16, B>;
alias SumMatrix = coop_mat8x8<f32, C>;
