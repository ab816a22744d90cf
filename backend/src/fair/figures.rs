//! What a run came to.

use core::fmt;

use super::kiosk::Counts;
use super::plan::Manners;

pub(super) struct Figures {
    pub(super) kiosks: usize,
    pub(super) accounts: usize,
    pub(super) addresses: usize,
    pub(super) minutes: u64,
    /// That an account can carry in a minute.
    pub(super) sales: u32,
    /// Answers 429 of the gateway.
    pub(super) throttled: u64,
    pub(super) readings: u64,
    pub(super) shops: Vec<ShopFigures>,
    pub(super) counts: Counts,
}

/// Of sales that shoppers wanted at the peak.
pub(super) struct ShopFigures {
    kiosks: usize,
    manners: Manners,
    pub(super) asked: u64,
    /// Their code was shown.
    pub(super) accepted: u64,
}

impl ShopFigures {
    pub(super) fn new(kiosks: usize, manners: Manners) -> Self {
        Self { kiosks, manners, asked: 0, accepted: 0 }
    }

    /// Accepted of ten thousand that were asked.
    fn part(&self) -> u64 {
        self.accepted * 10_000 / self.asked.max(1)
    }
}

impl Figures {
    fn asked(&self) -> u64 {
        self.shops.iter().map(|shop| shop.asked).sum()
    }

    fn accepted(&self) -> u64 {
        self.shops.iter().map(|shop| shop.accepted).sum()
    }

    /// The worst shop's part of the best shop's, in hundredths.
    fn evenness(&self) -> u64 {
        let parts = || self.shops.iter().filter(|shop| shop.asked > 0).map(ShopFigures::part);
        parts().min().unwrap_or(0) * 100 / parts().max().unwrap_or(0).max(1)
    }

    /// No 429, nothing refused after a code, and any two shops within 20 % of each other, while less was carried than was asked, and not
    /// much less than could be.
    pub(super) fn is_fair(&self) -> bool {
        let carried = self.minutes * self.accounts as u64 * u64::from(self.sales);
        let was_scarce = self.accepted() * 100 < self.asked() * 90;
        let was_used = self.accepted() * 100 > carried * 90;
        self.throttled == 0 && self.counts.after_code == 0 && self.evenness() >= 80 && was_scarce && was_used
    }

    pub(super) fn print(&self) {
        let Counts { refused, unpaid, handed_out, waited, told, refused_step, .. } = &self.counts;
        println!("{} accounts, {} outgoing addresses, {} minutes of peak", self.accounts, self.addresses, self.minutes);
        println!(
            "refused: {refused} creations, {unpaid} Order Pay; handed out {handed_out}; {} readings",
            self.readings
        );
        println!("told to come again in s: {}; from question to code in ms: {}", spread(told), spread(waited));
        if !refused_step.is_empty() {
            println!("refused last after a code: {refused_step}");
        }
        for manners in [Manners::Polite, Manners::Pushing, Manners::Inventive] {
            let mut shops: Vec<_> = self.shops.iter().filter(|shop| shop.manners == manners).collect();
            shops.sort_by_key(|shop| shop.part());
            let (asked, accepted): (u64, u64) =
                (shops.iter().map(|shop| shop.asked).sum(), shops.iter().map(|shop| shop.accepted).sum());
            println!("{manners:?}: {} shops, {accepted} of {asked}", shops.len());
            for shop in shops.iter().take(2).chain(shops.iter().rev().take(2)) {
                println!("  {} kiosks: {} of {}", shop.kiosks, shop.accepted, shop.asked);
            }
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "fair: {} kiosks, {} shops, peak asked {}, accepted {}, worst/best shop 0.{:02}, refused after a code {}, 429: {}",
            self.kiosks,
            self.shops.len(),
            self.asked(),
            self.accepted(),
            self.evenness(),
            self.counts.after_code,
            self.throttled
        )
    }
}

/// Median, 99 of 100, most.
fn spread(of: &[u64]) -> String {
    let mut of = of.to_vec();
    of.sort_unstable();
    let at = |hundredths: usize| of.get(of.len() * hundredths / 100).or(of.last()).copied().unwrap_or(0);
    format!("{} (median), {} (99 of 100), {} (most)", at(50), at(99), at(100))
}
