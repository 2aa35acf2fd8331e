//! Rows of words, how they are written, and the questions.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use event_store::seal::MasterKeys;
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

use super::Key;
use super::told::WordPart;
use crate::keyset::{Keyset, Order};
use crate::table::table_row;
use crate::words::{vocabulary_form, words};

/// What digests of words are for.
const PURPOSE: &str = "word";
/// Bytes of a digest: of a nation's vocabulary no two are the same.
const DIGEST_BYTES: usize = 8;
/// Spellings that are tried for a word that is not found as it was written.
const MOST_SPELLINGS: usize = 8;
/// Of so many that share most trigrams with it.
const MOST_CANDIDATES: i64 = 100;
/// Share of trigrams that they have in common at least: two letters of a short name exchanged leave no more.
const ALIKE: &str = "0.2";

/// What a word is found by: of no use without the master key.
pub(super) fn digest(master: &MasterKeys, word: &str) -> String {
    let whole = master.digest(PURPOSE, word.as_bytes());
    whole.iter().take(DIGEST_BYTES).fold(String::with_capacity(2 * DIGEST_BYTES), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

table_row! {
    /// What a text of an incident is found by.
    pub struct TextRow in "texts" key ("incident", "part", "kind") {
        /// The incident.
        incident: Uuid => "uuid",
        /// Of a person the data subject, else nil.
        part: Uuid => "uuid",
        /// Which text.
        kind: String => "text",
        /// Key that it is sealed under.
        sealed_under: Option<Uuid> => "uuid",
        /// Digests of stems, with spaces between.
        stems: String => "text",
        /// Digests of words of names, likewise.
        forms: String => "text",
    }
}

/// The statements of this read model, written down once.
pub(super) struct Statements {
    texts: crate::table::Statements,
    remove: String,
    sealed_under: String,
    register: String,
    cases: String,
    more_uses: String,
    fewer_uses: String,
    unused: String,
}

impl Statements {
    pub(super) fn new(schema: &str) -> Self {
        Self {
            texts: crate::table::Statements::new::<TextRow>(schema, "incident"),
            remove: format!(
                "delete from {schema}.texts where (incident, part, kind) in
                   (select * from unnest($1::uuid[], $2::uuid[], $3::text[]))"
            ),
            sealed_under: format!("select distinct incident from {schema}.texts where sealed_under = any($1)"),
            register: format!(
                "insert into {schema}.cases (incident, registered_at, words)
                 select *, ''::tsvector from unnest($1::uuid[], $2::timestamptz[])
                 on conflict (incident) do nothing"
            ),
            cases: format!(
                "update {schema}.cases c set words = n.words::tsvector
                 from (select * from unnest($1::uuid[], $2::text[]) as t (incident, words)) n
                 where c.incident = n.incident and c.words <> n.words::tsvector"
            ),
            more_uses: format!(
                "insert into {schema}.vocabulary (digest, word, uses)
                 select * from unnest($1::text[], $2::text[], $3::bigint[])
                 on conflict (digest) do update set uses = vocabulary.uses + excluded.uses"
            ),
            fewer_uses: format!(
                "update {schema}.vocabulary v set uses = v.uses - n.uses
                 from (select * from unnest($1::text[], $2::bigint[]) as t (digest, uses)) n
                 where v.digest = n.digest"
            ),
            unused: format!("delete from {schema}.vocabulary where digest = any($1) and uses <= 0"),
        }
    }

    /// Incidents with texts that are sealed under these keys.
    pub(super) async fn sealed_under(
        &self,
        tx: &mut PgConnection,
        keys: &BTreeSet<Uuid>,
    ) -> Result<Vec<Uuid>, sqlx::Error> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<Uuid> = keys.iter().copied().collect();
        sqlx::query_scalar(&self.sealed_under).bind(keys).fetch_all(tx).await
    }

    /// The texts of these incidents.
    pub(super) async fn texts(
        &self,
        tx: &mut PgConnection,
        incidents: &BTreeSet<Uuid>,
    ) -> Result<HashMap<Key, TextRow>, sqlx::Error> {
        let ids: Vec<Uuid> = incidents.iter().copied().collect();
        let rows = self.texts.load::<TextRow>(tx, &ids).await?;
        Ok(rows.into_iter().filter_map(|row| Some((row.key()?, row))).collect())
    }

    /// Writes texts as they are now.
    pub(super) async fn write_texts(
        &self,
        tx: &mut PgConnection,
        before: &HashMap<Key, TextRow>,
        now: &HashMap<Key, TextRow>,
    ) -> Result<(), sqlx::Error> {
        let mut gone: Vec<&Key> = before.keys().filter(|key| !now.contains_key(key)).collect();
        gone.sort_unstable();
        if !gone.is_empty() {
            let incidents: Vec<Uuid> = gone.iter().map(|(incident, ..)| *incident).collect();
            let parts: Vec<Uuid> = gone.iter().map(|(_, part, _)| *part).collect();
            let kinds: Vec<&str> = gone.iter().map(|(.., kind)| kind.code()).collect();
            sqlx::query(&self.remove).bind(incidents).bind(parts).bind(kinds).execute(&mut *tx).await?;
        }
        let changed = now.iter().filter(|(key, row)| before.get(*key) != Some(*row));
        let mut changed: Vec<TextRow> = changed.map(|(_, row)| row.clone()).collect();
        changed.sort_by(|a, b| (a.incident, a.part, &a.kind).cmp(&(b.incident, b.part, &b.kind)));
        self.texts.upsert(tx, &changed).await
    }

    /// Counts words of names that came and went.
    pub(super) async fn write_vocabulary(
        &self,
        tx: &mut PgConnection,
        (before, now): (&HashMap<Key, TextRow>, &HashMap<Key, TextRow>),
        new_words: &BTreeMap<String, String>,
    ) -> Result<(), sqlx::Error> {
        let mut uses: BTreeMap<&str, i64> = BTreeMap::new();
        for (rows, each) in [(before, -1), (now, 1)] {
            for form in rows.values().flat_map(|row| row.forms.split_ascii_whitespace()) {
                *uses.entry(form).or_default() += each;
            }
        }
        let more = uses.iter().filter(|(_, uses)| **uses > 0);
        // What came has its word with it: it was opened just now.
        let more: Vec<(&str, &str, i64)> =
            more.filter_map(|(digest, uses)| Some((*digest, new_words.get(*digest)?.as_str(), *uses))).collect();
        if !more.is_empty() {
            let digests: Vec<&str> = more.iter().map(|(digest, ..)| *digest).collect();
            let words: Vec<&str> = more.iter().map(|(_, word, _)| *word).collect();
            let counts: Vec<i64> = more.iter().map(|(.., uses)| *uses).collect();
            sqlx::query(&self.more_uses).bind(digests).bind(words).bind(counts).execute(&mut *tx).await?;
        }
        let fewer: Vec<(&str, i64)> =
            uses.iter().filter(|(_, uses)| **uses < 0).map(|(digest, uses)| (*digest, -uses)).collect();
        if !fewer.is_empty() {
            let (digests, counts): (Vec<&str>, Vec<i64>) = fewer.into_iter().unzip();
            sqlx::query(&self.fewer_uses).bind(&digests).bind(counts).execute(&mut *tx).await?;
            sqlx::query(&self.unused).bind(&digests).execute(&mut *tx).await?;
        }
        Ok(())
    }

    /// Makes rows for new incidents.
    pub(super) async fn register(
        &self,
        tx: &mut PgConnection,
        registered: &BTreeMap<Uuid, DateTime<Utc>>,
    ) -> Result<(), sqlx::Error> {
        if registered.is_empty() {
            return Ok(());
        }
        let (incidents, times): (Vec<Uuid>, Vec<DateTime<Utc>>) = registered.iter().map(|(id, at)| (*id, *at)).unzip();
        sqlx::query(&self.register).bind(incidents).bind(times).execute(tx).await?;
        Ok(())
    }

    /// Writes what each incident is found by, of all its texts together.
    pub(super) async fn write_cases(
        &self,
        tx: &mut PgConnection,
        touched: &BTreeSet<Uuid>,
        texts: &HashMap<Key, TextRow>,
    ) -> Result<(), sqlx::Error> {
        if touched.is_empty() {
            return Ok(());
        }
        let mut words: BTreeMap<Uuid, String> = touched.iter().map(|incident| (*incident, String::new())).collect();
        for ((incident, ..), row) in texts {
            if let Some(words) = words.get_mut(incident) {
                words.push_str(&row.weighed());
            }
        }
        let (incidents, words): (Vec<Uuid>, Vec<String>) = words.into_iter().unzip();
        sqlx::query(&self.cases).bind(incidents).bind(words).execute(tx).await?;
        Ok(())
    }
}

/// A text that incidents are found by, once it is open.
#[derive(Debug, Clone, Copy)]
pub struct OpenText<'a> {
    /// The incident.
    pub incident: Uuid,
    /// Of a person the data subject, else nil.
    pub part: Uuid,
    /// Which text.
    pub kind: WordPart,
    /// Key that it is sealed under in the log.
    pub sealed_under: Option<Uuid>,
    /// What it says.
    pub text: &'a str,
}

