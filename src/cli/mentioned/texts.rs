//! Finding commands in Markdown and in source.

/// A command in a text.
pub struct Mention {
    pub line: usize,
    /// What follows `agnes `, up to the end of the line, of the code span or of the literal.
    pub text: String,
    /// Whether a sentence may go on behind the command.
    pub is_prose: bool,
}

/// The commands in a file, by the kind that its name says it is.
pub fn mentions(path: &str, text: &str) -> Vec<Mention> {
    let pieces = if path.ends_with(".rs") { source(text) } else { markdown(text) };
    pieces.into_iter().flat_map(in_piece).collect()
}

/// A text in which a command may be, and its first line.
struct Piece {
    line: usize,
    text: String,
    is_prose: bool,
}

fn in_piece(piece: Piece) -> Vec<Mention> {
    let mut found = Vec::new();
    for (offset, line) in joined(&piece.text) {
        for (at, _) in line.match_indices("agnes ") {
            let (before, text) = (&line[..at], &line[at + "agnes ".len()..]);
            if before.ends_with("-- ") || before.ends_with(|last: char| !" (`'\"=".contains(last)) {
                continue;
            }
            // An example on a line of its own ends at its comment, a code span at its end; a sentence goes on.
            let is_span = before.ends_with('`');
            let is_example = before.len() >= 2 && before.trim().is_empty();
            let text = if is_span { text.split('`').next().unwrap_or(text) } else { text };
            let is_prose = piece.is_prose && !is_span && !is_example;
            found.push(Mention { line: piece.line + offset, text: text.to_owned(), is_prose });
        }
    }
    found
}

/// Lines with their numbers; one that ends with `\` includes the next.
fn joined(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        match lines.last_mut() {
            Some((_, last)) if last.ends_with('\\') => {
                last.pop();
                last.truncate(last.trim_end().len());
                last.push(' ');
                last.push_str(line.trim_start());
            }
            _ => lines.push((number, line.to_owned())),
        }
    }
    lines
}

/// Code blocks, and code spans in between.
fn markdown(text: &str) -> Vec<Piece> {
    let (mut pieces, mut line) = (Vec::new(), 1);
    for (number, part) in text.split("```").enumerate() {
        match number % 2 {
            1 => pieces.push(Piece { line, text: part.to_owned(), is_prose: false }),
            _ => pieces.extend(spans(part, line)),
        }
        line += part.matches('\n').count();
    }
    pieces
}

fn spans(text: &str, first_line: usize) -> Vec<Piece> {
    let (mut pieces, mut line) = (Vec::new(), first_line);
    for (number, part) in text.split('`').enumerate() {
        if number % 2 == 1 {
            pieces.push(Piece { line, text: part.replace('\n', " "), is_prose: false });
        }
        line += part.matches('\n').count();
    }
    pieces
}

/// String literals, and code spans of doc comments.
fn source(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut literal: Option<Piece> = None;
    for (number, line) in text.lines().enumerate() {
        if let (None, Some(comment)) = (&literal, line.trim_start().strip_prefix("//")) {
            if comment.starts_with(['/', '!']) {
                pieces.extend(spans(comment, number + 1));
            }
            continue;
        }
        let mut escaped = false;
        for character in line.chars() {
            match (&mut literal, character) {
                (open @ None, '"') => *open = Some(Piece { line: number + 1, text: String::new(), is_prose: true }),
                (None, _) => {}
                (Some(_), '\\') if !escaped => {
                    escaped = true;
                    continue;
                }
                (open @ Some(_), '"') if !escaped => pieces.extend(open.take()),
                (Some(piece), 'n') if escaped => piece.text.push('\n'),
                (Some(piece), other) => piece.text.push(other),
            }
            escaped = false;
        }
        if let Some(piece) = &mut literal {
            // A line that ends with a backslash continues.
            piece.text.push_str(if escaped { "\\\n" } else { "\n" });
        }
    }
    pieces
}
