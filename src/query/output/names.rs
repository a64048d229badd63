use std::collections::HashSet;

/// Names for readers that cannot tell two columns of one name apart: `a`, `a` becomes `a`, `a_1`.
pub fn distinct<'a>(columns: impl Iterator<Item = &'a str> + Clone) -> Vec<String> {
    let all: HashSet<&str> = columns.clone().collect();
    let mut used = HashSet::new();
    let mut names = Vec::new();
    for column in columns {
        let (mut name, mut number) = (column.to_owned(), 0);
        while used.contains(&name) || (number > 0 && all.contains(name.as_str())) {
            number += 1;
            name = format!("{column}_{number}");
        }
        used.insert(name.clone());
        names.push(name);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_column_is_lost() {
        let columns = ["a", "a", "a_1", "b", "a"];
        assert_eq!(distinct(columns.into_iter()), ["a", "a_2", "a_1", "b", "a_3"]);
    }
}
