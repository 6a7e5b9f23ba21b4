//! Work that is parted among the processors.

use std::num::NonZero;
use std::thread::ScopedJoinHandle;

/// Fewer things than this are not worth a thread.
pub(crate) const WORTH_A_THREAD: usize = 64;

/// Does something with a share of the things on each processor, and answers in their order.
pub(crate) fn in_shares<T: Sync, R: Send>(things: &[T], work: impl Fn(&[T]) -> R + Sync) -> Vec<R> {
    if things.len() < WORTH_A_THREAD {
        return vec![work(things)];
    }
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let shares = things.chunks(things.len().div_ceil(threads));
    std::thread::scope(|scope| {
        let work = &work;
        let workers: Vec<_> = shares.map(|share| scope.spawn(move || work(share))).collect();
        let join = |worker: ScopedJoinHandle<'_, R>| worker.join().expect("a share does not panic");
        workers.into_iter().map(join).collect()
    })
}
