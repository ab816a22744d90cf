//! A shop that is told the first method by its caller, and chooses the next itself.

use super::super::model::method::PaymentMethod;
use super::super::model::{NextAction, OrderId, OrderPay, PaymentSessionId, UnixSeconds};
use super::super::sale::{AttemptEnd, Millis};
use super::shop::{Choice, Goods, Offer, Seen, Shop, Wish};

/// A shop with a method to begin with.
pub(super) struct First<'s, S> {
    pub(super) method: Option<PaymentMethod>,
    pub(super) shop: &'s mut S,
}

impl<S: Shop> Shop for First<'_, S> {
    fn now(&mut self) -> Millis {
        self.shop.now()
    }

    fn unix(&mut self) -> Option<UnixSeconds> {
        self.shop.unix()
    }

    async fn sleep(&mut self, until: Millis) -> Wish {
        self.shop.sleep(until).await
    }

    async fn show(&mut self, offer: &Offer, action: NextAction<'_>) -> Seen {
        self.shop.show(offer, action).await
    }

    async fn choose(&mut self, session: &PaymentSessionId, ended: Option<&AttemptEnd>) -> Choice {
        let Some(method) = self.method.clone() else { return self.shop.choose(session, ended).await };
        // Not moved from: what is dropped is wiped, and it may be a card.
        self.method = None;
        Choice::Pay(OrderPay::new(session.clone(), method))
    }

    async fn vend(&mut self, offer: &Offer) -> Goods {
        self.shop.vend(offer).await
    }

    async fn sense(&mut self, order: &OrderId) -> Goods {
        self.shop.sense(order).await
    }

    fn taken(&mut self) {
        self.shop.taken();
    }
}
