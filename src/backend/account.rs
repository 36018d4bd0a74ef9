//! A user of a domain, and what its server has said to it.
//!
//! ```text
//!  nothing known ──► one login at a time ──► it worked: all go at once, as long as the file says the same
//!        ▲                    └────────────► it was refused: nobody tries, until the file changes or some time has passed
//!        └────────────────────────────────────────────┘
//! ```
//!
//! Domains lock accounts after a few wrong passwords. Many uploads may begin at once with one: the first finds out, and the
//! others share what it has found.

use sha2::{Digest as _, Sha256};
use sspi::{AuthIdentity, Username};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Mutex as Turns, OwnedMutexGuard};

/// A refused login is not tried again for this time, unless the file changes: domains lock accounts after a few.
const LOCKOUT_PAUSE: Duration = Duration::from_secs(15 * 60);

/// A user of a domain, with its password.
pub(super) struct Account {
    pub(super) identity: AuthIdentity,
    /// Tells it from what the file holds at another time.
    digest: [u8; 32],
    standing: Standing,
}

/// What is known of an account. It is shared by all uploads to the backend, and outlives the reading of the file.
#[derive(Debug, Clone, Default)]
pub(super) struct Standing(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// What the server said last, and to which digest.
    said: Mutex<Option<([u8; 32], Said)>>,
    /// Held by the login of which the result is awaited.
    turns: Arc<Turns<()>>,
}

#[derive(Debug, Clone, Copy)]
enum Said {
    Yes,
    No(Instant),
}

impl Standing {
    fn lock(&self) -> MutexGuard<'_, Option<([u8; 32], Said)>> {
        // It is written whole, so a poisoned lock still guards a sound value.
        self.0.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an account may do.
pub(super) enum Leave {
    /// Log in.
    Go(Turn),
    /// Nothing: the server has said no to it.
    Refused,
}

/// A login under way. Where nothing is known of the account, all others wait until it is dropped.
pub(super) struct Turn {
    _held: Option<OwnedMutexGuard<()>>,
}

impl Account {
    /// Reads `DOMAIN\user:password` or `user@REALM:password`.
    pub(super) fn parse(text: &str, standing: &Standing) -> Result<Self, String> {
        let wanted = || "has to hold one line, DOMAIN\\user:password or user@REALM:password".to_owned();
        let (user, password) = text.split_once(':').ok_or_else(wanted)?;
        if user.is_empty() || password.is_empty() || text.contains(char::is_control) {
            return Err(wanted());
        }
        let username = Username::parse(user).map_err(|_| wanted())?;
        let identity = AuthIdentity { username, password: password.to_owned().into() };
        Ok(Account { identity, digest: Sha256::digest(text).into(), standing: standing.clone() })
    }

    /// Waits until it is known whether this account may log in, or until it is the one that has to find out.
    pub(super) async fn leave(&self) -> Leave {
        if let Some(known) = self.known() {
            return known;
        }
        let turn = Arc::clone(&self.standing.0.turns).lock_owned().await;
        // Whoever had the turn may have found out.
        self.known().unwrap_or(Leave::Go(Turn { _held: Some(turn) }))
    }

    fn known(&self) -> Option<Leave> {
        match (*self.standing.lock())? {
            (digest, _) if digest != self.digest => None,
            (_, Said::Yes) => Some(Leave::Go(Turn { _held: None })),
            (_, Said::No(at)) => (at.elapsed() < LOCKOUT_PAUSE).then_some(Leave::Refused),
        }
    }

    /// The server let it in.
    pub(super) fn accepted(&self) {
        *self.standing.lock() = Some((self.digest, Said::Yes));
    }

    /// The server did not.
    pub(super) fn refused(&self) {
        *self.standing.lock() = Some((self.digest, Said::No(Instant::now())));
    }
}

/// Without user and password.
impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Account(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::{Pin, pin};
    use std::task::{Context, Poll, Waker};

    /// What there is to say without waiting.
    fn now(leave: Pin<&mut impl Future<Output = Leave>>) -> Option<Leave> {
        match leave.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(leave) => Some(leave),
            Poll::Pending => None,
        }
    }

    fn goes(account: &Account) -> Turn {
        match now(pin!(account.leave())) {
            Some(Leave::Go(turn)) => turn,
            _ => panic!("it may not"),
        }
    }

    #[test]
    fn an_account_is_read_and_never_shown() {
        for good in ["CORP\\me:s3cret", "me@CORP.EXAMPLE:s3:cret", "me:s3cret"] {
            let account = Account::parse(good, &Standing::default()).unwrap();
            assert_eq!(format!("{account:?}"), "Account(***)");
        }
        for bad in ["s3cret", ":s3cret", "me:", "a\\b\\c:s3cret", "me:s3cret\nyou:s3cret"] {
            let why = Account::parse(bad, &Standing::default()).unwrap_err();
            assert!(why.contains("DOMAIN\\user:password") && !why.contains("s3cret"), "{why}");
        }
    }

    #[test]
    fn one_finds_out_and_all_others_share_it() {
        let standing = Standing::default();
        let account = |text| Account::parse(text, &standing).unwrap();
        let (wrong, right) = (account("me:wrong"), account("me:right"));

        let turn = goes(&wrong);
        let (mut second, mut third) = (pin!(wrong.leave()), pin!(wrong.leave()));
        assert!(now(second.as_mut()).is_none() && now(third.as_mut()).is_none());
        wrong.refused();
        drop(turn);
        assert!(matches!(now(second), Some(Leave::Refused)));
        assert!(matches!(now(third), Some(Leave::Refused)));
        assert!(matches!(now(pin!(account("me:wrong").leave())), Some(Leave::Refused)), "read again");

        // Another password is another matter. The first login with it ends without an answer: so the next one finds out.
        let turn = goes(&right);
        let (mut second, mut third) = (pin!(right.leave()), pin!(right.leave()));
        assert!(now(second.as_mut()).is_none() && now(third.as_mut()).is_none());
        drop(turn);
        let Some(Leave::Go(turn)) = now(second) else { panic!() };
        assert!(now(third.as_mut()).is_none());
        right.accepted();
        drop(turn);
        assert!(matches!(now(third), Some(Leave::Go(_))));
        let _both = (goes(&right), goes(&right));

        // It fails although it has worked: from then on nobody tries. Another one begins anew.
        right.refused();
        assert!(matches!(now(pin!(right.leave())), Some(Leave::Refused)));
        let new = account("me:new");
        let _turn = goes(&new);
        assert!(now(pin!(new.leave())).is_none());
    }

    #[test]
    fn after_some_time_one_tries_again() {
        let account = Account::parse("me:wrong", &Standing::default()).unwrap();
        account.refused();
        let Some(before) = Instant::now().checked_sub(LOCKOUT_PAUSE) else { return };
        *account.standing.lock() = Some((account.digest, Said::No(before)));
        let _turn = goes(&account);
        assert!(now(pin!(account.leave())).is_none(), "and only one");
    }
}
