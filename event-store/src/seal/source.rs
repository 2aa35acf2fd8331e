//! Where the master key comes from: a file, the environment, or a command that prints it.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use ring::rand::{SecureRandom as _, SystemRandom};

use super::MasterKeyError;
use super::master::{KEY_LEN, derived};

/// Where the master key is read from. In each case the same text: 64 hexadecimal digits, which are generation 1; or
/// lines of a generation's number and its digits, `2 3f…`, and a line `digest …` once generation 1 may go. `;` parts lines
/// too; what begins with `#` is a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// A file that only its owner may read.
    File(PathBuf),
    /// The value of an environment variable.
    Environment {
        /// Name of the variable.
        name: &'static str,
        /// Its value when the program started.
        text: KeyDigits,
    },
    /// What a command of the shell prints.
    Command(String),
    /// Bytes that were handed over; only tests do.
    Given,
}

/// The text of a key: prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyDigits(pub String);

impl fmt::Debug for KeyDigits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "the master key file {}", path.display()),
            Self::Environment { name, .. } => write!(f, "the environment variable {name}"),
            Self::Command(_) => f.write_str("the command that prints the master key"),
            Self::Given => f.write_str("the given master key"),
        }
    }
}

/// The keys of a source.
pub(super) struct KeyText {
    /// The key of digests, where it does not follow from generation 1.
    pub(super) digest: Option<[u8; KEY_LEN]>,
    /// At least one.
    pub(super) generations: BTreeMap<i32, [u8; KEY_LEN]>,
}

impl KeyText {
    /// The key of digests: given, or following from the oldest generation.
    pub(super) fn digest_key(&self) -> [u8; KEY_LEN] {
        let of_oldest = || self.generations.values().next().map(|bytes| derived(bytes, b"vnr-digest-v1"));
        self.digest.or_else(of_oldest).unwrap_or([0; KEY_LEN])
    }

    fn parse(text: &str) -> Result<KeyText, &'static str> {
        let mut keys = KeyText { digest: None, generations: BTreeMap::new() };
        let written = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        let lines = written.flat_map(|line| line.split(';')).map(str::trim).filter(|line| !line.is_empty());
        for line in lines {
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            let (name, digits) = match *words {
                [digits] => ("1", digits),
                [name, digits] => (name, digits),
                _ => return Err("a line has more than two words"),
            };
            let bytes = bytes_of(digits).ok_or("a key is not of 64 hexadecimal digits")?;
            let again = if name == "digest" {
                keys.digest.replace(bytes).is_some()
            } else {
                let number = name.parse().ok().filter(|number: &i32| *number > 0);
                keys.generations.insert(number.ok_or("a generation is not a number from 1 on")?, bytes).is_some()
            };
            if again {
                return Err("a generation stands there twice");
            }
        }
        if keys.generations.is_empty() {
            return Err("it holds no generation");
        }
        if keys.digest.is_none() && !keys.generations.contains_key(&1) {
            return Err("without generation 1 it must hold the line `digest …`");
        }
        Ok(keys)
    }

    fn text(&self) -> String {
        let mut text =
            "# Master key of a VNR register. Whoever has it can read all personal data; without it nobody can.\n\
                        # Keep a copy in a safe place that is not the place of the backups.\n"
                .to_owned();
        text += &format!("digest {}\n", hex(&self.digest_key()));
        for (number, bytes) in &self.generations {
            text += &format!("{number} {}\n", hex(bytes));
        }
        text
    }
}

impl KeySource {
    /// What the source has now.
    pub(super) fn read(&self) -> Result<KeyText, MasterKeyError> {
        let text = match self {
            Self::File(path) => read_private(path)?,
            Self::Environment { text, .. } => text.0.clone(),
            Self::Command(command) => printed_by(command)?,
            Self::Given => return Err(MasterKeyError::ReadOnly { source_name: self.to_string() }),
        };
        KeyText::parse(&text).map_err(|why| MasterKeyError::Malformed { source_name: self.to_string(), why })
    }

    /// What the source has; a file is made where there is none.
    pub(super) fn read_or_create(&self) -> Result<KeyText, MasterKeyError> {
        match self {
            Self::File(path) if !path.exists() => {
                let text = KeyText { digest: None, generations: BTreeMap::from([(1, random()?)]) };
                write_new(path, &text)?;
                // Another process may have been first: what is there counts.
                self.read()
            }
            _ => self.read(),
        }
    }

    /// Adds a new generation and returns its number. Only a file can be written to.
    ///
    /// # Errors
    /// [`MasterKeyError::ReadOnly`] where the source is not a file.
    pub fn add_generation(&self) -> Result<i32, MasterKeyError> {
        let mut number = 0;
        self.change(|keys| {
            number = keys.generations.keys().next_back().copied().unwrap_or(0) + 1;
            keys.generations.insert(number, random()?);
            Ok(())
        })?;
        Ok(number)
    }

    /// Destroys a generation that nothing is wrapped with any more.
    ///
    /// # Errors
    /// [`MasterKeyError::ReadOnly`] where the source is not a file.
    pub fn remove_generation(&self, number: i32) -> Result<(), MasterKeyError> {
        self.change(|keys| {
            keys.digest = Some(keys.digest_key());
            keys.generations.remove(&number);
            Ok(())
        })
    }

    fn change(&self, change: impl FnOnce(&mut KeyText) -> Result<(), MasterKeyError>) -> Result<(), MasterKeyError> {
        let Self::File(path) = self else {
            return Err(MasterKeyError::ReadOnly { source_name: self.to_string() });
        };
        let mut keys = self.read()?;
        change(&mut keys)?;
        let draft = draft(path, &keys)?;
        let failed = |source| MasterKeyError::File { path: path.to_owned(), source };
        fs::rename(&draft, path).map_err(failed)?;
        sync_folder(path).map_err(failed)
    }
}

