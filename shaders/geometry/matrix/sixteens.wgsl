// Matrices of 16 × 16: of own rows, of others, and of sums of their products.
const SIDE: u32 = 16u;

// How many matrices, side by side, hold sixteen elements of each row.
const DEPTH: u32 = 1u;

alias OwnMatrix = coop_mat16x16<f16, A>;
alias OtherMatrix = coop_mat16x16<f16, B>;
alias SumMatrix = coop_mat16x16<f32, C>;
