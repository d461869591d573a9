//! The thread that calls MPI. Only this thread waits for other ranks without a limit, so that a caller can give up waiting.
//!
//! MPI can't cancel a collective that has begun, and the buffers have to live until it ends. So the thread owns request and
//! buffers, and polls the request. If a rank has died, the thread polls for ever, while the caller returns with
//! [`Error::PeerLost`]. The thread also lets the GPU compute during an exchange.

use crate::error::{Error, Result};
use mpi::datatype::{Partition, PartitionMut};
use mpi::request::{self, Request, Scope};
use mpi::topology::{Communicator, SimpleCommunicator};
use mpi::traits::{CommunicatorCollectives, Destination, Source};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

/// The most bytes that one MPI call moves for all ranks together: MPI's counts and offsets are 32-bit.
const MOST_BYTES: usize = 1 << 30;

/// How often a request is polled before the thread sleeps between polls, and how long it sleeps at first and at most.
const SPINS: u32 = 200;
const SHORTEST_SLEEP: Duration = Duration::from_micros(20);
const LONGEST_SLEEP: Duration = Duration::from_millis(1);

/// This bit is set in the length of a message that is a refusal.
const REFUSED: u64 = 1 << 63;

/// A message of one rank.
pub struct Message {
    pub refused: bool,
    pub bytes: Vec<u8>,
}

/// An exchange between ranks.
pub enum Exchange {
    /// Every rank gets what every rank sends.
    AllGather(Message),
    /// Every rank sends a message of its own to each rank.
    AllToAll(Vec<Vec<u8>>),
    /// Every rank sends to the next rank, and gets what the previous one sends; the last sends to rank 0.
    Pass(Vec<u8>),
}

/// The traffic of a rank since it started MPI, or since the last call of [`Comm::traffic`](crate::Comm::traffic).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Traffic {
    /// The number of exchanges.
    pub exchanges: u64,
    /// The bytes that this rank received from others.
    pub received: u64,
    /// The seconds for which the caller waited.
    pub waited: f64,
}

/// An exchange, and where its messages go.
type ExchangeRequest = (Exchange, Sender<Vec<Message>>);

/// The line to the other ranks.
pub struct Line {
    requests: Sender<ExchangeRequest>,
    ended: Receiver<()>,
    rank: usize,
    size: usize,
    lost: AtomicBool,
    exchanges: AtomicU64,
    received: AtomicU64,
    waited: AtomicU64,
}

/// An exchange that has begun.
pub struct Pending<'a> {
    line: &'a Line,
    answer: Receiver<Vec<Message>>,
}

impl Line {
    /// Starts MPI in a thread of its own.
    pub fn start() -> Result<Line> {
        let (started, start) = mpsc::channel();
        let (requests, received) = mpsc::channel();
        let (end, ended) = mpsc::channel();
        let speak = move || {
            let Some(universe) = mpi::initialize() else {
                let _ = started.send(None);
                return;
            };
            let world = universe.world();
            let _ = started.send(Some((world.rank() as usize, world.size() as usize)));
            answer_all(&world, &received);
            drop(universe);
            let _ = end.send(());
        };
        thread::Builder::new().name("mpi".into()).spawn(speak).map_err(|error| Error::NotStarted(error.to_string()))?;
        let (rank, size) = start
            .recv()
            .map_err(|_| Error::NotStarted("MPI_Init failed".into()))?
            .ok_or_else(|| Error::NotStarted("this process has started it before".into()))?;
        let (exchanges, received, waited) = Default::default();
        Ok(Line { requests, ended, rank, size, lost: AtomicBool::new(false), exchanges, received, waited })
    }

    pub fn rank(&self) -> usize {
        self.rank
    }

    pub fn size(&self) -> usize {
        self.size
    }

    /// Begins an exchange. Every rank has to begin the same kind of exchange.
    pub fn begin(&self, exchange: Exchange) -> Pending<'_> {
        let (send, answer) = mpsc::channel();
        // once a rank is lost, the others no longer agree on what the next exchange is
        if !self.lost.load(Ordering::Relaxed) {
            // if the thread has ended, no answer comes, which `wait` reports
            let _ = self.requests.send((exchange, send));
        }
        Pending { line: self, answer }
    }

    /// The traffic since the last call.
    pub fn traffic(&self) -> Traffic {
        Traffic {
            exchanges: self.exchanges.swap(0, Ordering::Relaxed),
            received: self.received.swap(0, Ordering::Relaxed),
            waited: Duration::from_nanos(self.waited.swap(0, Ordering::Relaxed)).as_secs_f64(),
        }
    }
}

