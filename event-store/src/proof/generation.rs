//! Generations: a restore that lost answered events makes positions and numbers void, and a statement says which.
//!
//! The notary's key signs the statement when `vnr log recover` is run by a person, so nobody who only writes to the database
//! can pass a log that was cut off as one that was restored. `docs/PROOFS.md` §9 says what a verifier makes of it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sqlx::{PgExecutor, Row as _};

use super::head::TreeHead;
use super::note::{NoteError, SignedNote, VerifierKey};
use super::number::SeriesNumber;
use crate::log::{LogName, LogPosition};
use crate::tree::Hash;

/// First line of a statement. No tree head begins so: an origin holds no blank.
const TITLE: &str = "vnr log generation v1";

/// A position as it leaves the house: `generation.position`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Life of the log between lossy restores, from 1.
    pub generation: u32,
    /// Position in it.
    pub position: u64,
}

impl Place {
    /// Reads `1.42`.
    ///
    /// # Errors
    /// When it is written otherwise.
    pub fn parse(text: &str) -> Result<Place, NoteError> {
        let wrong = NoteError::Malformed("a position is GENERATION.POSITION, such as 1.42");
        let (generation, position) = text.split_once('.').ok_or(wrong.clone())?;
        let (Ok(generation), Ok(position)) = (generation.parse(), position.parse()) else { return Err(wrong) };
        let place = Place { generation, position };
        if place.to_string() == text && i64::try_from(position).is_ok() { Ok(place) } else { Err(wrong) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.generation, self.position)
    }
}

/// What is stated of a generation's beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Name of the log.
    pub origin: String,
    /// The generation that begins.
    pub generation: u32,
    /// Its first position.
    pub begins: u64,
    /// Root of the tree over the events before it.
    pub root: Hash,
    /// The last place of older generations that is known to have been given out and is void.
    pub voids: Place,
    /// The last number of each series that is void, of all that were known or might have been given out.
    pub numbers: Vec<SeriesNumber>,
}

impl Statement {
    /// The text that is signed, a line each.
    pub fn text(&self) -> String {
        let Statement { origin, generation, begins, root, voids, numbers } = self;
        let root = BASE64.encode(root);
        let numbers: String = numbers.iter().map(|number| format!("number {number}\n")).collect();
        format!("{TITLE}\n{origin}\ngeneration {generation}\nbegins {begins}\nroot {root}\nvoids {voids}\n{numbers}")
    }

    /// Reads a note that one of these keys must have signed under the name of the log.
    ///
    /// # Errors
    /// When it is no such statement, or nobody who is trusted for the log has signed it.
    pub fn verified(note: &SignedNote, trusted: &[VerifierKey]) -> Result<Statement, NoteError> {
        let statement = Statement::parse(&note.text)?;
        let keys: Vec<VerifierKey> = trusted.iter().filter(|key| key.name() == statement.origin).cloned().collect();
        note.signers(&keys)?;
        Ok(statement)
    }

    fn parse(text: &str) -> Result<Statement, NoteError> {
        let wrong = NoteError::Malformed("it does not state that a generation begins");
        let lines: Vec<&str> = text.lines().collect();
        let [TITLE, origin, generation, begins, root, voids, numbers @ ..] = lines.as_slice() else {
            return Err(wrong);
        };
        let field = |line: &'_ str, name: &str| line.strip_prefix(name).map(str::to_owned).ok_or(wrong.clone());
        let root = BASE64.decode(field(root, "root ")?).ok().and_then(|bytes| Hash::try_from(bytes).ok());
        let numbers = numbers.iter().map(|line| SeriesNumber::parse(&field(line, "number ")?));
        let statement = Statement {
            origin: (*origin).to_owned(),
            generation: field(generation, "generation ")?.parse().map_err(|_| wrong.clone())?,
            begins: field(begins, "begins ")?.parse().map_err(|_| wrong.clone())?,
            root: root.ok_or(wrong.clone())?,
            voids: Place::parse(&field(voids, "voids ")?)?,
            numbers: numbers.collect::<Result<_, _>>()?,
        };
        // One form only, so that a text has one meaning.
        if statement.text() == text && statement.begins > 0 { Ok(statement) } else { Err(wrong) }
    }

    /// Whether what that tree head was signed over is lost, by this statement, from some position on.
    pub fn voids(&self, head: &TreeHead) -> bool {
        let place = Place { generation: head.generation, position: head.size };
        head.origin == self.origin
            && head.generation < self.generation
            && head.size >= self.begins
            && place <= self.voids
    }
}

