//! Mails as files, for trying Campanile without an SMTP server.

use std::{io, path::PathBuf};

use base::{Id, Time};
use tokio::{fs, io::AsyncWriteExt};

use crate::{Attempt, Outcome};

/// A folder of `.eml` files.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Writes the mail under a name of its own, atomically.
    pub(super) async fn write(&self, now: Time, delivery: Id, mail: &[u8]) -> Attempt {
        match self.try_write(now, delivery, mail).await {
            Ok(name) => Attempt {
                outcome: Outcome::Written,
                status: None,
                answer: String::new(),
                reason: format!("written to {name}"),
                gone: false,
            },
            Err(error) => Attempt::without_answer(
                Outcome::RefusedForNow { retry_after: None },
                format!("the mail could not be written: {}", error.kind()),
            ),
        }
    }

    async fn try_write(&self, now: Time, delivery: Id, mail: &[u8]) -> io::Result<String> {
        fs::create_dir_all(&self.0).await?;
        let stamp = now.timestamp().strftime("%Y%m%dT%H%M%S%.3fZ");
        let name = format!("{stamp}-{delivery}.eml");
        let unfinished = self.0.join(format!(".{name}.part"));
        let mut file = fs::File::create(&unfinished).await?;
        file.write_all(mail).await?;
        file.sync_all().await?;
        fs::rename(&unfinished, self.0.join(&name)).await?;
        Ok(name)
    }
}

#[cfg(test)]
mod tests {
    use base::Clock;

    use super::*;

    #[tokio::test]
    async fn a_mail_becomes_a_file_and_a_fault_an_answer() {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::manual(Time::from_nanos(1_790_000_000_123_456_789));
        let folder = Folder::new(dir.path().join("mail"));
        let id = clock.id();
        let attempt = folder
            .write(clock.now(), id, b"Subject: x\r\n\r\nhello\r\n")
            .await;
        // promise: S4
        assert_eq!(attempt.outcome, Outcome::Written);
        let names: Vec<_> = std::fs::read_dir(dir.path().join("mail"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(names, [format!("20260921T141320.123Z-{id}.eml")]);
        let blocked = Folder::new(dir.path().join("mail").join(&names[0]));
        let attempt = blocked.write(clock.now(), id, b"x").await;
        assert_eq!(attempt.outcome, Outcome::RefusedForNow { retry_after: None });
    }
}
