//! The state of a delivery.

store::words! {
    /// The state of a delivery.
    pub enum State (DeliveryState, "a state of a delivery") {
        /// It waits for its first or next attempt.
        Pending "pending",
        /// It is being sent.
        Sending "sending",
        /// The other side accepted it.
        Delivered "delivered",
        /// It was written to a file, because there is no mail server: it did not reach anyone.
        Written "written",
        /// The other side rejected it permanently.
        Refused "refused",
        /// Every attempt of the schedule failed, or the attempt itself panicked repeatedly.
        Failed "failed",
        /// It is unknown whether it arrived, and another copy could be one too many.
        Unknown "unknown",
        /// Between the plan and the attempt its recipient lost access, or its destination was removed or turned off.
        Cancelled "cancelled",
        /// Its recipient got many in a minute: it is bundled in a summary.
        Bundled "bundled",
        /// It cannot be read: it is damaged, or from a later version. It is checked again from time to time.
        SetAside "set_aside",
    }
}

impl State {
    /// Whether no further attempt is made unless it is resent.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Pending | Self::Sending)
    }
}

/// How many characters of a response or a reason are kept.
const KEPT: usize = 512;

/// The beginning of a text, up to the limit.
pub(super) fn kept(text: &str) -> String {
    base::text::block(text, KEPT)
}
