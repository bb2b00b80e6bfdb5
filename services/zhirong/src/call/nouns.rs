//! A command for every method: `zhirong payment list-payments --parent batches/410500-2025-001`. Noun, verb, flags and help come from the
//! descriptors, so that a new method is a command without a line here.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Args, Command};
use gateway::Method;
use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value};

use super::describe::{field_doc, first_sentence, is_value, short_name};
use super::value::{self, Shape};
use super::{carry_out, may_call, methods, request};
use crate::cli::ClientArgs;
use crate::connection::target;
use crate::error::CommandError;
use crate::output;

/// How deep a message inside a request becomes flags of its own; what lies deeper is given as JSON.
const DEPTH_MOST: usize = 3;

/// Names of options that every such command has, and so no field's.
const TAKEN: [&str; 12] = [
    "as",
    "color",
    "config",
    "data",
    "help",
    "identity",
    "log-format",
    "log-level",
    "out",
    "output",
    "server",
    "version",
];

/// A flag of a command, and the field that it sets.
struct Flag {
    long: String,
    path: Vec<String>,
    shape: Shape,
    is_list: bool,
    doc: String,
}

/// The word for a service: `PledgeOnBehalfService` is `pledge-on-behalf`.
#[must_use]
pub fn noun_of(method: &Method) -> String {
    let name = method.service.rsplit('.').next().unwrap_or_default();
    kebab(name.strip_suffix("Service").unwrap_or(name))
}

/// The word for a method: `ListPayments` is `list-payments`.
#[must_use]
pub fn verb_of(method: &Method) -> String {
    kebab(&method.name)
}

fn kebab(name: &str) -> String {
    let mut text = String::new();
    for symbol in name.chars() {
        if symbol.is_ascii_uppercase() && !text.is_empty() {
            text.push('-');
        }
        text.push(if symbol == '_' {
            '-'
        } else {
            symbol.to_ascii_lowercase()
        });
    }
    text
}

/// The program's command line with a command for every method. A noun that is a command already gets them beside its own.
///
/// # Errors
/// [`CommandError`] where the descriptors cannot be read.
pub fn extend(mut root: Command) -> Result<Command, CommandError> {
    let mut nouns: BTreeMap<String, Vec<&Method>> = BTreeMap::new();
    for method in methods()?.all() {
        nouns.entry(noun_of(method)).or_default().push(method);
    }
    for (noun, methods) in nouns {
        let verbs: Vec<Command> = methods.iter().map(|method| command_of(method)).collect();
        let own = root.get_subcommands().any(|command| command.get_name() == noun);
        root = if own {
            root.mut_subcommand(noun, |command| command.subcommands(verbs))
        } else {
            let about = format!("接口命令 Calls of {}, a command each", service_name(&methods));
            root.subcommand(
                Command::new(noun)
                    .about(about)
                    .subcommand_required(true)
                    .subcommands(verbs),
            )
        };
    }
    Ok(root)
}

fn service_name(methods: &[&Method]) -> String {
    let name = methods.first().map_or("", |method| method.service.as_str());
    name.rsplit('.').next().unwrap_or_default().to_owned()
}

fn command_of(method: &Method) -> Command {
    let command = Command::new(verb_of(method))
        .after_help(format!("zhirong call {} --describe", short_name(method)))
        .arg(
            Arg::new("data")
                .long("data")
                .value_name("JSON|@FILE|-")
                .help("请求 The request as JSON; the flags go over it"),
        )
        .arg(Arg::new("as").long("as").value_name("NAME").help(format!(
            "身份 Name of a certificate; may call: {}",
            may_call(method)
        )))
        .arg(
            Arg::new("out")
                .long("out")
                .value_name("FILE")
                .help("文件 Writes the bytes of the answer's file there"),
        );
    let flags = flags_of(method).into_iter().map(|flag| arg_of(&flag));
    // Said last: the options of every client command bring words of their own.
    ClientArgs::augment_args(command.args(flags))
        .about(first_sentence(&method.doc).to_owned())
        .long_about(method.doc.clone())
}

/// The flags of a method; a client stream takes its messages by `--data` alone.
fn flags_of(method: &Method) -> Vec<Flag> {
    let mut flags = Vec::new();
    if !method.client_streaming {
        collect(&method.input, &[], &mut flags);
    }
    flags
}

