//! Connections of which nothing is known yet: they get a place only once their caller has shown a token.
//!
//! Whoever opens connections and says nothing takes room from others who say nothing: when the lobby is full, the one that has been silent
//! longest has to go, then the one that began longest ago and has not come to an end.

use core::net::IpAddr;
use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// So many at the least, however few places there are.
pub(crate) const ROOM: usize = 512;
/// Who has begun to talk may go on for so long, whoever comes after.
const PATIENCE: Duration = Duration::from_secs(3);

/// The lobby of one door.
pub(crate) struct Lobby {
    places: Arc<Semaphore>,
    room: usize,
    /// Of one address.
    share: usize,
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    next: u64,
    /// The oldest first.
    guests: BTreeMap<u64, Seat>,
}

struct Seat {
    address: IpAddr,
    since: Instant,
    talks: bool,
    out: Arc<Notify>,
}

/// A connection: a guest, until it is welcome.
pub(crate) struct Guest {
    id: u64,
    lobby: Arc<Lobby>,
    out: Arc<Notify>,
    place: Mutex<Option<OwnedSemaphorePermit>>,
}

impl Lobby {
    pub(crate) fn new(places: u32) -> Arc<Self> {
        let places = places as usize;
        let room = ROOM.max(places);
        let places = Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS)));
        Arc::new(Self { places, room, share: room / 4 * 3, inside: Mutex::default() })
    }

    /// Lets a connection in. `None`: there is no room now.
    pub(crate) fn enter(self: &Arc<Self>, address: IpAddr, now: Instant) -> Option<Guest> {
        let mut inside = self.lock();
        let of_address = inside.guests.values().filter(|seat| seat.address == address).count();
        let scope = (of_address >= self.share).then_some(address);
        if scope.is_some() || inside.guests.len() >= self.room {
            inside.show_out(scope, now)?;
        }
        let (id, out) = (inside.next, Arc::new(Notify::new()));
        inside.next += 1;
        inside.guests.insert(id, Seat { address, since: now, talks: false, out: Arc::clone(&out) });
        drop(inside);
        Some(Guest { id, lobby: Arc::clone(self), out, place: Mutex::default() })
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    /// Makes room, by one of this address if one is named.
    fn show_out(&mut self, address: Option<IpAddr>, now: Instant) -> Option<()> {
        let seats = || {
            let all = self.guests.iter();
            all.filter(|(_, seat)| address.is_none_or(|address| seat.address == address))
        };
        let silent = seats().find(|(_, seat)| !seat.talks);
        let slow = || seats().next().filter(|(_, seat)| now.saturating_duration_since(seat.since) >= PATIENCE);
        let id = silent.or_else(slow).map(|(id, _)| *id)?;
        self.guests.remove(&id)?.out.notify_one();
        Some(())
    }
}

impl Guest {
    /// Its first byte came.
    pub(crate) fn talks(&self) {
        if let Some(seat) = self.lobby.lock().guests.get_mut(&self.id) {
            seat.talks = true;
        }
    }

    /// Its caller is known: from here on it has a place of its own. `false`: there is none, or it was shown out a moment ago.
    pub(crate) fn welcome(&self) -> bool {
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        if place.is_some() {
            return true;
        }
        let Ok(permit) = Arc::clone(&self.lobby.places).try_acquire_owned() else { return false };
        let is_here = self.lobby.lock().guests.remove(&self.id).is_some();
        if is_here {
            *place = Some(permit);
        }
        is_here
    }

    pub(crate) fn is_welcome(&self) -> bool {
        self.place.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Waits until it has to go.
    pub(crate) async fn shown_out(&self) {
        self.out.notified().await;
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.lobby.lock().guests.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([127, 0, 0, last])
    }

    fn left(guest: &Guest) -> bool {
        !guest.lobby.lock().guests.contains_key(&guest.id) && !guest.is_welcome()
    }

    // Mutants: `silent` left out (who talks has to go); `PATIENCE` left out; `scope` that is always `None` (an address takes all room).
    #[test]
    fn who_says_nothing_makes_room() {
        let (lobby, start) = (Lobby::new(2), Instant::now());
        let enter = |last: u8, ms: u64| lobby.enter(address(last), start + Duration::from_millis(ms));
        let kiosk = enter(1, 0).unwrap();
        kiosk.talks();
        let silent: Vec<_> = (0..600).map(|n| enter(2, n).unwrap()).collect();
        assert_eq!(silent.iter().filter(|guest| !left(guest)).count(), 384, "three quarters of the room");
        assert!(left(&silent[0]) && !left(&silent[599]) && !left(&kiosk), "the oldest went");
        silent.iter().for_each(Guest::talks);
        assert!(enter(2, 700).is_none(), "nobody is slow yet");
        let other = enter(3, 700).unwrap();
        let later = enter(2, 3_300).unwrap();
        assert!(left(&silent[216]) && !left(&kiosk) && !left(&other), "one of its own address");
        assert!(kiosk.welcome() && kiosk.welcome() && kiosk.is_welcome() && other.welcome());
        assert!(!later.welcome(), "no place is free");
        drop(other);
        assert!(later.welcome());
        assert!(!silent[0].welcome(), "it has gone");
        drop((silent, kiosk, later));
        assert!(lobby.lock().guests.is_empty() && lobby.places.available_permits() == 2);
    }
}
