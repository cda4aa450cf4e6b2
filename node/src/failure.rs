//! What a person is told when something did not work: what, why, what to do next, and the exit code.

use std::error::Error;
use std::fmt;

/// How a command ended, for scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// It failed.
    Failed,
    /// It was called in a wrong way.
    Usage,
    /// The daemon cannot be reached.
    NoDaemon,
    /// A rule of the alliance refuses it.
    Refused,
    /// What was to be verified does not hold.
    NotVerified,
    /// A person or the system ended it.
    Interrupted,
    /// Nobody reads the output any more: nothing to complain about.
    Unread,
}

impl Ending {
    /// The exit code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NoDaemon => 3,
            Self::Refused => 4,
            Self::NotVerified => 5,
            // As shells have it: 128, and the number of the signal of Ctrl-C.
            Self::Interrupted => 130,
            Self::Unread => 0,
        }
    }
}

/// Why a command did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    message: String,
    causes: Vec<String>,
    next: Option<String>,
    until: Option<String>,
    ending: Ending,
}

impl Failure {
    /// Something failed.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), causes: Vec::new(), next: None, until: None, ending: Ending::Failed }
    }

    /// The command was called in a wrong way.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { ending: Ending::Usage, ..Self::new(message) }
    }

    /// A rule refuses it.
    pub fn refused(message: impl Into<String>) -> Self {
        Self { ending: Ending::Refused, ..Self::new(message) }
    }

    /// What was to be verified does not hold.
    pub fn not_verified(message: impl Into<String>) -> Self {
        Self { ending: Ending::NotVerified, ..Self::new(message) }
    }

    /// The daemon cannot be reached.
    pub fn no_daemon(message: impl Into<String>) -> Self {
        Self { ending: Ending::NoDaemon, ..Self::new(message) }
    }

    /// Adds an error and what it says caused it.
    #[must_use]
    pub fn because(mut self, cause: &(dyn Error + 'static)) -> Self {
        let mut next = Some(cause);
        while let Some(cause) = next {
            self.push_cause(cause.to_string());
            next = cause.source();
        }
        self
    }

    /// Adds a cause in words.
    #[must_use]
    pub fn cause(mut self, cause: impl Into<String>) -> Self {
        self.push_cause(cause.into());
        self
    }

    fn push_cause(&mut self, cause: String) {
        // Errors that are transparent repeat what they hold.
        if self.causes.last() != Some(&cause) {
            self.causes.push(cause);
        }
    }

    /// Says what to do.
    #[must_use]
    pub fn next(mut self, step: impl Into<String>) -> Self {
        self.next = Some(step.into());
        self
    }

    /// Says from when it would not fail, RFC 3339.
    #[must_use]
    pub fn until(mut self, time: impl Into<String>) -> Self {
        self.until = Some(time.into());
        self
    }

    /// Ends in another way.
    #[must_use]
    pub const fn ending(mut self, ending: Ending) -> Self {
        self.ending = ending;
        self
    }

    /// What did not work.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Why, the nearest cause first.
    pub fn causes(&self) -> &[String] {
        &self.causes
    }

    /// What to do.
    pub fn next_step(&self) -> Option<&str> {
        self.next.as_deref()
    }

    /// From when it would not fail, RFC 3339.
    pub fn until_when(&self) -> Option<&str> {
        self.until.as_deref()
    }

    /// How the command ends.
    pub const fn ends(&self) -> Ending {
        self.ending
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for cause in &self.causes {
            write!(f, ": {cause}")?;
        }
        Ok(())
    }
}

impl Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_codes_are_those_of_the_contract() {
        let codes = [Ending::Failed, Ending::Usage, Ending::NoDaemon, Ending::Refused, Ending::NotVerified];
        assert_eq!(codes.map(Ending::code), [1, 2, 3, 4, 5]);
        assert_eq!(Ending::Interrupted.code(), 130);
    }

    #[test]
    fn causes_are_told_once_each() {
        let io = std::io::Error::new(std::io::ErrorKind::NotFound, "no such file");
        let failure = Failure::new("cannot read a.md").because(&io).because(&io).next("check the path");
        assert_eq!(failure.to_string(), "cannot read a.md: no such file");
        assert_eq!(failure.next_step(), Some("check the path"));
    }
}
