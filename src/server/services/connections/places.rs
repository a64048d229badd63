use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::ConnectionLimits;

/// How much a connection is needed, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// No request has begun.
    Silent,
    /// Nobody has signed in.
    Stranger,
    /// Somebody has signed in, and no request is running.
    Known,
    /// A request of somebody who has signed in is running. It never makes room.
    Busy,
}

/// How long a connection is as good without a request as with one.
const GRACE: Duration = Duration::from_secs(1);

/// Rank, the time of the last change, and the number of the connection: the order in which connections make room.
type Key = (Rank, u64, u64);

#[derive(Debug)]
pub struct Place {
    key: Key,
    since: Instant,
    address: Option<IpAddr>,
    close: Arc<Notify>,
}

/// The connections that have not been told to close.
#[derive(Debug, Default)]
pub struct Places {
    places: HashMap<u64, Place>,
    order: BTreeSet<Key>,
    strangers: HashMap<IpAddr, BTreeSet<Key>>,
    /// Counts connections and changes.
    clock: u64,
}

impl Places {
    /// Returns the number of the new connection, or `None` if all places are taken.
    pub fn admit(&mut self, limits: ConnectionLimits, address: Option<IpAddr>, close: Arc<Notify>) -> Option<u64> {
        let of_address = address.and_then(|address| self.strangers.get(&address));
        let crowd = of_address.filter(|strangers| strangers.len() >= limits.max_strangers);
        if let Some(number) = crowd.and_then(|crowd| self.least(crowd)) {
            self.close(number);
        }
        if self.places.len() >= limits.max && !self.close_one() {
            return None;
        }
        self.clock += 1;
        let number = self.clock;
        self.put(number, Place { key: (Rank::Silent, self.clock, number), since: Instant::now(), address, close });
        Some(number)
    }

    /// Closes the connection that is needed least, and returns whether there was one.
    pub fn close_one(&mut self) -> bool {
        self.least(&self.order).map(|number| self.close(number)).is_some()
    }

    /// The connection among these that is needed least. Somebody who has just come and has not spoken yet must not be sent
    /// away for those who have spoken and stay, so that age decides between the two.
    fn least(&self, among: &BTreeSet<Key>) -> Option<u64> {
        let first = among.first().filter(|(rank, ..)| *rank < Rank::Busy)?;
        let stranger = among.range((Rank::Stranger, 0, 0)..).next().filter(|(rank, ..)| *rank == Rank::Stranger);
        let is_new = |number| self.places.get(number).is_some_and(|place| place.since.elapsed() < GRACE);
        match (first, stranger) {
            ((Rank::Silent, changed, number), Some((_, spoke, stranger))) if spoke < changed && is_new(number) => {
                Some(*stranger)
            }
            ((_, _, number), _) => Some(*number),
        }
    }

    fn close(&mut self, number: u64) {
        if let Some(place) = self.remove(number) {
            place.close.notify_one();
        }
    }

    /// One that was told to close stays without a place.
    pub fn move_to(&mut self, number: u64, rank: Rank) {
        if let Some(place) = self.remove(number) {
            self.clock += 1;
            self.put(number, Place { key: (rank, self.clock, number), ..place });
        }
    }

    fn put(&mut self, number: u64, place: Place) {
        self.order.insert(place.key);
        if let Some(address) = place.address.filter(|_| place.key.0 <= Rank::Stranger) {
            self.strangers.entry(address).or_default().insert(place.key);
        }
        self.places.insert(number, place);
    }

    pub fn remove(&mut self, number: u64) -> Option<Place> {
        let place = self.places.remove(&number)?;
        self.order.remove(&place.key);
        if let Some(address) = place.address
            && let Some(strangers) = self.strangers.get_mut(&address)
        {
            strangers.remove(&place.key);
            if strangers.is_empty() {
                self.strangers.remove(&address);
            }
        }
        Some(place)
    }
}
