use crate::base::ident::quote_ident;

/// Rows and columns of one table.
#[derive(Clone, Debug)]
pub struct Selection {
    pub table: String,
    /// What the predicate may call the table.
    pub alias: String,
    /// All of the table.
    pub columns: Vec<String>,
    /// Which of them are wanted; all if there are none.
    pub select: Vec<String>,
    pub predicate: Option<String>,
    /// With whether the order is descending.
    pub order_by: Vec<(String, bool)>,
}

impl Selection {
    /// The column of that name, as the table writes it. The engine, too, compares without regard to case.
    pub fn column(&self, name: &str) -> Option<&str> {
        self.columns.iter().find(|column| column.eq_ignore_ascii_case(name)).map(String::as_str)
    }

    /// The predicate on its own, so that every flaw is its own. The new line ends a comment.
    pub fn draft(&self, predicate: &str) -> String {
        format!("SELECT * FROM {} AS {} WHERE {predicate}\n", quote_ident(&self.table), quote_ident(&self.alias))
    }

    pub fn statement(&self) -> String {
        let columns: Vec<String> = self.select.iter().map(|column| quote_ident(column)).collect();
        let columns = if columns.is_empty() { "*".into() } else { columns.join(", ") };
        let from = format!("SELECT {columns} FROM {} AS {}", quote_ident(&self.table), quote_ident(&self.alias));
        let filter = self.predicate.iter().map(|predicate| format!(" WHERE (\n{predicate}\n)"));
        let order = self.order_by.iter().map(|(column, is_descending)| {
            format!("{}{}", quote_ident(column), if *is_descending { " DESC" } else { "" })
        });
        let order = order.collect::<Vec<_>>().join(", ");
        let order = if order.is_empty() { order } else { format!(" ORDER BY {order}") };
        format!("{from}{}{order}", filter.collect::<String>())
    }
}
