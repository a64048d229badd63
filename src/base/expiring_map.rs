//! A map of bounded size whose entries expire.

use std::hash::Hash;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use lru::LruCache;

use super::locked;

/// Entries expire a fixed time after they were made. At capacity, the least recently used entry is evicted.
#[derive(Debug)]
pub struct ExpiringMap<K: Hash + Eq, V> {
    entries: Mutex<LruCache<K, (Instant, V)>>,
    capacity: usize,
    lifetime: Duration,
}

impl<K: Hash + Eq, V> ExpiringMap<K, V> {
    pub fn new(capacity: usize, lifetime: Duration) -> Self {
        // A bounded cache allocates its capacity up front; this one grows with use, up to `capacity`.
        Self { entries: Mutex::new(LruCache::unbounded()), capacity, lifetime }
    }

    /// Changes the entry of `key`, made first if missing or expired. `change` also gets the time until it expires.
    pub fn update<T>(&self, key: K, change: impl FnOnce(&mut V, Duration) -> T) -> T
    where
        V: Default,
    {
        let mut entries = locked(&self.entries);
        let entry = entries.get_or_insert_mut(key, || (Instant::now(), V::default()));
        if entry.0.elapsed() >= self.lifetime {
            *entry = (Instant::now(), V::default());
        }
        let result = change(&mut entry.1, self.lifetime.saturating_sub(entry.0.elapsed()));
        self.evict(&mut entries);
        result
    }

    pub fn insert(&self, key: K, value: V) {
        let mut entries = locked(&self.entries);
        entries.put(key, (Instant::now(), value));
        self.evict(&mut entries);
    }

    /// Removes and returns an entry, unless it has expired.
    pub fn remove(&self, key: &K) -> Option<V> {
        let (since, value) = locked(&self.entries).pop(key)?;
        (since.elapsed() < self.lifetime).then_some(value)
    }

    #[cfg(test)]
    pub fn count(&self) -> usize {
        locked(&self.entries).len()
    }

    fn evict(&self, entries: &mut LruCache<K, (Instant, V)>) {
        let is_expired = |(since, _): &(Instant, V)| since.elapsed() >= self.lifetime;
        while entries.len() > self.capacity || entries.peek_lru().is_some_and(|(_, entry)| is_expired(entry)) {
            entries.pop_lru();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evicts_the_least_recently_used_entry() {
        let map = ExpiringMap::new(2, Duration::from_secs(60));
        map.insert("a", 1);
        map.insert("b", 1);
        assert_eq!(map.update("a", |count, _| std::mem::replace(count, 2)), 1);
        map.insert("c", 3);
        assert_eq!((map.remove(&"a"), map.remove(&"b"), map.remove(&"c")), (Some(2), None, Some(3)));
        assert_eq!(map.remove(&"a"), None);
    }

    #[test]
    fn forgets_expired_entries() {
        let map = ExpiringMap::new(2, Duration::ZERO);
        map.insert("a", 1);
        assert_eq!(map.remove(&"a"), None);
        assert_eq!(map.update("a", |count, left| (*count, left)), (0, Duration::ZERO));
        assert_eq!(map.count(), 0);
    }
}
