//! What a notice holds, put together as its recipient would see it and told to the access log before it leaves (I-12).
//!
//! It is a question like any other, asked of the same graph in the recipient's name: so what it holds is what the policies show them, field
//! by field, and nobody has to keep two lists of fields alike.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use access::policy::PolicyHandle;
use access::{AccessLog, AccessLogError, Disclosure, Principal};
use async_graphql::{Request, Variables};
use domain::access_day::DataScope;
use domain::classifier::Classifiers;
use domain::values::Recipient;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use uuid::Uuid;

use crate::databases::{Database, Databases};
use crate::document::{DocumentLimits, examine};
use crate::error::QueryError;
use crate::freshness::Freshness;
use crate::graph::{self, RegisterSchema};
use crate::http::Limits;
use crate::lang::Lang;
use crate::snapshot::{Asked, SnapshotSource, Stages};

/// What is asked in the recipient's name.
const QUESTION: &str = include_str!("notices.graphql");

/// What of the body's form a recipient's program may rely on.
const FORM: &str = "vnr.notice.v1";

/// What is shown of which records.
pub(crate) type Records = BTreeMap<Uuid, BTreeSet<DataScope>>;

/// Where an execution notes what it shows instead of telling the access log: whoever asks tells it what becomes of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct HandedOver(Arc<Mutex<Records>>);

impl HandedOver {
    pub(crate) fn note(&self, records: Records) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = records;
    }

    fn take(&self) -> Records {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What is handed over: it was told to the access log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handed {
    /// The body, JSON.
    pub body: Vec<u8>,
    /// SHA-256 of it.
    pub digest: [u8; 32],
    /// What of the incident it holds.
    pub scopes: Vec<DataScope>,
}

/// Why nothing is handed over.
#[derive(Debug, thiserror::Error)]
pub enum HandOverError {
    /// It could not be read.
    #[error("what the notice holds can't be read at present: {0}")]
    Unread(String),
    /// It could not be told to the access log.
    #[error(transparent)]
    NotLogged(#[from] AccessLogError),
}

impl From<QueryError> for HandOverError {
    fn from(error: QueryError) -> Self {
        Self::Unread(error.to_string())
    }
}

/// Puts together what notices hold.
pub struct NoticeReader {
    schema: RegisterSchema,
    freshness: Freshness,
    access: AccessLog,
    limits: DocumentLimits,
}

impl NoticeReader {
    /// Reads this database under these policies, and tells this log.
    pub fn new(
        register: Database,
        policies: Arc<PolicyHandle>,
        classifiers: watch::Receiver<Arc<Classifiers>>,
        access: AccessLog,
    ) -> Self {
        let databases = Databases { register, replica: None, policies };
        let (freshness, Limits { document, gather_time, .. }) =
            (Freshness::start(databases.clone()), Limits::default());
        let source = SnapshotSource {
            databases,
            freshness: freshness.clone(),
            feeds: Arc::default(),
            access: access.clone(),
            classifiers,
            gather_time,
        };
        Self { schema: graph::schema(source, document.complexity), freshness, access, limits: document }
    }

    /// What `reader` is shown of a notice, for `recipient`, whom `by` hands it to. None where the incident can't be seen: its read model is
    /// behind, or the policies keep it from the recipient.
    ///
    /// # Errors
    /// [`HandOverError`]; then nothing may leave.
    pub async fn hand_over(
        &self,
        notice: Uuid,
        reader: Principal,
        recipient: Recipient,
        by: &Principal,
    ) -> Result<Option<Handed>, HandOverError> {
        let mut request = Request::new(QUESTION).variables(Variables::from_json(json!({ "id": notice })));
        let variables = request.variables.clone();
        let parsed = request.parsed_query().map_err(|error| HandOverError::Unread(error.to_string()))?;
        let examined = examine(parsed, None, &variables, &self.limits)?;
        let handed = HandedOver::default();
        let mut asked = Asked::new(Some(reader), Lang::Lv, examined, &request, Stages::default());
        asked.hand_over_to(handed.clone());
        let after = self.freshness.tide().seen();
        let answer = self.schema.execute(request.data(asked)).await;
        if let Some(error) = answer.errors.first() {
            return Err(HandOverError::Unread(error.message.clone()));
        }
        let records = handed.take();
        let data = answer.data.into_json().map_err(|error| HandOverError::Unread(error.to_string()))?;
        let Some(told) = data.get("notice").filter(|told| told.get("incident").is_some_and(Value::is_object)) else {
            return Ok(None);
        };
        let body = json!({ "form": FORM, "notice": notice, "content": told }).to_string().into_bytes();
        let digest: [u8; 32] = Sha256::digest(&body).into();
        let scopes: BTreeSet<DataScope> =
            records.iter().filter(|(record, _)| **record != notice).flat_map(|(_, scopes)| scopes.clone()).collect();
        self.access.disclosed(by, Disclosure { recipient, records, content: digest }, after).await?;
        Ok(Some(Handed { body, digest, scopes: scopes.into_iter().collect() }))
    }
}
