//! Who sells where, and how much.

use crate::budget::Limits;

pub(super) const MINUTE: u64 = 60_000;
const DAY: u64 = 24 * 60 * MINUTE;
/// Of one kiosk.
const SALES_A_DAY: u64 = 40;
/// So many times the mean.
const PEAK: u64 = 3;
/// So much of the peak the accounts carry, in hundredths.
const CARRIED: u64 = 70;

pub(super) struct Plan {
    pub(super) shops: Vec<ShopPlan>,
    pub(super) accounts: usize,
    pub(super) addresses: usize,
    /// Of an account, as the backend and as the gateway know them.
    pub(super) limits: (Limits, sandbox::Limits),
    /// At the mean, at the peak, and after the last shopper.
    pub(super) minutes: [u64; 3],
    pub(super) seed: u64,
}

pub(super) struct ShopPlan {
    pub(super) kiosks: usize,
    pub(super) account: usize,
    pub(super) manners: Manners,
}

/// What its kiosks do when they are told to come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manners {
    /// They come at that time.
    Polite,
    /// Every second, with the same order.
    Pushing,
    /// Every second, with another order.
    Inventive,
}

impl Plan {
    /// Shops of very different sizes, in production's accounts.
    pub(super) fn new(kiosks: usize, shops: usize, minutes: u64, seed: u64) -> Self {
        let weight = |n: usize| match n % 100 {
            0 => 100,
            n if n % 10 == 1 => 30,
            n if n % 10 == 7 => 3,
            _ => 8,
        };
        let limits = (Limits::PRODUCTION, sandbox::Limits::PRODUCTION);
        Self::with(kiosks, (0..shops).map(weight).collect(), limits, [5, minutes, 5], seed)
    }

    /// Five shops in one account with the sandbox's limits.
    pub(super) fn small() -> Self {
        let limits = (Limits::SANDBOX, sandbox::Limits::SANDBOX);
        Self::with(343, vec![1, 2, 1, 1, 1], limits, [1, 8, 1], 1)
    }

    fn with(
        kiosks: usize,
        weights: Vec<usize>,
        limits: (Limits, sandbox::Limits),
        minutes: [u64; 3],
        seed: u64,
    ) -> Self {
        let (shops, all): (usize, usize) = (weights.len(), weights.iter().sum());
        let mut sizes: Vec<_> = weights.iter().map(|weight| (kiosks * weight / all).max(1)).collect();
        let rest = kiosks.saturating_sub(sizes.iter().sum());
        (0..rest).for_each(|n| sizes[n % shops] += 1);

        let carried = kiosks as u64 * SALES_A_DAY * PEAK * MINUTE * CARRIED / DAY / 100;
        let accounts = carried.div_ceil(limits.0.sales.into()).max(1) as usize;
        let of_address = limits.0.of_addresses(1).sales;
        let addresses = carried.div_ceil(of_address.into()).max(1) as usize;
        let mut load = vec![0; accounts];
        let mut shops: Vec<_> = sizes
            .into_iter()
            .enumerate()
            .map(|(n, kiosks)| {
                let manners = match n % 20 {
                    3 => Manners::Pushing,
                    4 => Manners::Inventive,
                    _ => Manners::Polite,
                };
                ShopPlan { kiosks, account: 0, manners }
            })
            .collect();
        shops.sort_by_key(|shop| core::cmp::Reverse(shop.kiosks));
        for shop in &mut shops {
            shop.account = (0..accounts).min_by_key(|account| load[*account]).unwrap_or(0);
            load[shop.account] += shop.kiosks;
        }
        Self { shops, accounts, addresses, limits, minutes, seed }
    }

    /// When the peak begins, counted from the start.
    pub(super) fn peak(&self) -> u64 {
        self.minutes[0] * MINUTE
    }

    /// Between two shoppers of one kiosk, in milliseconds.
    pub(super) fn pause_ms(&self, is_peak: bool) -> f64 {
        let mean = DAY as f64 / SALES_A_DAY as f64;
        if is_peak { mean / PEAK as f64 } else { mean }
    }
}
