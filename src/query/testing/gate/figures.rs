use std::collections::BTreeMap;
use std::fmt;

use super::grammar::{GRANTED, Production};

/// What a run has counted.
#[derive(Default)]
pub struct Figures {
    pub counts: BTreeMap<&'static str, usize>,
    /// Statements that bound and returned rows of each granted table.
    pub tables: BTreeMap<&'static str, usize>,
    pub accepted: BTreeMap<Production, usize>,
    pub refused: BTreeMap<Production, usize>,
    /// What must not be, the first few.
    pub violations: Vec<String>,
}

impl Figures {
    pub fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    pub fn of(&self, what: &str) -> usize {
        self.counts.get(what).copied().unwrap_or_default()
    }

    pub fn add(&mut self, other: Self) {
        fn sum<K: Ord>(all: &mut BTreeMap<K, usize>, more: BTreeMap<K, usize>) {
            more.into_iter().for_each(|(key, count)| *all.entry(key).or_default() += count);
        }
        sum(&mut self.counts, other.counts);
        sum(&mut self.tables, other.tables);
        sum(&mut self.accepted, other.accepted);
        sum(&mut self.refused, other.refused);
        self.violations.extend(other.violations);
    }

    /// Fails where the run shows a hole, or has not tried what it should.
    pub fn check(&self) {
        let shown: Vec<&str> = self.violations.iter().take(20).map(String::as_str).collect();
        assert!(shown.is_empty(), "{}\n\n{} violations:\n\n{}", self, self.violations.len(), shown.join("\n\n"));
        let all = self.of("statements");
        assert!(self.of("with rows") * 100 >= all * 30, "too few statements return rows\n{self}");
        assert!(self.of("stopped") * 200 <= all, "too many statements are stopped\n{self}");
        for (table, _) in GRANTED {
            assert!(self.tables.contains_key(table), "no statement has read {table}\n{self}");
        }
        for production in <Production as strum::VariantArray>::VARIANTS {
            let [accepted, refused] =
                [&self.accepted, &self.refused].map(|counts| counts.get(production).copied().unwrap_or_default());
            match production.is_refused() {
                _ if *production == Production::Ungranted => assert!(refused > 0, "{self}"),
                true => assert!(refused > 0 && accepted == 0, "{production:?}: {accepted} accepted\n{self}"),
                false => assert!(accepted > 0, "{production:?}: none accepted, {refused} refused\n{self}"),
            }
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, count) in &self.counts {
            writeln!(f, "{count:>9} {what}")?;
        }
        for (table, count) in &self.tables {
            writeln!(f, "{count:>9} with rows of {table}")?;
        }
        let mut rarest: Vec<_> = self.accepted.iter().map(|(production, count)| (*count, *production)).collect();
        rarest.sort();
        writeln!(f, "rarest: {:?}", &rarest[..rarest.len().min(8)])
    }
}
