//! The bulk stream to the register.

use std::time::Duration;

use access::{Purpose, Reference};
use proto::command::v1::intake_client::IntakeClient;
use proto::command::v1::{CommandEnvelope, CommandResult};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::{Ascii, MetadataMap, MetadataValue};
use tonic::service::Interceptor;
use tonic::transport::{Channel, Endpoint, Uri};
use tonic::{Code, Request, Status, Streaming};

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Where the register is, and as whom one speaks to it.
#[derive(Debug, Clone)]
pub struct Target {
    endpoint: Endpoint,
    url: String,
    token: Option<MetadataValue<Ascii>>,
    purpose: Option<MetadataValue<Ascii>>,
    reference: Option<MetadataValue<Ascii>>,
}

/// Why a target is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Not a URL.
    #[error("`{0}` is not the address of a register, such as http://127.0.0.1:50051")]
    Url(String),
    /// Not a token.
    #[error("the token has characters that no token has; `vnr token` prints one")]
    Token,
    /// Not what a header can hold.
    #[error("the reference has letters beyond `A` to `Z`, which can't be sent")]
    Reference,
}

impl Target {
    /// The register at `url` (the scheme may be left out).
    ///
    /// # Errors
    /// Where it is no address, or the token can't be sent.
    pub fn parse(url: &str, token: Option<&str>) -> Result<Self, TargetError> {
        let full = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        let uri: Uri = full.parse().map_err(|_| TargetError::Url(url.to_owned()))?;
        if uri.host().is_none_or(str::is_empty) || !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(TargetError::Url(url.to_owned()));
        }
        let endpoint = Endpoint::from(uri)
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_keep_alive_interval(Duration::from_secs(10))
            .keep_alive_timeout(Duration::from_secs(10))
            .initial_stream_window_size(1024 * 1024)
            .tcp_nodelay(true);
        let bearer = |token: &str| format!("Bearer {}", token.trim()).parse().map_err(|_| TargetError::Token);
        let token = token.map(bearer).transpose()?;
        Ok(Self { endpoint, url: full, token, purpose: None, reference: None })
    }

    /// The same, about that case, card or task.
    ///
    /// # Errors
    /// Where it can't be sent.
    pub fn about(self, reference: Option<&Reference>) -> Result<Self, TargetError> {
        let sent = reference.map(|reference| reference.as_str().parse().map_err(|_| TargetError::Reference));
        Ok(Self { reference: sent.transpose()?, ..self })
    }

    /// The same for a purpose, where the token leaves a choice.
    #[must_use]
    pub fn used_for(self, purpose: Option<Purpose>) -> Self {
        Self { purpose: purpose.map(|purpose| MetadataValue::from_static(purpose.name())), ..self }
    }

    /// Connects.
    ///
    /// # Errors
    /// `UNAVAILABLE` where the register isn't there.
    pub async fn connect(&self) -> Result<Channel, Status> {
        self.endpoint.connect().await.map_err(|error| {
            let mut source: &dyn std::error::Error = &error;
            while let Some(deeper) = source.source() {
                source = deeper;
            }
            Status::unavailable(format!("there is no register at {}: {source}", self.url))
        })
    }

    /// Puts the token on a call, what for and what it is about.
    pub fn authorise(&self, metadata: &mut MetadataMap) {
        let said = [("authorization", &self.token), ("vnr-purpose", &self.purpose), ("vnr-reference", &self.reference)];
        for (name, value) in said {
            if let Some(value) = value {
                metadata.insert(name, value.clone());
            }
        }
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// On each call of a client.
impl Interceptor for Target {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        self.authorise(request.metadata_mut());
        Ok(request)
    }
}

/// An open bulk stream.
pub(crate) struct Link {
    commands: mpsc::Sender<CommandEnvelope>,
    results: Streaming<CommandResult>,
}

impl Link {
    /// Opens a bulk stream with room for `window` commands and puts `first` on it.
    ///
    /// # Errors
    /// Where the register isn't there or doesn't want it.
    pub(crate) async fn open(target: &Target, window: usize, first: Vec<CommandEnvelope>) -> Result<Self, Status> {
        let channel = target.connect().await?;
        let (commands, queue) = mpsc::channel(window.max(first.len()).max(1));
        for command in first {
            commands.try_send(command).map_err(|_| Status::internal("the bulk stream has no room"))?;
        }
        let mut request = Request::new(ReceiverStream::new(queue));
        target.authorise(request.metadata_mut());
        let results = IntakeClient::new(channel).submit(request).await?.into_inner();
        Ok(Self { commands, results })
    }

    /// Its two ends: commands in, results out.
    pub(crate) fn split(self) -> (mpsc::Sender<CommandEnvelope>, Streaming<CommandResult>) {
        (self.commands, self.results)
    }

    /// Puts a command on the stream. That it can't be sent shows in the results.
    pub(super) fn send(&self, command: CommandEnvelope) {
        let _lost_with_the_stream = self.commands.try_send(command);
    }

    /// The next result; none where the stream ended.
    ///
    /// # Errors
    /// Where the stream broke.
    pub(super) async fn result(&mut self) -> Result<Option<CommandResult>, Status> {
        self.results.message().await
    }
}

/// Whether it is worth trying again: the register is away, full or starting.
#[must_use]
pub(super) fn is_passing(code: Code) -> bool {
    matches!(
        code,
        Code::Unavailable
            | Code::ResourceExhausted
            | Code::Cancelled
            | Code::Unknown
            | Code::Internal
            | Code::Aborted
            | Code::DeadlineExceeded
            | Code::DataLoss
    )
}
