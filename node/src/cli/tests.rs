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
        "publish",
        "log",
        "show",
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

#[test]
fn every_example_of_the_help_can_be_parsed() {
    for mut command in all() {
        let help = command.render_long_help().to_string();
        for line in help.lines().skip_while(|line| !line.starts_with("Example")).filter(|line| line.contains("lyceum "))
        {
            let (_, call) = line.split_once("lyceum ").unwrap();
            // Up to the remark, the pipe or the file that it is written to.
            let call = call.split("   ").next().unwrap().split(['|', '>', '<']).next().unwrap();
            let words = call.replace('"', "");
            let quoted = call.contains('"');
            let args: Vec<&str> = words.split_whitespace().collect();
            let parsed = Cli::try_parse_from(std::iter::once("lyceum").chain(args));
            assert!(parsed.is_ok() || quoted, "{line}: {}", parsed.unwrap_err());
        }
    }
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
