//! Writes a decision with all that led to it and all that follows from it.

use super::Action;
use crate::GenerateError;
use crate::complaints::Complaint;
use crate::deliver::Desk;
use crate::marketplace::Marketplace;
use crate::statements::Statement;

impl Marketplace {
    /// Writes decisions with their statements, notices, orders, complaints and what consumers were
    /// told, and counts them.
    pub(crate) fn write_actions<'a>(
        &self,
        actions: impl IntoIterator<Item = &'a Action>,
        desk: &mut Desk<'_>,
    ) -> Result<(), GenerateError> {
        actions.into_iter().try_for_each(|action| self.write_action(action, desk))
    }

    fn write_action(&self, action: &Action, desk: &mut Desk<'_>) -> Result<(), GenerateError> {
        desk.tally.action(action);
        desk.detections.add(action);
        desk.enforcement.action(action);
        desk.enforcement.relisted.action(action);
        if action.subject.trader_id.is_some() {
            desk.career.add(action);
        }
        desk.write(action)?;
        if let Some(statement) = Statement::of(action) {
            desk.write(&statement)?;
        }
        self.write_notices_of(action, desk)?;
        if let Some(order) = self.order_behind(action) {
            order.count(&mut desk.tally);
            desk.write(&order)?;
        }
        if let Some(complaint) = &action.complaint {
            self.write_complaint(complaint, desk)?;
            desk.truths.reversal(action, complaint);
        }
        match self.consumer_notification(action) {
            Some(notification) => desk.write(&notification),
            None => Ok(()),
        }
    }

    /// Writes a complaint and the dispute that follows it.
    pub(crate) fn write_complaint(
        &self,
        complaint: &Complaint,
        desk: &mut Desk<'_>,
    ) -> Result<(), GenerateError> {
        complaint.count(&mut desk.tally);
        desk.write(complaint)?;
        match self.dispute_after(complaint) {
            Some(dispute) => {
                dispute.count(&mut desk.tally);
                desk.write(&dispute)
            }
            None => Ok(()),
        }
    }
}