fn read_private(path: &Path) -> Result<String, MasterKeyError> {
    let failed = |source| MasterKeyError::File { path: path.to_owned(), source };
    let text = fs::read_to_string(path).map_err(failed)?;
    if fs::metadata(path).map_err(failed)?.permissions().mode() & 0o077 != 0 {
        return Err(MasterKeyError::Exposed { path: path.to_owned() });
    }
    Ok(text)
}

fn printed_by(command: &str) -> Result<String, MasterKeyError> {
    let failed = |why: String| MasterKeyError::Command { why };
    let output = Command::new("sh").args(["-c", command]).output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(failed(format!("{}, {}", output.status, said.trim())));
    }
    String::from_utf8(output.stdout).map_err(|_| failed("what it printed is not text".to_owned()))
}

/// Written aside and linked into place: two processes that start at once end with the same key, and a crash leaves no half
/// a key.
fn write_new(path: &Path, keys: &KeyText) -> Result<(), MasterKeyError> {
    let draft = draft(path, keys)?;
    let linked = fs::hard_link(&draft, path);
    let failed = |source| MasterKeyError::File { path: path.to_owned(), source };
    fs::remove_file(&draft).map_err(failed)?;
    match linked {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(failed(error)),
        _ => sync_folder(path).map_err(failed),
    }
}

fn draft(path: &Path, keys: &KeyText) -> Result<PathBuf, MasterKeyError> {
    let failed = |source| MasterKeyError::File { path: path.to_owned(), source };
    let draft = path.with_extension(format!("draft-{}", std::process::id()));
    let mut file =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft).map_err(failed)?;
    file.write_all(keys.text().as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    Ok(draft)
}

fn sync_folder(path: &Path) -> std::io::Result<()> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => fs::File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

fn random() -> Result<[u8; KEY_LEN], MasterKeyError> {
    let mut bytes = [0; KEY_LEN];
    SystemRandom::new().fill(&mut bytes).map_err(|_| MasterKeyError::NoRandomness)?;
    Ok(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes_of(digits: &str) -> Option<[u8; KEY_LEN]> {
    if !digits.is_ascii() || digits.len() != KEY_LEN * 2 {
        return None;
    }
    let bytes: Option<Vec<u8>> =
        (0..KEY_LEN).map(|i| u8::from_str_radix(digits.get(2 * i..2 * i + 2)?, 16).ok()).collect();
    bytes?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::super::MasterKeys;
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_key_file_is_made_once_and_read_again_and_must_be_private() {
        let folder = std::env::temp_dir().join(format!("vnr-master-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("master.key");
        let source = KeySource::File(path.clone());
        let made = MasterKeys::load(source.clone()).unwrap();
        let (_, wrapped) = made.new_record_key(Uuid::from_u128(1), [3; 32], [0; 12]);
        assert!(MasterKeys::load(source.clone()).unwrap().unwrap(&wrapped).is_ok());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(MasterKeys::load(source.clone()), Err(MasterKeyError::Exposed { .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "short").unwrap();
        assert!(matches!(MasterKeys::load(source), Err(MasterKeyError::Malformed { .. })));
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_new_generation_wraps_the_old_one_unwraps_and_digests_outlive_both() {
        let folder = std::env::temp_dir().join(format!("vnr-generations-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let source = KeySource::File(folder.join("master.key"));
        let running = MasterKeys::load(source.clone()).unwrap();
        let digest = running.digest("who", b"Anna");
        let (_, old) = running.new_record_key(Uuid::from_u128(1), [3; 32], [0; 12]);

        assert_eq!(source.add_generation().unwrap(), 2);
        let fresh = MasterKeys::load(source.clone()).unwrap();
        let new = fresh.rewrap(&old, [1; 12]).unwrap();
        assert_eq!((old.master, new.master), (1, 2));
        assert!(running.unwrap(&new).is_ok(), "a running process reads its source again for a generation it lacks");
        assert_eq!(running.newest(), 2);

        source.remove_generation(1).unwrap();
        let without = MasterKeys::load(source).unwrap();
        assert_eq!(without.generations(), [2]);
        assert!(without.unwrap(&new).is_ok());
        assert!(without.unwrap(&old).is_err());
        assert_eq!(without.digest("who", b"Anna"), digest);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_key_comes_from_the_environment_or_a_command_and_says_what_is_wrong_with_it() {
        let digits = "ab".repeat(32);
        let environment =
            |text: &str| KeySource::Environment { name: "VNR_MASTER_KEY", text: KeyDigits(text.to_owned()) };
        assert_eq!(MasterKeys::load(environment(&digits)).unwrap().generations(), [1]);
        assert_eq!(MasterKeys::load(environment(&format!("1 {digits}; 3 {digits}"))).unwrap().newest(), 3);
        let printing = KeySource::Command(format!("echo '# kept elsewhere'; echo 1 {digits}"));
        assert_eq!(MasterKeys::load(printing).unwrap().generations(), [1]);
        for (text, why) in [
            ("1 12", "64 hexadecimal digits"),
            ("", "holds no generation"),
            (&*format!("2 {digits}"), "digest"),
            (&*format!("1 {digits}\n1 {digits}"), "twice"),
        ] {
            let error = MasterKeys::load(environment(text)).unwrap_err().to_string();
            assert!(error.contains(why) && !error.contains(&digits), "{error}");
        }
        let failing = MasterKeys::load(KeySource::Command("echo sealed >&2; exit 4".to_owned())).unwrap_err();
        assert!(failing.to_string().contains("sealed"), "{failing}");
    }
}
