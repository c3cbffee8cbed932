//! The state of an open finding relative to its SLA deadline, as counted by the dashboard and filtered in the list.

use std::{str::FromStr, time::Duration};

use base::Time;
use store::Select;

use super::status::Status;

const BREACHED: &str = "breached";
const DUE_IN_7_DAYS: &str = "due_in_7_days";

/// How near a deadline must be to count.
const NEAR: Duration = Duration::from_hours(7 * 24);

/// Open findings by deadline. Closed ones do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deadline {
    /// It has passed.
    Breached,
    /// It is within seven days from now.
    DueIn7Days,
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

impl utoipa::ToSchema for Deadline {}
impl utoipa::PartialSchema for Deadline {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        access::schema::one_of([BREACHED, DUE_IN_7_DAYS])
    }
}

impl FromStr for Deadline {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            BREACHED => Ok(Self::Breached),
            DUE_IN_7_DAYS => Ok(Self::DueIn7Days),
            _ => Err(format!("must be {BREACHED} or {DUE_IN_7_DAYS}")),
        }
    }
}
