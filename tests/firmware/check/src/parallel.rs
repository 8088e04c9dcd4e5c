//! Several things at a time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::{Checked, Trouble};

/// Does `work` for each of `items`, as many at a time as this machine has cores. What came out is in their order, and so is the
/// trouble of which the first is returned.
pub fn each<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> Checked<R> + Sync) -> Checked<Vec<R>> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else { return done };
            done.push((index, work(item)));
        }
    };
    let cores = thread::available_parallelism().map_or(1, |cores| cores.get());
    let mut done = thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(worker)).collect();
        let joined: thread::Result<Vec<_>> = workers.into_iter().map(|worker| worker.join()).collect();
        joined.map_err(|_| Trouble::Broken("a thread panicked".into()))
    })?
    .into_iter()
    .flatten()
    .collect::<Vec<_>>();
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}
