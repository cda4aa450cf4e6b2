//! Progress for a person who watches: a bar on a terminal, and lines that do not tear it; plain lines elsewhere.

use std::io::{self, IsTerminal as _, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::sync::watch;

use crate::catch_up::CatchUp;

/// What is over sooner than this is not worth a word, in seconds.
const WORTH_A_WORD: u64 = 2;
/// Between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// A bar on standard error, hidden until there is something to show and where nobody watches.
pub(super) fn bar(template: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}

/// Whether a bar would be seen.
pub(super) fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// Standard error for lines beside a bar, which is drawn again below them.
#[derive(Debug, Clone)]
pub(super) struct Beside(pub(super) ProgressBar);

impl Write for Beside {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// Shows how a node catches up, until it stops.
pub(super) async fn show_catch_up(mut told: watch::Receiver<Option<CatchUp>>, bar: ProgressBar) {
    let mut last_line: Option<tokio::time::Instant> = None;
    let mut shown: Option<CatchUp> = None;
    while told.changed().await.is_ok() {
        let now = told.borrow_and_update().clone();
        match now.filter(|now| now.since_seconds >= WORTH_A_WORD || shown.is_some()) {
            Some(now) => {
                if is_watched() {
                    if shown.is_none() {
                        bar.reset();
                        bar.set_draw_target(ProgressDrawTarget::stderr());
                    }
                    bar.set_length(now.of);
                    bar.set_position(now.entries);
                    bar.set_message(now.to_string());
                } else if last_line.is_none_or(|at| at.elapsed() >= LINE_EVERY) {
                    last_line = Some(tokio::time::Instant::now());
                    tracing::info!("catching up: {now}");
                }
                shown = Some(now);
            }
            None => {
                let Some(last) = shown.take() else { continue };
                bar.finish_and_clear();
                last_line = None;
                tracing::info!("caught up: {} entries after {} s", last.of, last.since_seconds);
            }
        }
    }
    bar.finish_and_clear();
}
