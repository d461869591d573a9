//! Exchanges of results: either every rank gets what all have, or every rank gets an equal error.

use crate::comm::Comm;
use crate::encode;
use crate::error::{Error, Result};
use crate::line::{Exchange, Message};

impl Comm {
    /// Returns the bytes of every rank, or the error of the lowest rank that has one. A rank with an error takes part too,
    /// so that no other rank waits for it.
    pub(crate) fn agree(&self, own: wgloss::Result<Vec<u8>>) -> Result<Vec<Vec<u8>>> {
        let message = match own {
            Ok(bytes) => Message { refused: false, bytes },
            Err(error) => Message { refused: true, bytes: encode::error(&error) },
        };
        let messages = self.exchange(Exchange::AllGather(message))?;
        match messages.iter().position(|message| message.refused) {
            Some(rank) => Err(Error::Refused { rank, error: encode::to_error(&messages[rank].bytes) }),
            None => Ok(messages.into_iter().map(|message| message.bytes).collect()),
        }
    }

    /// Refuses a call that is not the same on all ranks. `what` describes this rank's call.
    pub(crate) fn agree_on_call(&self, what: wgloss::Result<String>) -> Result<()> {
        let all = self.agree(what.map(String::into_bytes))?;
        let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
        match all.iter().position(|bytes| *bytes != all[0]) {
            Some(rank) => Err(Error::Differs { rank, got: text(&all[rank]), expected: text(&all[0]) }),
            None => Ok(()),
        }
    }

    pub(crate) fn exchange(&self, exchange: Exchange) -> Result<Vec<Message>> {
        self.line.begin(exchange).wait(self.timeout)
    }
}