impl Pending<'_> {
    /// Waits for the messages of the other ranks.
    pub fn wait(self, timeout: Duration) -> Result<Vec<Message>> {
        let (line, start) = (self.line, Instant::now());
        let lost = Error::PeerLost { seconds: timeout.as_secs_f32() };
        if line.lost.load(Ordering::Relaxed) {
            return Err(lost);
        }
        let answer = self.answer.recv_timeout(timeout);
        line.waited.fetch_add(start.elapsed().as_nanos() as u64, Ordering::Relaxed);
        let Ok(messages) = answer else {
            line.lost.store(true, Ordering::Relaxed);
            return Err(lost);
        };
        line.exchanges.fetch_add(1, Ordering::Relaxed);
        let others = messages.iter().enumerate().filter(|(rank, _)| messages.len() == 1 || *rank != line.rank);
        let bytes = others.map(|(_, message)| message.bytes.len() as u64).sum::<u64>();
        line.received.fetch_add(if line.size == 1 { 0 } else { bytes }, Ordering::Relaxed);
        Ok(messages)
    }
}

impl Drop for Line {
    /// Ends MPI, unless a rank was lost: MPI's end would wait for that rank.
    fn drop(&mut self) {
        let (nobody, _) = mpsc::channel();
        drop(std::mem::replace(&mut self.requests, nobody));
        if !self.lost.load(Ordering::Relaxed) {
            let patience = Duration::from_secs(10);
            if let Err(RecvTimeoutError::Timeout) = self.ended.recv_timeout(patience) {
                eprintln!("wgloss-mpi: rank {}: the other ranks did not end within {patience:?}", self.rank);
            }
        }
    }
}

fn answer_all(world: &SimpleCommunicator, requests: &Receiver<ExchangeRequest>) {
    for (exchange, answer) in requests {
        let messages = match exchange {
            Exchange::AllGather(message) => all_gather(world, &message),
            Exchange::AllToAll(messages) => all_to_all(world, &messages),
            Exchange::Pass(bytes) => vec![pass(world, &bytes)],
        };
        // fails where the caller has given up waiting
        let _ = answer.send(messages);
    }
}

/// Polls a request until it is done.
fn poll<'a, D: ?Sized, S: Scope<'a>>(mut request: Request<'a, D, S>) {
    let (mut spins, mut sleep) = (0, SHORTEST_SLEEP);
    while let Err(unfinished) = request.test() {
        request = unfinished;
        spins += 1;
        if spins < SPINS {
            thread::yield_now();
        } else {
            thread::sleep(sleep);
            sleep = (2 * sleep).min(LONGEST_SLEEP);
        }
    }
}

/// Where each rank's bytes of one round lie in a buffer: `counts` are their lengths, `places` their offsets.
struct Round {
    counts: Vec<i32>,
    places: Vec<i32>,
}

impl Round {
    /// The bytes of each rank from byte `done` on, at most `most` of each. Rank `k` has `lengths[k]` bytes in all.
    fn new(lengths: &[usize], done: usize, most: usize) -> Round {
        let counts: Vec<i32> = lengths.iter().map(|length| length.saturating_sub(done).min(most) as i32).collect();
        let places = counts
            .iter()
            .scan(0, |end, count| {
                *end += count;
                Some(*end - count)
            })
            .collect();
        Round { counts, places }
    }

    fn bytes(&self) -> usize {
        self.counts.iter().map(|&count| count as usize).sum()
    }

    fn range(&self, rank: usize) -> std::ops::Range<usize> {
        let (place, count) = (self.places[rank] as usize, self.counts[rank] as usize);
        place..place + count
    }
}

/// A buffer for `bytes` bytes, with one more: an empty buffer would have an address that MPI takes for `MPI_IN_PLACE`.
fn memory(bytes: usize) -> Vec<u8> {
    vec![0; bytes + 1]
}

