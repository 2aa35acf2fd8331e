//! `vnr keys split | join`: the master key in two shares, of which each alone tells nothing.
//!
//! A share is as long as the text of the key: one is random, the other is the text XOR that. So this is no cipher that could be broken,
//! and each share is kept by another person in another place.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use event_store::proof::note::hex;
use event_store::seal::{KeySource, MasterKeys};
use ring::rand::{SecureRandom as _, SystemRandom};
use sha2::{Digest as _, Sha256};

use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;

const MARK: &str = "vnr-key-share";

/// Writes the two shares of the master key's file.
pub(super) fn split(settings: &Settings, files: [&Path; 2]) -> Result<(), Failure> {
    let KeySource::File(path) = &settings.master_key else {
        return Err(Failure::Usage(format!("{} is not a file: split it where it is kept", settings.master_key)));
    };
    MasterKeys::load(settings.master_key.clone())?;
    let text = fs::read_to_string(path).with_context(|| format!("{} can't be read", path.display()))?;
    let shares = shares(&text)?;
    for (file, share) in files.iter().zip(&shares) {
        write_new(file, share)?;
    }
    output::line(format!(
        "two shares of {}: give each to another person, to be kept in another place, and try `vnr keys join` now",
        settings.master_key
    ));
    Ok(())
}

/// Puts the key together again, in a new file.
pub(super) fn join(files: [&Path; 2], to: &Path) -> Result<(), Failure> {
    let read = |file: &Path| -> Result<Share, Failure> {
        let text = fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()))?;
        Share::parse(&text).map_err(|why| Failure::Usage(format!("{}: {why}", file.display())))
    };
    let text = joined(&read(files[0])?, &read(files[1])?).map_err(|why| Failure::Usage(why.to_owned()))?;
    write_new(to, &text)?;
    let keys = MasterKeys::load(KeySource::File(to.to_owned()))?;
    let generations: Vec<String> = keys.generations().iter().map(ToString::to_string).collect();
    output::line(format!("{}: generation {} of the master key", to.display(), generations.join(", ")));
    Ok(())
}

struct Share {
    number: u8,
    /// Tells shares of one splitting from those of another.
    set: String,
    /// Beginning of SHA-256 of the key's text; that is random, so nobody can try texts out.
    check: String,
    bytes: Vec<u8>,
}

fn shares(text: &str) -> Result<[String; 2], Failure> {
    let random = |bytes: &mut [u8]| {
        SystemRandom::new().fill(bytes).map_err(|_| anyhow!("the operating system gave no random bytes"))
    };
    let (mut pad, mut set) = (vec![0; text.len()], [0; 8]);
    random(&mut pad)?;
    random(&mut set)?;
    let other = text.bytes().zip(&pad).map(|(byte, pad)| byte ^ pad).collect();
    let (set, check) = (hex(&set), check(text));
    let share = |number, bytes| Share { number, set: set.clone(), check: check.clone(), bytes }.text();
    Ok([share(1, pad), share(2, other)])
}

fn joined(one: &Share, other: &Share) -> Result<String, &'static str> {
    if one.set != other.set || one.check != other.check || one.bytes.len() != other.bytes.len() {
        return Err("these are not shares of one splitting: each splitting makes a pair of its own");
    }
    if one.number == other.number {
        return Err("this is the same share twice");
    }
    let bytes = one.bytes.iter().zip(&other.bytes).map(|(one, other)| one ^ other).collect();
    let text = String::from_utf8(bytes).map_err(|_| "a share is damaged")?;
    if check(&text) != one.check {
        return Err("a share is damaged");
    }
    Ok(text)
}

impl Share {
    fn text(&self) -> String {
        let mut text = format!(
            "# Share {} of 2 of the master key of a VNR register. Alone it tells nothing; whoever has both can read all personal data.\n\
             {MARK} {} {} {}\n",
            self.number, self.number, self.set, self.check
        );
        for line in self.bytes.chunks(32) {
            text += &hex(line);
            text.push('\n');
        }
        text
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        const NONE: &str = "this is no share of a master key";
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let head: Vec<&str> = lines.next().ok_or(NONE)?.split_ascii_whitespace().collect();
        let [MARK, number @ ("1" | "2"), set, check] = *head else { return Err(NONE) };
        let digits: String = lines.collect();
        if !digits.is_ascii() || !digits.len().is_multiple_of(2) {
            return Err("the share is damaged");
        }
        let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).map_err(|_| "the share is damaged");
        let bytes: Result<Vec<u8>, _> = (0..digits.len()).step_by(2).map(byte).collect();
        Ok(Self {
            number: if number == "1" { 1 } else { 2 },
            set: set.to_owned(),
            check: check.to_owned(),
            bytes: bytes?,
        })
    }
}

/// Never over what is there.
fn write_new(file: &Path, text: &str) -> Result<(), Failure> {
    let opened = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    let written = opened.and_then(|mut opened| opened.write_all(text.as_bytes()).and_then(|()| opened.sync_all()));
    Ok(written.with_context(|| format!("{} can't be written", file.display()))?)
}

fn check(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes())[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> [Share; 2] {
        shares(text).unwrap().map(|share| Share::parse(&share).unwrap())
    }

    #[test]
    fn two_shares_make_the_key_again_in_either_order_and_one_makes_nothing() {
        let text = format!("digest {}\n1 {}\n", "ab".repeat(32), "cd".repeat(32));
        let [first, second] = parsed(&text);
        assert_eq!(joined(&first, &second).unwrap(), text);
        assert_eq!(joined(&second, &first).unwrap(), text);
        assert_eq!(joined(&first, &first).unwrap_err(), "this is the same share twice");
        let alone = shares(&text).unwrap();
        assert!(alone.iter().all(|share| !share.contains("abab") && !share.contains("digest")), "{alone:?}");
    }

    #[test]
    fn shares_of_two_splittings_and_damaged_ones_make_nothing() {
        let text = "1 00";
        let ([first, mut second], [_, other]) = (parsed(text), parsed(text));
        assert!(joined(&first, &other).unwrap_err().contains("not shares of one splitting"));
        second.bytes[0] ^= 1;
        assert_eq!(joined(&first, &second).unwrap_err(), "a share is damaged");
        assert!(Share::parse("1 3f").is_err());
        assert!(Share::parse("vnr-key-share 1 ab cd\n0g").is_err());
    }
}
