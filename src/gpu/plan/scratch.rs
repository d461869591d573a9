//! Scratch memory: the memories that a plan needs, and the sizes of their elements.

/// A scratch memory that a plan needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scratch {
    pub name: &'static str,
    pub bytes: u64,
    /// The bytes of an element.
    pub element: u64,
}

/// The most tallies of a walk. One workgroup merges them, and each of its invocations loops over 1/256 of them.
pub(super) const MOST_TALLIES: u64 = 1 << 20;

/// The most labels of an item: one lane goes through all of them, to link the labels of the same class.
pub(crate) const MOST_LABELS: usize = 8192;

/// The bytes of a tally, and of what precedes the tallies in the workspace: see `Tally` and `Workspace` in `shaders/lib`.
pub(crate) const TALLY_BYTES: u64 = 32;
pub(crate) const WORKSPACE_HEAD: u64 = 16;

/// The bytes of an element of each other scratch memory. They match the strides of the shaders' arrays with these names.
pub(crate) const ELEMENT_BYTES: &[(&str, u64)] = &[
    ("items", 16),
    ("row_states", 32),
    ("region_sums", 16),
    ("coefficients", 8),
    ("softmaxes", 8),
    ("softmax_quads", 16),
    ("fused_states", 24),
    ("ranged_softmaxes", 24),
    ("ranged_fused_states", 28),
    ("factors", 4),
    ("hits", 4),
    ("margin_slopes", 4),
    ("records", 32),
    ("slopes", 16),
    ("teacher_logits", 16),
    ("slope_sums", 8),
    ("row_sums", 8),
    ("products", 16),
    ("distances", 4),
    ("extremes", 20),
    ("pulls", 16),
    ("grams", 4),
    ("gram_slopes", 4),
    ("value_factors", 16),
    ("window_slopes", 16),
    ("window_means", 8),
    ("spans", 32),
    ("symbols", 8),
    ("heads", 4),
    ("peaks", 4),
    ("node_ends", 8),
    ("boundaries", 8),
    ("alphas", 8),
    ("betas", 8),
    ("segment_rows", 8),
    ("segment_scores", 12),
    ("level_pixels", 8),
    ("level_gradients", 8),
    ("level_sums", 8),
    ("level_slopes", 4),
    ("sequence_slopes", 4),
    ("faults", 8),
    ("counts", 4),
    ("bad_labels", 16),
    ("observed_positions", 8),
];

/// The bytes of a state of each fold over classes. They match the strides of the shaders' `chunk_states` and `whole_states`.
pub(crate) const STATE_BYTES: &[(&str, u64)] =
    &[("fold/softmax_state/noted", 40), ("fold/softmax", 24), ("fold/class_sum", 12), ("fold/divergence", 32)];

/// The bytes that `position_states` holds beside each state: the logit of the position's label.
pub(crate) const BESIDE_POSITION_STATE: u64 = 4;

impl Scratch {
    /// Scratch memory of `elements` elements.
    pub(super) fn new(name: &str, elements: u64) -> Scratch {
        let known = ELEMENT_BYTES.iter().find(|(known, _)| *known == name);
        let (name, element) = *known.unwrap_or_else(|| unreachable!("no scratch memory {name}"));
        Scratch { name, bytes: element * elements, element }
    }

    /// The memory `name`, for `states` states of a fold over classes.
    pub(super) fn states(name: &'static str, fold: &str, states: u64) -> Scratch {
        let element = state_bytes(fold);
        Scratch { name, bytes: element * states, element }
    }

    /// Memory for the states of `positions` positions, each with the logit of its label.
    pub(super) fn position_states(fold: &str, positions: u64) -> Scratch {
        let element = state_bytes(fold) + BESIDE_POSITION_STATE;
        Scratch { name: "position_states", bytes: element * positions, element }
    }
}

/// The bytes of an element of the scratch memory `name`.
pub(super) fn scratch_bytes(name: &str) -> u64 {
    let known = ELEMENT_BYTES.iter().find(|(known, _)| *known == name);
    known.unwrap_or_else(|| unreachable!("no scratch memory {name}")).1
}

pub(super) fn state_bytes(fold: &str) -> u64 {
    let known = STATE_BYTES.iter().find(|(known, _)| *known == fold);
    known.unwrap_or_else(|| unreachable!("no states of {fold}")).1
}
