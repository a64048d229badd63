//! Options may come before the arguments of a command or behind them.

use clap::error::ErrorKind;
use clap::{Arg, Command, CommandFactory, FromArgMatches};

use super::Cli;
use super::tests::leaves;

/// Something for an option or an argument to hold; the first that its parser takes is used.
const VALUES: [&str; 10] =
    ["1", "x", "1h", "a.csv", "https://agnes.example.com", "2026-01-01", "{}", "a=text", "1GB", "every 6h"];

/// What is understood, or why nothing is.
fn parsed(root: &Command, args: &[String]) -> Result<String, ErrorKind> {
    let parsed = root.clone().try_get_matches_from(args).and_then(|matches| Cli::from_arg_matches(&matches));
    parsed.map(|cli| format!("{cli:?}")).map_err(|error| error.kind())
}

/// The words for an argument, or several ways to write it.
fn ways(argument: &Arg) -> Vec<Vec<String>> {
    let possible: Vec<String> = argument.get_possible_values().iter().map(|it| it.get_name().to_owned()).collect();
    let values = if possible.is_empty() { VALUES.map(str::to_owned).to_vec() } else { possible };
    let Some(name) = argument.get_long() else { return values.into_iter().map(|value| vec![value]).collect() };
    match argument.get_action().takes_values() {
        true => values.into_iter().map(|value| vec![format!("--{name}"), value]).collect(),
        false => vec![vec![format!("--{name}")]],
    }
}

#[test]
fn options_may_come_before_and_after() {
    let mut root = Cli::command();
    root.build();
    let mut found = Vec::new();
    leaves(&root, "", &mut found);
    let (mut commands, mut options) = (0, 0);
    for (name, command) in found {
        let words: Vec<String> = name.split_whitespace().map(str::to_owned).collect();
        let positionals: Vec<&Arg> = command.get_positionals().collect();
        // What only explains why it is gone takes whatever follows.
        let takes_all = positionals.iter().any(|it| it.is_trailing_var_arg_set() || it.is_allow_hyphen_values_set());
        if positionals.is_empty() || takes_all {
            continue;
        }
        commands += 1;
        let required: Vec<&Arg> = command.get_opts().filter(|option| option.is_required_set()).collect();
        let line = |before: &[String], values: &[String], after: &[String]| [&words, before, values, after].concat();
        // Values that the arguments take, found one by one.
        let mut values: Vec<String> = Vec::new();
        for argument in &positionals {
            let taken = ways(argument).into_iter().find(|way| {
                let rest = positionals[values.len() + 1..].iter().flat_map(|rest| ways(rest).swap_remove(0));
                let all: Vec<String> = values.iter().chain(way).cloned().chain(rest).collect();
                let kind = parsed(&root, &line(&[], &all, &[])).err();
                !matches!(kind, Some(ErrorKind::ValueValidation | ErrorKind::InvalidValue))
            });
            values.extend(taken.unwrap_or_else(|| panic!("{name}: no value for {}", argument.get_id())));
        }
        let named: Vec<&Arg> =
            command.get_arguments().filter(|it| !it.is_positional() && it.get_id() != "help").collect();
        for option in &named {
            let needed = required.iter().filter(|it| it.get_id() != option.get_id());
            let needed: Vec<String> = needed.flat_map(|it| ways(it).swap_remove(0)).collect();
            // Some options need another one.
            let beside = named.iter().filter(|it| it.get_id() != option.get_id()).flat_map(|it| ways(it));
            let beside: Vec<Vec<String>> = std::iter::once(Vec::new()).chain(beside).collect();
            let mut tries = beside.iter().flat_map(|it| {
                ways(option).into_iter().map(|way| [needed.as_slice(), it.as_slice(), way.as_slice()].concat())
            });
            let taken = tries.find_map(|way| {
                match (parsed(&root, &line(&way, &values, &[])), parsed(&root, &line(&[], &values, &way))) {
                    (Ok(before), Ok(after)) => Some(before == after),
                    // One that takes several values takes the argument, too.
                    (Err(_), Ok(_)) if option.get_num_args().is_some_and(|count| count.max_values() > 1) => Some(true),
                    // One that cannot stand beside these arguments, such as `query SQL --stdin`.
                    (Err(before), Err(after)) if before == ErrorKind::ArgumentConflict => Some(after == before),
                    (Err(before), Err(after)) if before == after => None,
                    (before, after) => panic!("{name} {way:?}: {before:?} or {after:?}"),
                }
            });
            assert!(taken.is_some_and(|is_same| is_same), "{name} --{}: {taken:?}", option.get_id());
            options += 1;
        }
    }
    assert!(commands > 40 && options > 300, "{commands} commands with {options} options");
}
