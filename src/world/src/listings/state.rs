//! What state decisions, suspensions, the trader and time leave a listing in.

use domain::{Date, Timestamp};

use super::{Listing, Status};
use crate::calendar::{DAY_S, Span};
use crate::moderation_actions::Action;

impl Listing {
    /// The decision that removed it last, by a moment.
    pub(crate) fn removal(&self, present: Timestamp) -> Option<&Action> {
        let removed = |action: &&Action| {
            action.measures.removes() && action.applied_at.is_some_and(|at| at < present)
        };
        self.history.iter().rev().find(removed)
    }

    /// Whether it was for sale from midnight to midnight.
    pub(crate) fn is_for_sale_on(&self, day: Date) -> bool {
        let midnight = Timestamp::start_of(day);
        let (from, until) = (midnight, midnight.plus_s(DAY_S));
        let (status, changed_at) = self.state;
        let is_up = self.published_at < from && (status == Status::Active || until <= changed_at);
        is_up
            && !self.suspensions.touch(Span { from, until })
            && self.history.iter().all(|action| {
                let takes_down = action.measures.removes() || action.measures.disables();
                let is_back = |at: Timestamp| at <= from;
                !takes_down
                    || action.applied_at.is_none_or(|applied_at| until <= applied_at)
                    || action.over_at().is_some_and(is_back)
            })
    }

    /// The state that decisions, the trader and time have left it in at a moment, and since when.
    pub(crate) fn state_at(&self, present: Timestamp) -> (Status, Timestamp) {
        if let Some((action, applied_at)) = self.standing_decision(present) {
            let status = if action.measures.removes() { Status::Removed } else { Status::Hidden };
            return (status, applied_at);
        }
        if let Some((at, status)) = self.ended.filter(|(at, _)| *at < present) {
            return (status, at);
        }
        if let Some(suspension) = self.suspensions.at(present) {
            return (Status::Hidden, suspension.from.max(self.active_since(present)));
        }
        match self.left_at.filter(|at| *at < present) {
            Some(at) => (Status::Delisted, at.max(self.last_event(present))),
            None => (Status::Active, self.active_since(present)),
        }
    }

    /// The decision that keeps it out of sight at a moment, and since when.
    pub(super) fn standing_decision(&self, present: Timestamp) -> Option<(&Action, Timestamp)> {
        let mut in_force = self.history.iter().rev().filter(|action| action.stands_at(present));
        let gone =
            in_force.find(|action| action.measures.removes() || action.measures.disables())?;
        Some((gone, gone.applied_at?))
    }

    /// Whether nothing but its trader's suspension keeps it out of sight at a moment.
    pub(crate) fn is_suspended_at(&self, present: Timestamp) -> bool {
        let is_there = self.published_at < present && self.suspensions.at(present).is_some();
        let has_ended = self.ended.is_some_and(|(at, _)| at < present);
        is_there && !has_ended && self.standing_decision(present).is_none()
    }

    /// The last time that a decision changed something or a suspension was over, or it was put up.
    pub(super) fn last_event(&self, present: Timestamp) -> Timestamp {
        let events = |action: &Action| [action.applied_at, action.lifted_at, action.end_at];
        self.history
            .iter()
            .flat_map(events)
            .flatten()
            .chain(self.suspensions.over_by(present))
            .filter(|at| *at < present)
            .fold(self.published_at, Timestamp::max)
    }

    /// Since when it is for sale without a break, where nothing stands against it.
    fn active_since(&self, present: Timestamp) -> Timestamp {
        self.history
            .iter()
            .filter(|action| action.applied_at.is_some())
            .filter(|action| action.measures.removes() || action.measures.disables())
            .filter_map(|action| action.over_at())
            .chain(self.suspensions.over_by(present))
            .filter(|at| *at < present)
            .fold(self.published_at, Timestamp::max)
    }
}
