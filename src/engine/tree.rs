//! A syntax tree in little memory: its texts are those of the JSON that it is read from, and what says nothing is left
//! out: null, false, empty texts and lists.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Most members of an object. The engine's have few, and each is compared with the others.
const MAX_MEMBERS: usize = 256;

#[derive(Debug)]
pub enum Tree<'a> {
    Nothing,
    True,
    Number(f64),
    Text(Cow<'a, str>),
    List(Vec<Self>),
    Object(Object<'a>),
}

/// A node with its members.
#[derive(Debug, Default)]
pub struct Object<'a>(Vec<(Cow<'a, str>, Tree<'a>)>);

impl<'a> Tree<'a> {
    /// Fails if the tree has more than `levels` levels, each of which takes stack.
    pub fn read(json: &'a str, levels: usize) -> serde_json::Result<Self> {
        let mut reader = serde_json::Deserializer::from_str(json);
        reader.disable_recursion_limit();
        Node { levels }.deserialize(&mut reader)
    }

    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_object(&self) -> Option<&Object<'a>> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The items of a list; none of anything else.
    pub fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// The member of an object.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.as_object()?.get(name)
    }

    /// The text of a member; empty if it has none.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).and_then(Self::as_text).unwrap_or_default()
    }
}

impl<'a> Object<'a> {
    pub fn get(&self, name: &str) -> Option<&Tree<'a>> {
        self.members().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    pub fn text(&self, name: &str) -> &str {
        self.get(name).and_then(Tree::as_text).unwrap_or_default()
    }

    pub fn number(&self, name: &str) -> Option<f64> {
        match self.get(name) {
            Some(Tree::Number(number)) => Some(*number),
            _ => None,
        }
    }

    pub fn take(&mut self, name: &str) -> Tree<'a> {
        let value = self.0.iter_mut().find(|(known, _)| known == name).map(|(_, value)| value);
        value.map_or(Tree::Nothing, |value| std::mem::replace(value, Tree::Nothing))
    }

    pub fn members(&self) -> impl Iterator<Item = (&str, &Tree<'a>)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }

    pub fn values(&self) -> impl Iterator<Item = &Tree<'a>> {
        self.members().map(|(_, value)| value)
    }
}

/// Reads a value.
struct Node {
    /// How many more may be below it.
    levels: usize,
}

impl Node {
    fn child<E: Error>(&self) -> Result<Self, E> {
        let levels = self.levels.checked_sub(1).ok_or_else(|| E::custom("nested too deeply"))?;
        Ok(Self { levels })
    }
}

impl<'de> DeserializeSeed<'de> for Node {
    type Value = Tree<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node {
    type Value = Tree<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a part of a syntax tree")
    }

    fn visit_unit<E>(self) -> Result<Tree<'de>, E> {
        Ok(Tree::Nothing)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree<'de>, E> {
        Ok(if value { Tree::True } else { Tree::Nothing })
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree<'de>, E> {
        Ok(Tree::Number(value as f64))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree<'de>, E> {
        Ok(Tree::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tree<'de>, E> {
        Ok(Tree::Number(value))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Tree<'de>, E> {
        Ok(if text.is_empty() { Tree::Nothing } else { Tree::Text(text.into()) })
    }

    fn visit_str<E>(self, text: &str) -> Result<Tree<'de>, E> {
        Ok(Tree::Text(text.to_owned().into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree<'de>, A::Error> {
        let mut found = Vec::new();
        while let Some(item) = items.next_element_seed(self.child()?)? {
            found.push(item);
        }
        found.shrink_to_fit();
        Ok(if found.is_empty() { Tree::Nothing } else { Tree::List(found) })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Tree<'de>, A::Error> {
        let mut found = Object::default();
        while let Some(Name(name)) = fields.next_key()? {
            let value = fields.next_value_seed(self.child()?)?;
            if matches!(value, Tree::Nothing) {
                continue;
            }
            if found.get(&name).is_some() {
                return Err(A::Error::custom("a key twice"));
            }
            if found.0.len() == MAX_MEMBERS {
                return Err(A::Error::custom("a node with too many parts"));
            }
            found.0.push((name, value));
        }
        found.0.shrink_to_fit();
        Ok(Tree::Object(found))
    }
}

/// Borrowed where it has no escapes.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_nothing_is_left_out() {
        let json = r#"{"a":null,"b":false,"c":"","d":[],"e":"é\n","f":[1,true,{"g":{}}],"a":2}"#;
        let tree = Tree::read(json, 9).unwrap();
        let names: Vec<_> = tree.as_object().unwrap().members().map(|(name, _)| name).collect();
        assert_eq!(names, ["e", "f", "a"]);
        assert_eq!((tree.text("e"), tree.text("f"), tree.as_object().unwrap().number("a")), ("é\n", "", Some(2.0)));
        assert!(matches!(tree.get("f").unwrap().items(), [Tree::Number(_), Tree::True, Tree::Object(_)]));
    }

    #[test]
    fn what_no_engine_writes_is_refused() {
        let many: Vec<String> = (0..=MAX_MEMBERS).map(|name| format!("\"{name}\":1")).collect();
        for json in [r#"{"a":1,"a":1}"#, "[[[[1]]]]", "{", &format!("{{{}}}", many.join(","))] {
            assert!(Tree::read(json, 3).is_err(), "{json}");
        }
    }
}