impl TextRow {
    /// The row of a text, and the words of names in it, by their digests.
    #[must_use]
    pub fn of(open: OpenText<'_>, master: &MasterKeys) -> (Self, BTreeMap<String, String>) {
        let OpenText { incident, part, kind, sealed_under, text } = open;
        let words = words(text);
        let stems: BTreeSet<String> = words.iter().map(|word| digest(master, &word.stem)).collect();
        let names: BTreeMap<String, String> =
            words.into_iter().filter(|_| kind.is_name()).map(|word| (digest(master, &word.form), word.form)).collect();
        let stems = stems.into_iter().collect::<Vec<_>>().join(" ");
        let forms = names.keys().map(String::as_str).collect::<Vec<_>>().join(" ");
        (Self { incident, part, kind: kind.code().to_owned(), sealed_under, stems, forms }, names)
    }

    /// What of an incident's `words` comes of this text: its stems with the weight of the part, each followed by a space.
    #[must_use]
    pub fn weighed(&self) -> String {
        let weight = WordPart::of_code(&self.kind).map_or('D', WordPart::weight);
        self.stems.split_ascii_whitespace().fold(String::new(), |mut words, stem| {
            let _ = write!(words, "{stem}:1{weight} ");
            words
        })
    }

    fn key(&self) -> Option<Key> {
        Some((self.incident, self.part, WordPart::of_code(&self.kind)?))
    }
}

