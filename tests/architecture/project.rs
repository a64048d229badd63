//! The source files of the crate as tokens, and which file each path in them refers to.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::Path;

use crate::lexer;

/// One token, without comments and attributes. A group is flattened: its brackets are tokens too.
#[derive(Clone, Debug)]
pub struct Token {
    pub text: String,
    pub line: usize,
    /// Inside of an item with `#[cfg(test)]`, or in a file that only tests have.
    pub is_test: bool,
    /// Number of inline modules around it.
    depth: usize,
}

pub struct Source {
    /// From the root of the project, e.g. `src/server/app.rs`.
    pub path: String,
    /// Its module, e.g. `["server", "app"]`; empty for `main.rs` and `lib.rs`.
    pub module: Vec<String>,
    pub lines: usize,
    pub tokens: Vec<Token>,
    /// Attributes without `#[]` and blanks, e.g. `cfg(test)`.
    pub attributes: Vec<String>,
    /// Modules in files of their own that only tests have.
    test_modules: Vec<String>,
}

/// A path that starts in this crate, as segments below `crate`.
pub struct Reference {
    pub path: Vec<String>,
    pub line: usize,
    pub is_test: bool,
    /// The name that a `use` declaration gives it.
    imported_as: Option<String>,
}

pub struct Project {
    pub sources: Vec<Source>,
    by_module: HashMap<Vec<String>, usize>,
    /// What a name that a file imports stands for, by file and name.
    imports: HashMap<(usize, String), Vec<String>>,
}

