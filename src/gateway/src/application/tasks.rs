//! What is done from time to time, for as long as the application is open.

use std::sync::{Arc, Weak};
use std::time::Duration;

use audit::entry::Flood;
use audit::{Attribution, Event};
use tokio::time::MissedTickBehavior;

use super::Application;
use crate::http::problem::chain;

/// How often: also the length of a flood entry's count.
const PERIOD: Duration = Duration::from_secs(60);

/// Begins to do it; ends by itself once the application is gone.
pub(super) fn begin(application: &Arc<Application>) {
    let weak = Arc::downgrade(application);
    application.spawn(async move {
        let mut ticks = tokio::time::interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if !once(&weak).await {
                return;
            }
        }
    });
}

/// Does everything once. False when the application is gone.
async fn once(application: &Weak<Application>) -> bool {
    let Some(application) = application.upgrade() else { return false };
    application.access.refresh_keys().await;
    application.access.forget_idle();
    application.note_flood().await;
    let now = application.clock.now();
    let keep_s = i64::try_from(application.settings.results.keep_hours * 3_600).unwrap_or(i64::MAX);
    application.running.forget_before(now.plus_s(-keep_s));
    if let Err(error) = tokio::task::block_in_place(|| application.spool.sweep(now)) {
        tracing::error!(cause = %error, "stored answers cannot be swept");
    }
    application.records.forget_answers_before(now.plus_s(-keep_s));
    tokio::task::block_in_place(|| application.purge_answers());
    application.compact_what_is_due();
    true
}

impl Application {
    /// Makes the count of requests without a valid token an entry, if there were any.
    pub(super) async fn note_flood(&self) {
        let Some((from, requests)) = self.flood.take() else { return };
        let event = Event::Flood(Flood { from, requests });
        if let Err(error) = self.audit.append(&Attribution::default(), event).await {
            tracing::error!(cause = %chain(&error), "a flood could not be logged");
        }
    }
}
