//! Waiting in async tests without blocking their runtime.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};

struct Shared<T> {
    outcome: Option<std::thread::Result<T>>,
    waker: Option<Waker>,
}

/// Runs `work` on a thread of its own and resolves to what it returns, in any runtime. A panic of `work` goes on in the task.
pub fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> impl Future<Output = T> + Send {
    let shared = Arc::new(Mutex::new(Shared { outcome: None, waker: None }));
    let theirs = Arc::clone(&shared);
    std::thread::spawn(move || {
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        let mut shared = theirs.lock().unwrap_or_else(PoisonError::into_inner);
        shared.outcome = Some(outcome);
        if let Some(waker) = shared.waker.take() {
            waker.wake();
        }
    });
    std::future::poll_fn(move |context| {
        let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
        match shared.outcome.take() {
            Some(Ok(value)) => Poll::Ready(value),
            Some(Err(panic)) => {
                drop(shared);
                std::panic::resume_unwind(panic)
            }
            None => {
                shared.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    })
}