/// The stems that a text is found by, as they are before a digest is made of them. Nothing in the register keeps them so: whoever measures
/// what the digests cost compares with these.
#[must_use]
pub fn stems_in_clear(text: &str) -> BTreeSet<String> {
    words(text).into_iter().map(|word| word.stem).collect()
}

/// Words that are looked for: an incident has to have all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordQuestion {
    /// Each word: what it is found by, any of them.
    words: Vec<BTreeSet<String>>,
}

/// A word of names that a misspelt one may have been meant for.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    /// The word, without case and diacritics.
    pub word: String,
    /// How alike they are, from 0 to 1.
    pub similarity: f32,
}

impl WordQuestion {
    /// The words of a question; nothing where it has none that anybody searches by.
    #[must_use]
    pub fn of(text: &str, master: &MasterKeys) -> Option<Self> {
        let words: Vec<BTreeSet<String>> =
            words(text).iter().map(|word| BTreeSet::from([digest(master, &word.stem)])).collect();
        (!words.is_empty()).then_some(Self { words })
    }

    /// The same, misspelt names forgiven: each word may also be one of those that names are most alike to it. Two stages: trigrams over
    /// the small vocabulary, then a search for the words that were found there.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forgiving(
        connection: &mut PgConnection,
        text: &str,
        master: &MasterKeys,
    ) -> Result<Option<Self>, sqlx::Error> {
        let mut question = Vec::new();
        for word in words(text) {
            let mut any = BTreeSet::from([digest(master, &word.stem)]);
            for meant in Suggestion::of(connection, &word.form).await? {
                any.extend(words(&meant.word).iter().map(|word| digest(master, &word.stem)));
            }
            question.push(any);
        }
        Ok((!question.is_empty()).then_some(Self { words: question }))
    }

    /// As PostgreSQL searches it, in these parts of incidents only.
    #[must_use]
    pub fn tsquery(&self, parts: &[WordPart]) -> String {
        let weights: String = parts.iter().map(|part| part.weight()).collect();
        let any = |words: &BTreeSet<String>| {
            words.iter().map(|word| format!("{word}:{weights}")).collect::<Vec<_>>().join(" | ")
        };
        self.words.iter().map(|words| format!("({})", any(words))).collect::<Vec<_>>().join(" & ")
    }

    /// A page of the incidents that have all the words in these parts, by when they were registered.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn page(
        &self,
        connection: &mut PgConnection,
        parts: &[WordPart],
        (after, order, limit): (Option<Keyset>, Order, u32),
    ) -> Result<Vec<Keyset>, sqlx::Error> {
        let mut query =
            sqlx::QueryBuilder::new("select registered_at as at, incident as id from case_words.cases where words @@ ");
        query.push_bind(self.tsquery(parts)).push("::tsquery");
        order.push_to(&mut query, "registered_at", after, limit);
        let rows: Vec<(DateTime<Utc>, Uuid)> = query.build_query_as().fetch_all(connection).await?;
        Ok(rows.into_iter().map(|(at, id)| Keyset { at, id }).collect())
    }
}

impl Suggestion {
    /// Words of names that are most alike to one: of those that share trigrams with it, the ones that are fewest keystrokes away.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of(connection: &mut PgConnection, word: &str) -> Result<Vec<Self>, sqlx::Error> {
        let meant = vocabulary_form(word);
        let mut tx = connection.begin().await?;
        sqlx::query("select set_config('pg_trgm.similarity_threshold', $1, true)")
            .bind(ALIKE)
            .execute(&mut *tx)
            .await?;
        let rows: Vec<(String, f32)> = sqlx::query_as(
            "select word, projections.similarity(word, $1) as alike from case_words.vocabulary
             where word operator(projections.%) $1
             order by alike desc, uses desc, word limit $2",
        )
        .bind(&meant)
        .bind(MOST_CANDIDATES)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let mut words: Vec<Self> = rows.into_iter().map(|(word, similarity)| Self { word, similarity }).collect();
        words.sort_by_cached_key(|one| strsim::osa_distance(&one.word, &meant));
        words.truncate(MOST_SPELLINGS);
        Ok(words)
    }
}