fn all_gather(world: &SimpleCommunicator, message: &Message) -> Vec<Message> {
    let size = world.size() as usize;
    let own = message.bytes.len() as u64 | if message.refused { REFUSED } else { 0 };
    let mut words = vec![0u64; size];
    request::scope(|scope| poll(world.immediate_all_gather_into(scope, &own, &mut words[..])));
    let lengths: Vec<usize> = words.iter().map(|word| (word & !REFUSED) as usize).collect();
    let mut messages: Vec<Message> =
        words.iter().map(|word| Message { refused: word & REFUSED != 0, bytes: Vec::new() }).collect();
    let most = (MOST_BYTES / size).max(1);
    for done in (0..lengths.iter().copied().max().unwrap_or(0)).step_by(most) {
        let round = Round::new(&lengths, done, most);
        let mut gathered = memory(round.bytes());
        let mut own = memory(round.counts[world.rank() as usize] as usize);
        let count = own.len() - 1;
        own[..count].copy_from_slice(&message.bytes[message.bytes.len().min(done)..][..count]);
        let mut parts = PartitionMut::new(&mut gathered[..], &round.counts[..], &round.places[..]);
        request::scope(|scope| poll(world.immediate_all_gather_varcount_into(scope, &own[..count], &mut parts)));
        for (rank, message) in messages.iter_mut().enumerate() {
            message.bytes.extend_from_slice(&gathered[round.range(rank)]);
        }
    }
    messages
}

fn all_to_all(world: &SimpleCommunicator, messages: &[Vec<u8>]) -> Vec<Message> {
    let size = world.size() as usize;
    let sent: Vec<usize> = messages.iter().map(Vec::len).collect();
    let words: Vec<u64> = sent.iter().map(|&length| length as u64).collect();
    let mut got = vec![0u64; size];
    request::scope(|scope| poll(world.immediate_all_to_all_into(scope, &words[..], &mut got[..])));
    let lengths: Vec<usize> = got.iter().map(|&length| length as usize).collect();
    // every rank has to take part in the same number of rounds
    let longest = sent.iter().chain(&lengths).copied().max().unwrap_or(0) as u64;
    let mut rounds = vec![0u64; size];
    request::scope(|scope| poll(world.immediate_all_gather_into(scope, &longest, &mut rounds[..])));
    let longest = rounds.into_iter().max().unwrap_or(0) as usize;
    let most = (MOST_BYTES / size).max(1);
    let mut answers: Vec<Message> = (0..size).map(|_| Message { refused: false, bytes: Vec::new() }).collect();
    for done in (0..longest).step_by(most) {
        let (from, to) = (Round::new(&sent, done, most), Round::new(&lengths, done, most));
        let (mut send, mut got) = (memory(from.bytes()), memory(to.bytes()));
        for (rank, message) in messages.iter().enumerate() {
            let range = from.range(rank);
            let length = range.len();
            send[range].copy_from_slice(&message[message.len().min(done)..][..length]);
        }
        let send = Partition::new(&send[..], &from.counts[..], &from.places[..]);
        let mut receive = PartitionMut::new(&mut got[..], &to.counts[..], &to.places[..]);
        request::scope(|scope| poll(world.immediate_all_to_all_varcount_into(scope, &send, &mut receive)));
        for (rank, message) in answers.iter_mut().enumerate() {
            message.bytes.extend_from_slice(&got[to.range(rank)]);
        }
    }
    answers
}

fn pass(world: &SimpleCommunicator, bytes: &[u8]) -> Message {
    let (rank, size) = (world.rank(), world.size());
    let next = world.process_at_rank((rank + 1) % size);
    let previous = world.process_at_rank((rank + size - 1) % size);
    let (own, mut length) = (bytes.len() as u64, 0u64);
    request::scope(|scope| {
        let sent = next.immediate_send(scope, &own);
        poll(previous.immediate_receive_into(scope, &mut length));
        poll(sent);
    });
    let mut got = vec![0u8; length as usize];
    let longest = bytes.len().max(got.len());
    for done in (0..longest).step_by(MOST_BYTES) {
        let of = |length: usize| length.min(done)..length.min(done.saturating_add(MOST_BYTES));
        let (own, other) = (&bytes[of(bytes.len())], of(got.len()));
        request::scope(|scope| {
            let sent = (!own.is_empty()).then(|| next.immediate_send(scope, own));
            if !other.is_empty() {
                poll(previous.immediate_receive_into(scope, &mut got[other]));
            }
            sent.into_iter().for_each(poll);
        });
    }
    Message { refused: false, bytes: got }
}