/// A generation as its row has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Life {
    /// 1 is the first.
    pub generation: u32,
    /// Its first position.
    pub first_position: u64,
    /// The signed statement on its beginning; none of the first.
    pub statement: Option<String>,
}

/// The generations of a log, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lives(Vec<Life>);

impl Lives {
    /// Reads them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn read(executor: impl PgExecutor<'_>, log: LogName) -> Result<Lives, sqlx::Error> {
        let sql = format!("select generation, first_position, statement from {log}.generations order by generation");
        let rows = sqlx::query(&sql).fetch_all(executor).await?;
        let life = |row: &sqlx::postgres::PgRow| {
            Ok::<_, sqlx::Error>(Life {
                generation: u32::try_from(row.try_get::<i32, _>("generation")?).unwrap_or(0),
                first_position: LogPosition::from_i64(row.try_get("first_position")?).get(),
                statement: row.try_get("statement")?,
            })
        };
        Ok(Lives(rows.iter().map(life).collect::<Result<_, _>>()?))
    }

    /// Those with generations and first positions of one's own, for logs that are read elsewhere.
    pub fn of_rows(rows: impl IntoIterator<Item = (u32, u64)>) -> Lives {
        let life = |(generation, first_position)| Life { generation, first_position, statement: None };
        let mut lives: Vec<Life> = rows.into_iter().map(life).collect();
        lives.sort_by_key(|life| life.generation);
        Lives(lives)
    }

    /// One by one, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Life> {
        self.0.iter()
    }

    /// The generation that a position of the log was given out in.
    pub fn of(&self, position: u64) -> u32 {
        self.0.iter().rev().find(|life| life.first_position <= position).map_or(1, |life| life.generation)
    }

    /// The last position of a generation that the log still has as it was then; no limit for the present one.
    pub fn common_with(&self, generation: u32) -> Option<u64> {
        self.0
            .iter()
            .filter(|life| life.generation > generation)
            .map(|life| life.first_position.saturating_sub(1))
            .min()
    }

    /// The statements that a trusted key has signed and that say what their rows say.
    pub fn statements(&self, trusted: &[VerifierKey]) -> Vec<Statement> {
        let signed = |life: &Life| {
            let note = SignedNote::parse(life.statement.as_deref()?).ok()?;
            let statement = Statement::verified(&note, trusted).ok()?;
            (statement.generation == life.generation && statement.begins == life.first_position).then_some(statement)
        };
        self.0.iter().filter_map(signed).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::keys::NotaryKey;
    use super::*;

    fn statement() -> Statement {
        Statement {
            origin: "a/b".into(),
            generation: 3,
            begins: 101,
            root: [7; 32],
            voids: Place { generation: 2, position: 105 },
            numbers: vec![SeriesNumber::parse("VEK-2026-0000044").unwrap()],
        }
    }

    #[test]
    fn a_statement_counts_when_the_logs_own_key_signed_it_and_in_one_form_only() {
        let (key, text) = (NotaryKey::from_seed(1, &[3; 32]), statement().text());
        let signed = |name: &str, text: &str| SignedNote { text: text.into(), signatures: vec![key.sign(name, text)] };
        let ours = [key.verifier("a/b")];
        assert_eq!(Statement::verified(&signed("a/b", &text), &ours).unwrap(), statement());
        assert!(Statement::verified(&signed("a/c", &text), &[key.verifier("a/c")]).is_err());
        for (part, wrong) in
            [("generation 3", "generation 03"), ("voids 2.105", "voids 2"), ("VEK", "vek"), ("begins 101", "begins 0")]
        {
            assert!(Statement::verified(&signed("a/b", &text.replace(part, wrong)), &ours).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_heads_of_older_generations_that_reach_into_what_was_lost_are_void() {
        let head = |generation, size| TreeHead { size, generation, ..TreeHead::empty("a/b") };
        let (voided, statement) = ([head(2, 101), head(2, 105), head(1, 110)], statement());
        assert!(voided.iter().all(|head| statement.voids(head)));
        let stands = [head(2, 100), head(2, 106), head(3, 105), TreeHead { origin: "a/c".into(), ..head(2, 105) }];
        assert!(!stands.iter().any(|head| statement.voids(head)));
    }

    #[test]
    fn a_position_belongs_to_the_newest_generation_that_began_before_it() {
        let lives = Lives::of_rows([(1, 1), (2, 101), (4, 90)]);
        assert_eq!([89, 90, 101, 500].map(|position| lives.of(position)), [1, 4, 4, 4]);
        assert_eq!([1, 2, 3, 4].map(|generation| lives.common_with(generation)), [Some(89), Some(89), Some(89), None]);
    }
}
