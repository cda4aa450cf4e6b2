use clap::CommandFactory as _;

use super::*;
use crate::failure::Failure;

fn all() -> Vec<clap::Command> {
    let mut command = Cli::command();
    command.build();
    command.get_subcommands().filter(|command| command.get_name() != "help").cloned().collect()
}

#[test]
fn the_arguments_contradict_each_other_nowhere() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_of_the_contract_is_there() {
    let names: Vec<String> = all().iter().map(|command| command.get_name().to_owned()).collect();
    let contract = [
        "demo",
        "init",
        "card",
        "found",
        "admit",
        "invite",
        "join",
        "run",
        "new",
        "publish",
        "import",
        "attach",
        "release",
        "fetch",
        "replicate",
        "dispute",
        "endorse",
        "comment",
        "respond",
        "same-as",
        "supersede",
        "retract",
        "log",
        "search",
        "about",
        "show",
        "compare",
        "export",
        "verify",
        "members",
        "peers",
        "status",
        "completions",
        "man",
    ];
    assert_eq!(names, contract);
}

#[test]
fn every_help_begins_with_a_verb_ends_with_an_example_and_explains_every_argument() {
    for mut command in all() {
        let help = command.render_long_help().to_string();
        let name = command.get_name();
        let first = help.chars().next().unwrap();
        assert!(first.is_ascii_uppercase(), "{help}");
        assert!(help.contains("Example"), "{name} shows no example");
        assert!(help.trim_end().lines().last().unwrap().contains("lyceum"), "{name} ends with an example");
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{name}: {} is not explained", argument.get_id());
        }
    }
}

/// The words of a shell line, as far as the examples need it: quotes keep spaces.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = None;
    for c in line.chars() {
        match (quoted, c) {
            (None, '"' | '\'') => quoted = Some(c),
            (Some(mark), c) if mark == c => quoted = None,
            (None, ' ') => words.push(String::new()),
            (_, c) => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn every_example_of_the_help_can_be_parsed() {
    let mut seen = 0;
    for mut command in all() {
        let help = command.render_long_help().to_string();
        for line in help.lines().skip_while(|line| !line.starts_with("Example")).skip(1) {
            // Up to the remark, and to the pipe or file beside it.
            let call = line.trim_start().split("    ").next().unwrap();
            let args = words(call).into_iter().skip_while(|word| word != "lyceum");
            let args = args.take_while(|word| !matches!(word.as_str(), "|" | "||" | ">" | "<"));
            let parsed = Cli::try_parse_from(args);
            assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
            seen += 1;
        }
    }
    assert!(seen > 25, "{seen} examples");
}

#[test]
fn a_failure_says_what_why_and_what_next() {
    let failure = Failure::refused("nothing was published").cause("a.md:3:1: marking\nRED").next("mark it GREEN");
    let expected = "error: nothing was published\n  why: a.md:3:1: marking\n       RED\n next: mark it GREEN\n";
    assert_eq!(report::as_text(&failure), expected);
}

#[test]
fn a_failure_cannot_play_with_the_terminal() {
    let failure = Failure::new("the peer said \u{1b}[2Jhello");
    assert_eq!(report::as_text(&failure), "error: the peer said [2Jhello\n");
}
