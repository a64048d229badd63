use std::sync::Arc;

use crate::access::ReadableTable;
use crate::extract::Publication;
use crate::query::{Lookup, Tables};

/// One table, for statements that we write ourselves: they can read no other one, whatever they say.
pub struct Only {
    pub table: ReadableTable,
    /// Its files stay until nobody has it any more.
    pub _publication: Arc<Publication>,
}

impl Tables for Only {
    fn find(&self, name: &str) -> Lookup {
        match self.table.table().name.eq_ignore_ascii_case(name) {
            true => Lookup::Readable(self.table.clone()),
            false => Lookup::Denied,
        }
    }

    fn names(&self) -> Vec<String> {
        vec![self.table.table().name.clone()]
    }

    fn similar(&self, _: &str) -> Option<String> {
        None
    }
}
