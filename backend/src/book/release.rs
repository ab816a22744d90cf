//! The right to hand out, and what became of the goods.

use super::event::Moment;

/// The goods of one order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Goods {
    /// The payment for which the right to hand out was granted.
    pub(super) granted: Option<u64>,
    /// What the device said.
    pub(super) released: Option<bool>,
    /// When it said so first.
    pub(super) reported: Option<Moment>,
    /// Goods went out for a payment that had no right to them.
    pub(super) twice: bool,
}

/// Goes against what was said or decided before.
pub(super) struct Conflict;

impl Goods {
    /// A device wants to hand out for this payment, which was seen to succeed. The first one wins; the same one again is the same right.
    pub(super) fn claim(&mut self, payment: u64, is_going_back: bool) -> Result<(), Conflict> {
        if is_going_back
            || self.released == Some(false)
            || (self.released == Some(true) && self.granted != Some(payment))
        {
            return Err(Conflict);
        }
        match self.granted {
            Some(granted) if granted != payment => Err(Conflict),
            _ => {
                self.granted = Some(payment);
                Ok(())
            }
        }
    }

    /// A device says what became of the goods. The first report stands.
    pub(super) fn report(
        &mut self,
        released: bool,
        payment: Option<u64>,
        is_going_back: bool,
        at: Moment,
    ) -> Result<(), Conflict> {
        let is_another = payment.is_some_and(|payment| self.granted.is_some_and(|granted| granted != payment));
        if is_another {
            // Nothing to say of goods that were another's to hand out, unless they are out.
            self.twice |= released;
            return if released { Err(Conflict) } else { Ok(()) };
        }
        match self.released {
            Some(before) if before != released => Err(Conflict),
            None if released && is_going_back => {
                self.twice = true;
                Err(Conflict)
            }
            _ => {
                self.released = Some(released);
                self.reported.get_or_insert(at);
                Ok(())
            }
        }
    }
}