impl Project {
    /// All files below `src`.
    pub fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let files = walkdir::WalkDir::new(root.join("src")).sort_by_file_name();
        let files = files.into_iter().map(|entry| entry.expect("a readable source folder").into_path());
        let rust = files.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
        Self::new(rust.map(|file| {
            let text = fs::read_to_string(&file).expect("a readable source file");
            let path = file.strip_prefix(root).expect("a file of the project").to_string_lossy().into_owned();
            Source::new(&path, &text)
        }))
    }

    /// A made-up project of `(path, text)`.
    pub fn of(files: &[(&str, &str)]) -> Self {
        Self::new(files.iter().map(|(path, text)| Source::new(path, text)))
    }

    fn new(sources: impl Iterator<Item = Source>) -> Self {
        let mut sources: Vec<_> = sources.collect();
        let test_modules: Vec<Vec<String>> = sources
            .iter()
            .flat_map(|source| source.test_modules.iter().map(|name| child(&source.module, name)))
            .collect();
        for source in &mut sources {
            if test_modules.iter().any(|module| source.module.starts_with(module)) {
                source.tokens.iter_mut().for_each(|token| token.is_test = true);
            }
        }
        let by_module = sources.iter().enumerate().map(|(at, source)| (source.module.clone(), at)).collect();
        let mut project = Self { sources, by_module, imports: HashMap::new() };
        for at in 0..project.sources.len() {
            for reference in project.references(at) {
                if let Some(name) = reference.imported_as {
                    project.imports.insert((at, name), reference.path);
                }
            }
        }
        project
    }

    /// Sources below a folder, with their index.
    pub fn below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (usize, &'a Source)> {
        self.sources.iter().enumerate().filter(move |(_, source)| source.path.starts_with(folder))
    }

    /// The file that a path refers to; names that a file only passes on (`pub use`) are followed.
    pub fn resolve(&self, path: &[String]) -> Option<usize> {
        self.resolve_within(path, 8)
    }

    fn resolve_within(&self, path: &[String], steps: usize) -> Option<usize> {
        let length = (1..=path.len()).rev().find(|length| self.by_module.contains_key(&path[..*length]))?;
        let file = self.by_module[&path[..length]];
        let target = path.get(length).and_then(|name| self.imports.get(&(file, name.clone())));
        match target {
            Some(target) if steps > 0 => {
                let path: Vec<_> = target.iter().chain(&path[length + 1..]).cloned().collect();
                self.resolve_within(&path, steps - 1).or(Some(file))
            }
            _ => Some(file),
        }
    }

    /// Other files that a file refers to outside of tests, with the line of each.
    pub fn used_files(&self, at: usize) -> BTreeSet<(usize, usize)> {
        let references = self.references(at).into_iter().filter(|reference| !reference.is_test);
        let files = references.filter_map(|reference| Some((self.resolve(&reference.path)?, reference.line)));
        files.filter(|(file, _)| *file != at).collect()
    }

    /// Paths that start with `crate`, `super` or `self`, and imports from child modules.
    pub fn references(&self, at: usize) -> Vec<Reference> {
        let source = &self.sources[at];
        let tokens = &source.tokens;
        let mut found = Vec::new();
        let mut next = 0;
        while next < tokens.len() {
            let start = next;
            next += 1;
            let is_use = tokens[start].text == "use";
            let first = if is_use { start + 1 } else { start };
            let Some(head) = tokens.get(first) else { break };
            let in_crate = ["crate", "super", "self"].contains(&head.text.as_str()) && is_separator(tokens, first + 1);
            let in_child = is_use && self.by_module.contains_key(&child(&source.module, &head.text));
            let continues = first >= 2 && is_separator(tokens, first - 2);
            if (in_crate || in_child) && !continues {
                let mut leaves = Vec::new();
                next = leaves_of(tokens, first, &[], &mut leaves);
                for (segments, name) in leaves {
                    let path = source.absolute(&segments, head.depth);
                    let imported_as = is_use.then_some(name);
                    found.push(Reference { path, line: head.line, is_test: head.is_test, imported_as });
                }
            }
        }
        found
    }
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        let inside = path.strip_prefix("src/").unwrap_or(path).trim_end_matches(".rs").trim_end_matches("/mod");
        let mut module: Vec<String> = inside.split('/').map(str::to_owned).collect();
        if module == ["main"] || module == ["lib"] {
            module.clear();
        }
        let (tokens, attributes, test_modules) = Default::default();
        let lines = text.lines().count();
        let mut source = Self { path: path.to_owned(), module, lines, tokens, attributes, test_modules };
        source.add(&lexer::tokens(text));
        source
    }

    fn add(&mut self, tokens: &[(String, usize)]) {
        let text = |at: usize| tokens.get(at).map_or("", |(text, _)| text.as_str());
        // Depth of brackets at which an item with `#[cfg(test)]`, and inline modules, stand.
        let (mut depth, mut test_item, mut modules) = (0_usize, None, Vec::new());
        let mut at = 0;
        while let Some((word, line)) = tokens.get(at) {
            let bang = usize::from(text(at + 1) == "!");
            if word == "#" && text(at + 1 + bang) == "[" {
                let end = closing(tokens, at + 1 + bang);
                let attribute: String = tokens[at + 2 + bang..end].iter().map(|(text, _)| text.as_str()).collect();
                if attribute == "cfg(test)" {
                    test_item.get_or_insert(depth);
                }
                self.attributes.push(attribute);
                at = end + 1;
                continue;
            }
            if word == "mod" && text(at + 2) == ";" && test_item.is_some() {
                self.test_modules.push(text(at + 1).to_owned());
            }
            match word.as_str() {
                "{" | "(" | "[" => {
                    if word == "{" && at >= 2 && text(at - 2) == "mod" {
                        modules.push(depth);
                    }
                    depth += 1;
                }
                "}" | ")" | "]" => {
                    depth = depth.saturating_sub(1);
                    modules.retain(|outer| *outer < depth);
                }
                _ => {}
            }
            let is_test = test_item.is_some();
            self.tokens.push(Token { text: word.clone(), line: *line, is_test, depth: modules.len() });
            if test_item.is_some_and(|item| depth < item || (depth == item && matches!(word.as_str(), "}" | ";"))) {
                test_item = None;
            }
            at += 1;
        }
    }

    /// The first module of the path; `None` for `main.rs` and `lib.rs`.
    pub fn top(&self) -> Option<&str> {
        self.module.first().map(String::as_str)
    }

    /// Indexes of the tokens at which this sequence starts.
    pub fn sequences<'a>(&'a self, sequence: &'a [&str]) -> impl Iterator<Item = &'a Token> {
        let windows = self.tokens.windows(sequence.len());
        windows
            .filter(move |tokens| tokens.iter().zip(sequence).all(|(token, text)| token.text == *text))
            .map(|it| &it[0])
    }

    pub fn place(&self, line: usize) -> String {
        format!("{}:{line}", self.path)
    }

    /// `crate::a`, `super::a`, `self::a` or the child `a` from below `crate`, as seen from `depth` inline modules.
    fn absolute(&self, segments: &[String], depth: usize) -> Vec<String> {
        let supers = segments.iter().take_while(|segment| *segment == "super").count();
        match segments.first().map(String::as_str) {
            Some("crate") => segments[1..].to_vec(),
            Some("super") => {
                let kept = self.module.len().saturating_sub(supers.saturating_sub(depth));
                self.module[..kept].iter().chain(&segments[supers..]).cloned().collect()
            }
            Some("self") => self.module.iter().chain(&segments[1..]).cloned().collect(),
            _ => self.module.iter().chain(segments).cloned().collect(),
        }
    }
}

