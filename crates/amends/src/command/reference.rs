//! Every command with its arguments and options, as Markdown: written from what the program itself understands.

use clap::{Arg, ArgAction, Command};
use std::collections::BTreeSet;
use std::fmt::Write;

/// The page of all commands of `program`.
pub fn commands(mut program: Command) -> String {
    program.build();
    let mut text =
        format!("# Commands\n\n{}\n\n```\n{}\n```\n", about(&program), usage(&mut program, "amends"));
    text += "\nExit codes: 0 done, 1 the server (or the machine) said no, 2 wrong usage. `--help` after any command says what follows here.\n";
    let shared = shared(&program);
    text += "\n## Options of every command that works through the API\n\nSay where Amends is: `--url` and `--token`, or `--data` on the machine itself.\n\n";
    for arg in &shared {
        let _ = writeln!(text, "{}", option(arg));
    }
    let known: BTreeSet<&str> = shared.iter().map(|arg| arg.get_id().as_str()).collect();
    for command in visible(&program) {
        section(&mut text, command, "amends", &known);
    }
    text
}

fn visible(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|c| !c.is_hide_set() && c.get_name() != "help")
}

/// The options that groups of commands hand down to theirs.
fn shared(program: &Command) -> Vec<Arg> {
    let mut shared: Vec<Arg> = Vec::new();
    for arg in visible(program).filter(|c| c.has_subcommands()).flat_map(Command::get_arguments) {
        if arg.is_global_set() && !shared.iter().any(|other| other.get_id() == arg.get_id()) {
            shared.push(arg.clone());
        }
    }
    shared
}

fn section(text: &mut String, command: &Command, before: &str, shared: &BTreeSet<&str>) {
    let name = format!("{before} {}", command.get_name());
    let level = if before == "amends" { "##" } else { "###" };
    let _ = write!(text, "\n{level} {name}\n\n{}\n", about(command));
    if command.has_subcommands() {
        for inner in visible(command) {
            section(text, inner, &name, shared);
        }
        return;
    }
    let _ = write!(text, "\n```\n{}\n```\n", usage(&mut command.clone(), &name));
    // A command that works on the machine itself says what its --data means there.
    let is_shared = |arg: &Arg| arg.is_global_set() && shared.contains(arg.get_id().as_str());
    let own = command.get_arguments().filter(|arg| !arg.is_hide_set() && !is_shared(arg));
    let lines: Vec<String> =
        own.filter(|arg| !["help", "version"].contains(&arg.get_id().as_str())).map(option).collect();
    if !lines.is_empty() {
        let _ = write!(text, "\n{}\n", lines.join("\n"));
    }
}

fn about(command: &Command) -> String {
    let about = command.get_long_about().or_else(|| command.get_about());
    about.map(|text| sentence(&text.to_string())).unwrap_or_default()
}

fn usage(command: &mut Command, name: &str) -> String {
    let usage = command.render_usage().to_string();
    let rest = usage.trim_start_matches("Usage:").trim();
    let rest = rest.strip_prefix(name).or_else(|| rest.strip_prefix(command.get_name())).unwrap_or(rest);
    format!("{name}{}{rest}", if rest.starts_with(' ') || rest.is_empty() { "" } else { " " })
}

fn option(arg: &Arg) -> String {
    let values: Vec<String> = arg.get_value_names().into_iter().flatten().map(ToString::to_string).collect();
    let takes = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
    let value = if takes && !values.is_empty() { format!(" {}", values.join(" ")) } else { String::new() };
    let shown = match (arg.get_long(), arg.get_short()) {
        (Some(long), _) => format!("--{long}{value}"),
        (None, Some(short)) => format!("-{short}{value}"),
        (None, None) => values.join(" "),
    };
    let help = arg.get_long_help().or_else(|| arg.get_help()).map(ToString::to_string).unwrap_or_default();
    let mut line = format!("- `{shown}`: {}", sentence(&help));
    let choices: Vec<String> =
        arg.get_possible_values().iter().map(|value| format!("`{}`", value.get_name())).collect();
    if takes && !choices.is_empty() {
        let _ = write!(line, " One of {}.", choices.join(", "));
    }
    let defaults: Vec<String> =
        arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
    if takes && defaults.iter().any(|value| !value.is_empty()) {
        let _ = write!(line, " Default: `{}`.", defaults.join(","));
    }
    if let Some(variable) = arg.get_env() {
        let _ = write!(line, " Variable: `{}`.", variable.to_string_lossy());
    }
    line
}

/// Help is written without the last full stop; a page has it.
fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() || text.ends_with(['.', '?', ':']) { text.to_owned() } else { format!("{text}.") }
}
