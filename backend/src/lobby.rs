//! Connections whose caller is not known yet. They get a place once the caller has shown a token.
//!
//! A caller that opens connections and sends nothing takes room only from others that send nothing. When the lobby is full, the connection
//! that has been silent longest is closed; if none is silent, the one whose request has been incomplete longest.

use core::net::IpAddr;
use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// The lobby's least size, however few places there are.
pub(crate) const ROOM: usize = 512;
/// A connection that has begun to send keeps its room for this long, whoever comes after it.
const PATIENCE: Duration = Duration::from_secs(3);

/// The lobby of one door.
pub(crate) struct Lobby {
    places: Arc<Semaphore>,
    room: usize,
    /// Connections of one address.
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

/// A connection whose caller is not known yet.
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

    /// Accepts a connection. `None`: there is no room now.
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
    /// Makes room by closing a connection; one of this address, if an address is given.
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
    /// Its first byte has arrived.
    pub(crate) fn talks(&self) {
        if let Some(seat) = self.lobby.lock().guests.get_mut(&self.id) {
            seat.talks = true;
        }
    }

    /// The caller is known: the connection gets a place of its own. `false`: there is none, or the connection was just closed.
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

    /// Waits until the connection has to be closed.
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

    // Mutants: `silent` left out (a connection that sends is closed); `PATIENCE` left out; `scope` is always `None` (one address takes all
    // room).
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
