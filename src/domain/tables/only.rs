use crate::access::ReadableTable;
use crate::query::{Lookup, Tables};

/// One table, for statements that we write ourselves: they can read no other one, whatever they say.
pub struct Only(pub ReadableTable);

impl Tables for Only {
    fn find(&self, name: &str) -> Lookup {
        match self.0.table().name.eq_ignore_ascii_case(name) {
            true => Lookup::Readable(self.0.clone()),
            false => Lookup::Denied,
        }
    }

    fn names(&self) -> Vec<String> {
        vec![self.0.table().name.clone()]
    }

    fn similar(&self, _: &str) -> Option<String> {
        None
    }
}
