//! The state of an open finding relative to its SLA deadline, as counted by the dashboard and filtered in the list.

use std::time::Duration;

use base::Time;
use store::Select;

use super::status::Status;

/// How near a deadline must be to count.
const NEAR: Duration = Duration::from_hours(7 * 24);

base::words! {
    /// Open findings by deadline. Closed ones do not count.
    pub enum Deadline (Deadline) {
        /// It has passed.
        Breached "breached",
        /// It is within seven days from now.
        DueIn7Days "due_in_7_days",
    }
}

impl Deadline {
    /// Only the findings `f` in this state at this time.
    #[must_use]
    pub fn narrow(self, select: Select, now: Time) -> Select {
        let open = format!(" and f.status in {} and f.sla_due_at > 0", Status::OPEN_SQL);
        let select = select.push(&open, Vec::new());
        match self {
            Self::Breached => select.push(" and f.sla_due_at <= ?", vec![now.into()]),
            Self::DueIn7Days => select.push(
                " and f.sla_due_at > ? and f.sla_due_at <= ?",
                vec![now.into(), now.after(NEAR).into()],
            ),
        }
    }
}
