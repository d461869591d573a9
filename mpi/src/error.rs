//! The errors of a loss over many ranks. Every rank gets an equal error.

use std::fmt;

/// A result whose error is an [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Why a loss over many ranks was refused, or could not be computed.
///
/// A call that one rank refuses is refused on all of them, with an equal error. The exception is [`Error::PeerLost`], which
/// each rank finds out for itself.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// A rank refused its shard, or could not compute it. Where several ranks did, this is the lowest of them.
    Refused {
        /// The rank.
        rank: usize,
        /// The rank's own error. A position in it counts in the rank's own operand.
        error: wgloss::Error,
    },
    /// A rank called with another term, or another way to spread it, than rank 0.
    Differs {
        /// The lowest such rank.
        rank: usize,
        /// The losses and spreads of its call.
        got: String,
        /// The losses and spreads of rank 0's call.
        expected: String,
    },
    /// The shards of the ranks don't make a whole.
    Shards {
        /// The reason why they are refused.
        reason: String,
    },
    /// A rank did not answer in time: it has died, hangs, or computes for longer than
    /// [`Comm::set_timeout`](crate::Comm::set_timeout) allows. The communicator can't be used any more.
    PeerLost {
        /// The seconds waited.
        seconds: f32,
    },
    /// MPI could not be started.
    NotStarted(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Refused { rank, error } => write!(f, "rank {rank}: {error}"),
            Error::Differs { rank, got, expected } => {
                write!(
                    f,
                    "rank {rank} called with {got}, and rank 0 with {expected}; all ranks have to make the same call"
                )
            }
            Error::Shards { reason } => write!(f, "the shards of the ranks don't make a whole: {reason}"),
            Error::PeerLost { seconds } => write!(f, "a rank did not answer within {seconds} s"),
            Error::NotStarted(why) => write!(f, "MPI could not be started: {why}"),
        }
    }
}

impl std::error::Error for Error {}