/// The index of the bracket that closes the one at `open`.
fn closing(tokens: &[(String, usize)], open: usize) -> usize {
    let mut depth = 0;
    for (at, (text, _)) in tokens.iter().enumerate().skip(open) {
        match text.as_str() {
            "[" | "(" | "{" => depth += 1,
            "]" | ")" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    tokens.len() - 1
}

fn child(module: &[String], name: &str) -> Vec<String> {
    module.iter().cloned().chain([name.to_owned()]).collect()
}

/// Whether `::` stands at this index.
fn is_separator(tokens: &[Token], at: usize) -> bool {
    tokens.get(at).is_some_and(|token| token.text == ":") && tokens.get(at + 1).is_some_and(|token| token.text == ":")
}

/// Collects the paths of a tree such as `a::{b, c::d as e}` with the name of each, and returns the index behind it.
fn leaves_of(tokens: &[Token], mut at: usize, prefix: &[String], leaves: &mut Vec<(Vec<String>, String)>) -> usize {
    let mut path = prefix.to_vec();
    loop {
        match tokens.get(at).map(|token| token.text.as_str()) {
            Some("{") => {
                at += 1;
                while tokens.get(at).is_some_and(|token| token.text != "}") {
                    at = leaves_of(tokens, at, &path, leaves);
                    at += usize::from(tokens.get(at).is_some_and(|token| token.text == ","));
                }
                return at + 1;
            }
            // A glob names the module itself.
            Some("*") => {
                leaves.push((path, "*".into()));
                return at + 1;
            }
            Some("self") if !prefix.is_empty() => {}
            Some(name) if name.starts_with(|c: char| c.is_alphabetic() || c == '_') => path.push(name.to_owned()),
            // `a::<T>` ends here.
            _ => {
                leaves.push((path, String::new()));
                return at + 1;
            }
        }
        at += 1;
        if !is_separator(tokens, at) {
            break;
        }
        at += 2;
    }
    let mut name = path.last().cloned().unwrap_or_default();
    if tokens.get(at).is_some_and(|token| token.text == "as") {
        name = tokens.get(at + 1).map(|token| token.text.clone()).unwrap_or_default();
        at += 2;
    }
    leaves.push((path, name));
    at
}

#[test]
fn paths_are_resolved_to_files() {
    let project = Project::of(&[
        ("src/a/mod.rs", "mod b; mod c; pub use b::{Thing, inner as renamed}; #[cfg(test)] mod tests;"),
        ("src/a/b.rs", "use super::c::{self, d}; fn f() { crate::x::y::<u8>(self::g()) } // crate::a::none"),
        (
            "src/a/c.rs",
            "use super::Thing; #[cfg(test)] mod tests { use crate::x::Y; use super::f; } mod n { use super::g; }",
        ),
        ("src/a/tests.rs", "use crate::x;"),
        ("src/x.rs", "#![x] const TEXT: &str = \"crate::a\"; use crate::a::renamed;"),
    ]);
    let seen = |at: usize| -> Vec<String> { project.references(at).iter().map(|it| it.path.join("::")).collect() };
    assert_eq!(seen(0), ["a::b::Thing", "a::b::inner"]);
    assert_eq!(seen(1), ["a::c", "a::c::d", "x::y", "a::b::g"]);
    assert_eq!(seen(2), ["a::Thing", "x::Y", "a::c::f", "a::c::g"]);
    let used = |at: usize| -> Vec<usize> { project.used_files(at).into_iter().map(|(file, _)| file).collect() };
    assert_eq!((used(0), used(1), used(2), used(3), used(4)), (vec![1], vec![2, 4], vec![1], vec![], vec![1]));
}
