//! What the source says of an aggregate and its commands: its documentation, read from its files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::latvian;

/// An aggregate, as its source tells of it.
pub(crate) struct Told {
    /// What it is.
    pub(crate) about: String,
    /// What can be asked of it, in the order in which it is declared.
    pub(crate) commands: Vec<Term>,
}

/// A command or an event: its name, its Latvian term, and one sentence.
pub(crate) struct Term {
    pub(crate) name: String,
    pub(crate) latvian: String,
    pub(crate) sentence: String,
}

impl Term {
    /// Of what is documented so. The Latvian term stands in brackets there, or else in the list of terms.
    pub(crate) fn new(name: &str, documentation: &str) -> Self {
        let sentence = first_sentence(documentation);
        let (sentence, latvian) = match (latvian::term(name), bracketed(&sentence)) {
            (Some(term), _) => (sentence, term.to_owned()),
            (None, Some((without, term))) => (without, term),
            (None, None) => panic!("{name} has no Latvian term: say it in its documentation or in latvian.rs"),
        };
        Self { name: name.to_owned(), latvian, sentence }
    }
}

/// The aggregate of that type.
pub(crate) fn of(aggregate: &str) -> Told {
    let folder = match aggregate {
        "retention_case" => "retention",
        "log" => "log_life",
        same => same,
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder);
    let text = fs::read_to_string(folder.join("mod.rs")).expect("an aggregate is a folder");
    let about = text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim);
    let about: Vec<&str> = about.take_while(|line| !line.is_empty()).collect();
    let documented: Vec<Documented> = files(&folder).iter().flat_map(|file| items(file)).collect();
    let types: BTreeMap<&str, &str> = documented.iter().filter(|one| one.is_type).map(Documented::pair).collect();
    let variants: Vec<&Documented> = documented.iter().filter(|one| !one.is_type).collect();
    let alone = |name: &str| variants.iter().filter(|one| one.name == name).count() == 1;
    // What the type of a command says is more than what stands where commands are listed.
    let command = |one: &Documented| match types.get(one.name.as_str()) {
        Some(text) if alone(&one.name) => Term::new(&one.name, text),
        // It holds what is no command of its own: a value that stands elsewhere, or what several commands hold.
        _ => Term::new(&one.variant, &one.text),
    };
    Told { about: about.join(" "), commands: variants.iter().copied().map(command).collect() }
}

/// A type, or a variant of the enum of commands by the name of the type that it holds.
struct Documented {
    name: String,
    /// What the variant itself is called; of a type its name again.
    variant: String,
    text: String,
    is_type: bool,
}

impl Documented {
    fn pair(&self) -> (&str, &str) {
        (&self.name, &self.text)
    }
}

/// The texts of `command.rs`, or of the files of `command/`.
fn files(folder: &Path) -> Vec<String> {
    let one = folder.join("command.rs");
    let paths: Vec<PathBuf> = if one.is_file() {
        vec![one]
    } else {
        let entries = fs::read_dir(folder.join("command")).expect("commands");
        entries.map(|entry| entry.expect("an entry").path()).collect()
    };
    paths.iter().map(|path| fs::read_to_string(path).expect("a file of the source")).collect()
}

fn items(text: &str) -> Vec<Documented> {
    let (mut found, mut doc, mut in_commands) = (Vec::new(), Vec::new(), false);
    for line in text.lines() {
        if let Some(said) = line.trim().strip_prefix("///") {
            doc.push(said.trim());
            continue;
        }
        if line.trim().starts_with("#[") {
            continue;
        }
        let text = std::mem::take(&mut doc).join(" ");
        let declared = line.strip_prefix("pub struct ").or_else(|| line.strip_prefix("pub enum "));
        if let Some(declared) = declared {
            let name = word(declared);
            in_commands = line.starts_with("pub enum ") && name.ends_with("Command");
            let variant = name.to_owned();
            found.push(Documented { name: name.to_owned(), variant, text, is_type: true });
        } else if line == "}" {
            in_commands = false;
        } else if in_commands && !text.is_empty() {
            let variant = word(line.trim());
            let held = line.split(['(', '<']).map(word).rfind(|name| !name.is_empty()).unwrap_or(variant);
            found.push(Documented { name: held.to_owned(), variant: variant.to_owned(), text, is_type: false });
        }
    }
    found
}

/// The identifier that a text begins with.
fn word(text: &str) -> &str {
    let text = text.trim();
    text.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
}

/// What stands up to the first full stop, links into the code taken out.
fn first_sentence(text: &str) -> String {
    let text = text.replace("[`", "`").replace("`]", "`").replace("`super::", "`");
    match text.split_once(". ") {
        Some((first, _)) => format!("{first}."),
        None => text,
    }
}

/// A sentence without its first brackets, and what stood in them.
fn bracketed(sentence: &str) -> Option<(String, String)> {
    let (before, rest) = sentence.split_once(" (")?;
    let (term, after) = rest.split_once(')')?;
    Some((format!("{before}{after}"), term.to_owned()))
}
