//! Tells systemd how the program is doing, where it wants to know (`Type=notify`, `Type=notify-reload`).

#[cfg(unix)]
pub(super) use unix::{ready, reloading, stopping};

#[cfg(unix)]
mod unix {
    use sd_notify::NotifyState;

    /// It serves.
    pub(in crate::app) fn ready() {
        tell(&[NotifyState::Ready]);
    }

    /// It reads its files again; [`ready`] ends that.
    pub(in crate::app) fn reloading() {
        // Without the time systemd would not know which of several reloads is meant.
        let Ok(now) = NotifyState::monotonic_usec_now() else { return };
        tell(&[NotifyState::Reloading, now]);
    }

    /// It is about to end.
    pub(in crate::app) fn stopping() {
        tell(&[NotifyState::Stopping]);
    }

    /// Nobody is told where nobody wants to know.
    fn tell(what: &[NotifyState<'_>]) {
        if let Err(error) = sd_notify::notify(what) {
            tracing::warn!(%error, "the supervisor (NOTIFY_SOCKET) cannot be told how it goes");
        }
    }
}

#[cfg(not(unix))]
pub(super) use nobody::{ready, reloading, stopping};

#[cfg(not(unix))]
mod nobody {
    pub(in crate::app) fn ready() {}
    pub(in crate::app) fn reloading() {}
    pub(in crate::app) fn stopping() {}
}
