//! Slots that are shared out between people in turns.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use tokio::sync::oneshot;

use crate::base::locked;

/// How many slots there are, and how many one person may have.
#[derive(Clone, Copy, Debug)]
pub struct Shares {
    pub slots: usize,
    pub per_person: usize,
    /// Requests that may wait, of all and of one person.
    pub waiting: usize,
    pub waiting_per_person: usize,
}

/// Hands out slots: who waits gets the next one in turns with the others. Cheap to clone.
#[derive(Clone)]
pub struct Turns(Arc<Mutex<State>>);

struct State {
    shares: Shares,
    free: usize,
    waiting: usize,
    people: HashMap<Arc<str>, Person>,
    /// Those who wait; the next one first.
    turns: VecDeque<Arc<str>>,
}

#[derive(Default)]
struct Person {
    held: usize,
    waiting: VecDeque<oneshot::Sender<Slot>>,
}

/// Given back on drop.
pub struct Slot {
    person: Arc<str>,
    turns: Option<Turns>,
}

/// The queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl Turns {
    pub fn new(shares: Shares) -> Self {
        let (people, turns) = Default::default();
        Self(Arc::new(Mutex::new(State { shares, free: shares.slots, waiting: 0, people, turns })))
    }

    /// Waits for a slot. Dropping the future gives up the place in the queue.
    pub async fn take(&self, person: &Arc<str>) -> Result<Slot, Full> {
        let receiver = self.enqueue(person)?;
        // The sender is dropped only with the whole state.
        receiver.await.map_err(|_| Full)
    }

    /// How many slots are not free; 1 at least.
    pub fn held(&self) -> usize {
        let state = locked(&self.0);
        (state.shares.slots - state.free).max(1)
    }

    fn enqueue(&self, person: &Arc<str>) -> Result<oneshot::Receiver<Slot>, Full> {
        let mut state = locked(&self.0);
        state.remove_gone();
        let Shares { waiting, waiting_per_person, .. } = state.shares;
        let is_full = state.waiting >= waiting;
        let entry = state.people.entry(person.clone()).or_default();
        if (is_full || entry.waiting.len() >= waiting_per_person) && !entry.waiting.is_empty() {
            return Err(Full);
        }
        let (sender, receiver) = oneshot::channel();
        let is_first = entry.waiting.is_empty();
        entry.waiting.push_back(sender);
        state.waiting += 1;
        if is_first {
            state.turns.push_back(person.clone());
        }
        state.hand_out(self);
        Ok(receiver)
    }
}

impl State {
    /// Gives free slots to those whose turn it is.
    fn hand_out(&mut self, turns: &Turns) {
        let mut passed = 0;
        while self.free > 0 && passed < self.turns.len() {
            let Some(name) = self.turns.pop_front() else { return };
            let per_person = self.shares.per_person;
            let Some(person) = self.people.get_mut(&name) else { continue };
            if person.held >= per_person {
                self.turns.push_back(name);
                passed += 1;
                continue;
            }
            if let Some(sender) = person.waiting.pop_front() {
                self.waiting -= 1;
                match sender.send(Slot { person: name.clone(), turns: Some(turns.clone()) }) {
                    Ok(()) => {
                        person.held += 1;
                        self.free -= 1;
                        passed = 0;
                    }
                    // Gone; its slot was never taken.
                    Err(mut slot) => slot.turns = None,
                }
            }
            if !person.waiting.is_empty() {
                self.turns.push_back(name);
            } else if person.held == 0 {
                self.people.remove(&name);
            }
        }
    }

    /// Forgets those who no longer wait.
    fn remove_gone(&mut self) {
        for person in self.people.values_mut() {
            let before = person.waiting.len();
            person.waiting.retain(|sender| !sender.is_closed());
            self.waiting -= before - person.waiting.len();
        }
        let people = &mut self.people;
        self.turns.retain(|name| people.get(name).is_some_and(|person| !person.waiting.is_empty()));
        people.retain(|_, person| person.held > 0 || !person.waiting.is_empty());
    }
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Slot({})", self.person)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let Some(turns) = self.turns.take() else { return };
        let mut state = locked(&turns.0);
        state.free += 1;
        if let Some(person) = state.people.get_mut(&self.person) {
            person.held -= 1;
            if person.held == 0 && person.waiting.is_empty() {
                state.people.remove(&self.person);
            }
        }
        state.hand_out(&turns);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARES: Shares = Shares { slots: 2, per_person: 1, waiting: 3, waiting_per_person: 2 };

    /// Asks for a slot, and waits for it elsewhere.
    fn ask(turns: &Turns, person: &str) -> Result<oneshot::Receiver<Slot>, Full> {
        turns.enqueue(&person.into())
    }

    #[test]
    fn people_take_turns_and_nobody_has_more_than_a_share() {
        let turns = Turns::new(SHARES);
        let mut first = ask(&turns, "ann").unwrap();
        let mut second = ask(&turns, "ann").unwrap();
        let mut third = ask(&turns, "ann").unwrap();
        let slot = first.try_recv().unwrap();
        assert!(second.try_recv().is_err(), "the second slot is not for the same person");
        let _bob = ask(&turns, "bob").unwrap().try_recv().unwrap();
        let mut cyd = ask(&turns, "cyd").unwrap();
        assert!(cyd.try_recv().is_err());
        drop(slot);
        let slot = second.try_recv().unwrap();
        drop(slot);
        let slot = cyd.try_recv().expect("before the third of somebody else");
        assert!(third.try_recv().is_err());
        drop(slot);
        third.try_recv().unwrap();
    }

    #[test]
    fn queues_are_bounded_and_forget_who_has_gone() {
        let turns = Turns::new(SHARES);
        let _held = [ask(&turns, "ann").unwrap().try_recv().unwrap(), ask(&turns, "bob").unwrap().try_recv().unwrap()];
        let waiting = [ask(&turns, "ann").unwrap(), ask(&turns, "ann").unwrap()];
        assert_eq!(ask(&turns, "ann").unwrap_err(), Full);
        let _bob = ask(&turns, "bob").unwrap();
        assert_eq!(ask(&turns, "bob").unwrap_err(), Full, "all wait together");
        let _cyd = ask(&turns, "cyd").expect("somebody who has nothing is never turned away");
        drop(waiting);
        ask(&turns, "ann").unwrap();
        assert_eq!(turns.0.lock().unwrap().people.len(), 3);
    }

    #[test]
    fn slots_come_back_whatever_happens() {
        let turns = Turns::new(SHARES);
        for round in 0..100 {
            let asked: Vec<_> = (0..3).map(|person| ask(&turns, &format!("{person}")).unwrap()).collect();
            match round % 3 {
                0 => drop(asked),
                1 => asked.into_iter().rev().for_each(drop),
                _ => asked.into_iter().for_each(|mut slot| drop(slot.try_recv())),
            }
        }
        let state = turns.0.lock().unwrap();
        assert_eq!((state.free, state.people.values().map(|person| person.held).sum()), (2, 0_usize));
    }
}
