//! The losses, by family; names are flat.

use crate::loss::Loss;

/// Declares the files of a family and what they export, and gathers the defaults of all into the list.
macro_rules! catalogue {
    ($($family:ident { $($file:ident: $loss:ident),* $(,)? })*) => {
        $(mod $family { $(pub(super) mod $file;)* })*
        $($(pub use $family::$file::*;)*)*

        /// Every loss, with its default options.
        pub fn all() -> Vec<Box<dyn Loss>> {
            vec![$($(Box::new($loss::default())),*),*]
        }
    };
}

catalogue! {
    pointwise {
        mse: Mse,
        sigmoid_focal: SigmoidFocal,
        diffusion: Diffusion,
    }
    softmax {
        cross_entropy: CrossEntropy,
        softmax_focal: SoftmaxFocal,
    }
    region {
        dice: Dice,
    }
}

/// The loss of this id, with its default options.
pub fn by_id(id: &str) -> Option<Box<dyn Loss>> {
    all().into_iter().find(|loss| loss.header().id == id)
}
