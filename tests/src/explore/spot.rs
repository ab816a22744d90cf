//! The terminal that something happens to, and how it hears of it.

use core::hash::{Hash, Hasher};
use std::sync::Arc;

use pay_core::sale::{Millis, NOT_ATTEMPTED_MS};
use pay_core::till::canonical::NOON;

use super::mix::Mix;
use super::reactions::Reactions;
use super::rules::Rules;
use super::step::Step;
use super::terminal::Terminal;
use super::world::{Next, Outside, World};

/// The terminal that something happens to.
#[derive(Clone, Copy)]
pub(super) struct Spot<'r> {
    pub(super) rules: &'r Rules,
    pub(super) reactions: &'r Reactions,
    pub(super) index: usize,
    pub(super) number: u8,
}

/// Nothing happens outside.
#[allow(clippy::unnecessary_wraps)] // as those where something does
pub(super) fn nothing(_: &mut Outside, _: &Terminal) -> Result<(), String> {
    Ok(())
}

impl World {
    /// Something happens outside, and a terminal hears of it at `now`; then it runs on until there is a choice.
    pub(super) fn to_till<H: Hash>(
        &self,
        spot: Spot<'_>,
        at: Millis,
        step: Step,
        all: &mut Vec<Next>,
        outside: impl FnOnce(&mut Outside, &Terminal) -> Result<H, String>,
        hears: impl FnOnce(&mut Terminal, H) -> Result<(), String>,
    ) {
        let Spot { rules, reactions, index, number } = spot;
        let meets = step.clone();
        self.after(rules, step, all, |world| {
            let heard = outside(&mut world.outside, &world.tills[index])?;
            let gateway = &mut world.outside.gateway;
            if gateway.is_closed() && at.since(NOON) * 4 >= NOT_ATTEMPTED_MS * 3 {
                gateway.stale = true;
            }
            let mut print = Mix::default();
            (world.tills[index].print, &meets, &heard).hash(&mut print);
            let reaction = reactions.of(print.finish(), || {
                let mut till = Arc::clone(&world.tills[index]);
                let mut said = Vec::new();
                let own = Arc::make_mut(&mut till);
                hears(own, heard)?;
                own.run(number, at, rules.flash_fails, &mut |word| {
                    said.push(word);
                    Ok(())
                })?;
                own.canonical(at, rules.caps);
                Ok((till, said))
            });
            let (till, said) = reaction.as_ref().as_ref().map_err(String::clone)?;
            let facts = world.outside.gateway.facts();
            said.iter().try_for_each(|said| facts.said(number, *said))?;
            world.tills[index] = Arc::clone(till);
            Ok(())
        });
    }
}