fn collect(message: &MessageDescriptor, path: &[String], flags: &mut Vec<Flag>) {
    for field in message.fields() {
        let mut path = path.to_vec();
        path.push(field.name().to_owned());
        let kind = field.kind();
        let inner = kind
            .as_message()
            .filter(|inner| !is_value(inner) && !field.is_list() && !field.is_map());
        if let Some(inner) = inner.filter(|_| path.len() < DEPTH_MOST) {
            collect(inner, &path, flags);
            continue;
        }
        let long = kebab(&path.join("."));
        let is_taken = TAKEN.contains(&long.as_str());
        flags.push(Flag {
            long: if is_taken { format!("request.{long}") } else { long },
            path,
            shape: shape_of(&field),
            is_list: field.is_list(),
            doc: field_doc(&field),
        });
    }
}

fn shape_of(field: &FieldDescriptor) -> Shape {
    if field.is_map() {
        return Shape::Json;
    }
    match field.kind() {
        Kind::String => Shape::Text,
        Kind::Bytes => Shape::File,
        Kind::Bool => Shape::Flag,
        Kind::Enum(of) => Shape::Word(words_of(&of)),
        Kind::Message(message) => match message.full_name() {
            "zhirong.common.v1.Money" => Shape::Money,
            "google.type.Date" => Shape::Date,
            "google.protobuf.Timestamp" => Shape::Text,
            _ => Shape::Json,
        },
        _ => Shape::Number,
    }
}

/// The words of an enum: its values without the prefix that they share, as the files write them.
fn words_of(of: &EnumDescriptor) -> Vec<(String, String)> {
    let prefix = of
        .values()
        .next()
        .map(|first| first.name().to_owned())
        .unwrap_or_default();
    let prefix = prefix.strip_suffix("UNSPECIFIED").unwrap_or_default().to_owned();
    let values = of.values().filter(|value| value.number() != 0);
    values
        .map(|value| {
            let word = value.name().strip_prefix(&prefix).unwrap_or(value.name());
            (word.to_ascii_lowercase(), value.name().to_owned())
        })
        .collect()
}

fn arg_of(flag: &Flag) -> Arg {
    let arg = Arg::new(flag.path.join("."))
        .long(flag.long.clone())
        .help(flag.doc.clone())
        .value_name(flag.shape.hint())
        .action(if flag.is_list {
            ArgAction::Append
        } else {
            ArgAction::Set
        });
    match &flag.shape {
        Shape::Word(words) => {
            let words: Vec<String> = words.iter().map(|(word, _)| word.clone()).collect();
            arg.value_parser(PossibleValuesParser::new(words))
        }
        Shape::Flag => arg
            .num_args(0..=1)
            .default_missing_value("true")
            .value_parser(["true", "false"]),
        _ => arg.allow_hyphen_values(true),
    }
}

/// The method that a command line names, with its options.
#[must_use]
pub fn named(matches: &ArgMatches) -> Option<(&'static Method, &ArgMatches)> {
    let (noun, inside) = matches.subcommand()?;
    let (verb, options) = inside.subcommand()?;
    let is_it = |method: &&Method| noun_of(method) == noun && verb_of(method) == verb;
    let method = methods().ok()?.all().iter().find(is_it)?;
    Some((method, options))
}

/// Calls the method with what the flags say.
///
/// # Errors
/// [`CommandError`] for a flag that cannot be read, and where the call is refused.
pub async fn run(
    method: &'static Method,
    options: &ArgMatches,
    client: &ClientArgs,
) -> Result<ExitCode, CommandError> {
    let text = |name: &str| options.get_one::<String>(name).map(String::as_str);
    let mut requests = request::read(method, text("data").unwrap_or("{}"))?;
    if let Some(Value::Object(first)) = requests.first_mut() {
        for flag in flags_of(method) {
            apply(&flag, options, first)?;
        }
    }
    let (url, identity) = target(client)?;
    let out = (text("out").map(Path::new), output::form());
    carry_out((&url, &identity), text("as"), method, requests, out).await
}

/// Sets the field of a flag that was given.
fn apply(flag: &Flag, options: &ArgMatches, request: &mut Map<String, Value>) -> Result<(), CommandError> {
    let Some(given) = options.get_many::<String>(&flag.path.join(".")) else {
        return Ok(());
    };
    let values = given.map(|text| value::parse(&flag.long, &flag.shape, text));
    let mut values = values.collect::<Result<Vec<_>, _>>()?;
    let value = match values.pop() {
        Some(last) if !flag.is_list => last,
        last => Value::from(values.into_iter().chain(last).collect::<Vec<_>>()),
    };
    set(request, &flag.path, value);
    Ok(())
}

fn set(object: &mut Map<String, Value>, path: &[String], value: Value) {
    match path {
        [] => {}
        [last] => drop(object.insert(last.clone(), value)),
        [first, rest @ ..] => {
            let inner = object
                .entry(first.clone())
                .or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                set(inner, rest, value);
            }
        }
    }
}
