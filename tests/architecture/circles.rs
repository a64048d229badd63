//! No circles between the files of one module; only a file and the modules below it may use each other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::project::Project;
use crate::{assert_none, found};

#[test]
fn files_form_no_circles() {
    assert_none("Files use each other in a circle", circles(&Project::read()));
    let project = Project::of(&[
        ("src/a/mod.rs", "mod b; mod c; mod d; mod e; pub use c::C; use d::D;"),
        ("src/a/b.rs", "use super::C;"),
        ("src/a/c.rs", "fn f() { crate::a::d::f() }"),
        ("src/a/d.rs", "use super::b;"),
        // A parent and its child, another module, and tests.
        ("src/a/e.rs", "use super::f; use crate::g; #[cfg(test)] mod tests { use super::super::h; }"),
        ("src/a/h.rs", "use super::e;"),
        ("src/g.rs", "use crate::a::e;"),
    ]);
    assert_eq!(circles(&project), found(["src/a/b.rs → src/a/c.rs → src/a/d.rs → src/a/b.rs"]));
}

type Graph = BTreeMap<usize, BTreeSet<usize>>;

fn circles(project: &Project) -> BTreeSet<String> {
    let mut graph = Graph::new();
    for (at, source) in project.sources.iter().enumerate() {
        for (used, _) in project.used_files(at) {
            let (here, there) = (&source.module, &project.sources[used].module);
            let is_family = here.starts_with(there) || there.starts_with(here);
            if here.first() == there.first() && !is_family {
                graph.entry(at).or_default().insert(used);
            }
        }
    }
    let mut seen = BTreeSet::new();
    let mut circles = BTreeSet::new();
    for start in 0..project.sources.len() {
        if seen.contains(&start) {
            continue;
        }
        if let Some(circle) = shortest_circle(&graph, start) {
            let names: Vec<_> = circle.iter().map(|at| project.sources[*at].path.as_str()).collect();
            circles.insert(names.join(" → "));
            seen.extend(circle);
        }
    }
    circles
}

/// The shortest way from a file back to itself, both ends included.
fn shortest_circle(graph: &Graph, start: usize) -> Option<Vec<usize>> {
    let mut waiting = VecDeque::from([vec![start]]);
    let mut visited = BTreeSet::new();
    while let Some(way) = waiting.pop_front() {
        for next in graph.get(way.last()?).into_iter().flatten() {
            let way: Vec<_> = way.iter().copied().chain([*next]).collect();
            if *next == start {
                return Some(way);
            }
            if visited.insert(*next) {
                waiting.push_back(way);
            }
        }
    }
    None
}
