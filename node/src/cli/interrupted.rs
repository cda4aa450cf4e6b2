use tokio::signal::unix::{SignalKind, signal};

use crate::failure::{Ending, Failure};

/// Carries out a command that would leave half-made files behind if it simply died: at Ctrl-C or SIGTERM it is dropped,
/// and what it had begun is removed. A second signal ends the program at once. `next` says what a person can do then.
pub(super) async fn unless_interrupted(
    work: impl Future<Output = Result<(), Failure>>,
    next: &str,
) -> Result<(), Failure> {
    let listen = |kind| signal(kind).map_err(|fault| Failure::new("cannot listen for signals").because(&fault));
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    let mut again = listen(SignalKind::interrupt())?;
    #[expect(clippy::exit, reason = "who asks twice does not want to wait for anything")]
    let second = tokio::spawn(async move {
        again.recv().await;
        again.recv().await;
        std::process::exit(Ending::Interrupted.code().into());
    });
    let interrupted = Failure::new("interrupted").next(next).ending(Ending::Interrupted);
    let done = tokio::select! {
        done = work => done,
        _ = interrupt.recv() => Err(interrupted),
        _ = terminate.recv() => Err(interrupted),
    };
    second.abort();
    done
}
