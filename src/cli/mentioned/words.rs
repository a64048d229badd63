//! Comparing the words of a command with what there is.

use clap::{Arg, Command};

/// What ends a command in a shell or a table, or stands for the rest of it.
const ENDS: [&str; 9] = ["#", "|", "│", "||", "&&", "&", ";", ">", "…"];

/// What follows the program's name in sentences about it, or about the entry of that name in settings.
const SENTENCES: [&str; 5] = ["already", "from", "into", "is", "on"];

/// Why the words behind `agnes` are not a command, if they are not. In prose, what is not an option ends the command.
pub fn objection(root: &Command, text: &str, is_prose: bool) -> Option<String> {
    let words = words(text);
    let mut rest = words.iter().map(String::as_str).peekable();
    let mut command = root;
    while let Some(word) = rest.next() {
        if word.starts_with('-') && word.len() > 1 {
            let name = word.split('=').next().unwrap_or(word);
            let Some(option) = option(command, name) else { return Some(format!("no option '{name}'")) };
            let takes_values = option.is_some_and(|option| option.get_action().takes_values());
            let takes_many =
                option.is_some_and(|option| option.get_num_args().is_some_and(|many| many.max_values() > 1));
            while takes_values
                && !word.contains('=')
                && rest.next_if(|next| !next.starts_with('-')).is_some()
                && takes_many
            {}
            continue;
        }
        let alternatives: Vec<_> = word.split('|').collect();
        let known = alternatives.iter().map(|name| command.find_subcommand(name)).collect::<Option<Vec<_>>>();
        match known.as_deref() {
            Some([first, ..]) => command = first,
            _ if command.get_positionals().next().is_some() => {}
            _ if is_placeholder(word) || is_prose && SENTENCES.contains(&word) => return None,
            _ if command.has_subcommands() => {
                let unknown = alternatives.iter().find(|name| command.find_subcommand(name).is_none());
                return unknown.map(|name| format!("no command '{name}'"));
            }
            _ if is_prose => return None,
            _ => return Some(format!("takes no '{word}'")),
        }
    }
    None
}

/// The option with this name; `Some(None)` for those that every command has.
fn option<'a>(command: &'a Command, name: &str) -> Option<Option<&'a Arg>> {
    if ["--help", "-h", "--version", "-V", "--"].contains(&name) {
        return Some(None);
    }
    let has_name = |arg: &&Arg| match name.strip_prefix("--") {
        Some(long) => arg.get_long_and_visible_aliases().into_iter().flatten().any(|known| known == long),
        None => arg.get_short().is_some_and(|short| name[1..].starts_with(short)),
    };
    command.get_arguments().find(has_name).map(Some)
}

/// `COMMAND`, `<group>`, `{name}`
fn is_placeholder(word: &str) -> bool {
    word.starts_with(['<', '{']) || word.chars().all(|letter| letter.is_ascii_uppercase() || letter == '-')
}

/// Words as a shell splits them, up to the end of the command. Brackets around what is optional are left out.
fn words(text: &str) -> Vec<String> {
    // Behind several blanks is a comment.
    let text = text.split("   ").next().unwrap_or_default();
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for character in text.chars().chain([' ']) {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(character);
                word.push('\u{1}');
            }
            (None, ' ') => {
                let whole = word.trim_matches(['[', ']', '`']).to_owned();
                let trimmed = whole.trim_end_matches([',', '.', ':', ';', ')']);
                if ENDS.contains(&whole.as_str()) {
                    return words;
                }
                if !trimmed.is_empty() {
                    words.push(trimmed.to_owned());
                }
                if trimmed.len() < whole.len() {
                    return words;
                }
                word.clear();
            }
            _ => word.push(character),
        }
    }
    words
}
