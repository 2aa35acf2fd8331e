//! Who sends a command, and what the policies let them do.

use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, Instant};

use access::policy::{
    Action, Competence, Denied, GrantBook, InstitutionKind, Masks, NoAccount, Policies, Reach, RecordKind, Resource,
    Standing,
};
use access::{Institution, Principal};
use domain::classifier::Classifiers;
use domain::terms::Service;
use domain::values::{Actor, SourceSystem};
use event_store::seal::MasterKeys;
use uuid::Uuid;

use crate::commands::WireCommand;

/// While a stream lasts, the rights of the person who sends it are read again when they are so old.
const RIGHTS_HOLD: Duration = Duration::from_secs(1);

/// The policies do not let somebody do what they sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotPermitted {
    /// They say why not.
    #[error("{denied}")]
    Denied {
        /// Their sentences.
        denied: Denied,
        /// The record that it is about, where that was known.
        record: Option<Uuid>,
    },
    /// They name a source system under whose name their institution may not send.
    #[error(transparent)]
    Source(#[from] NoAccount),
    /// They might, by a right that can't be read now.
    #[error("this may take an access right, and which are in force can't be read at present: ask again")]
    Unread,
}

/// Somebody who sends commands, with the rights that they have in force.
#[derive(Debug, Clone)]
pub(crate) struct Sender {
    standing: Arc<Standing>,
    unread: bool,
    read_at: Instant,
}

impl Sender {
    /// Reads which rights they have.
    ///
    /// Rights only open what is closed without them. So where they can't be read, what the policies permit anyway is done: a call to
    /// 112 doesn't wait for a read model. The rest is answered with [`NotPermitted::Unread`].
    pub(crate) async fn read(principal: Principal, grants: &dyn GrantBook) -> Sender {
        let (held, unread) = match grants.in_force(&principal).await {
            Ok(held) => (held, false),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "access rights could not be read");
                (Vec::new(), true)
            }
        };
        Sender { standing: Arc::new(Standing { principal, grants: held }), unread, read_at: Instant::now() }
    }

    /// Reads the rights of a person again where that was some time ago. Systems have none.
    pub(crate) async fn renew(&mut self, grants: &dyn GrantBook) {
        if !self.standing.principal.is_system() && self.read_at.elapsed() >= RIGHTS_HOLD {
            *self = Sender::read(self.standing.principal.clone(), grants).await;
        }
    }

    /// Somebody whose rights are known.
    pub(crate) fn of(standing: &Arc<Standing>) -> Sender {
        Sender { standing: Arc::clone(standing), unread: false, read_at: Instant::now() }
    }

    /// Who it is.
    pub(crate) fn principal(&self) -> &Principal {
        &self.standing.principal
    }
}

/// Who sends this command, under the policies that are in force when it comes; what it is stands with it, so that nothing else is decided
/// by mistake. Clones are cheap: each decision takes one along.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    standing: Arc<Standing>,
    policies: Arc<Policies>,
    classifiers: Arc<Classifiers>,
    master: Arc<MasterKeys>,
    action: Action,
    unread: bool,
}

/// Services of 112 that institutions of a kind answer for.
fn services_of(kind: InstitutionKind) -> impl Iterator<Item = Service> {
    Service::ALL.iter().copied().filter(move |service| InstitutionKind::of_service(*service) == Some(kind))
}

impl Caller {
    /// Who sends a command `C`, where there is any record with which they could.
    ///
    /// # Errors
    /// [`NotPermitted`] where there is none.
    pub(crate) fn of<C: WireCommand>(
        sender: &Sender,
        policies: Arc<Policies>,
        classifiers: Arc<Classifiers>,
        master: Arc<MasterKeys>,
    ) -> Result<Caller, NotPermitted> {
        Self::doing(C::ACTION, C::KINDS, sender, policies, classifiers, master)
    }

    /// Who asks something, where there is any record of these kinds with which they could do that.
    ///
    /// # Errors
    /// [`NotPermitted`] where there is none.
    pub(crate) fn doing(
        action: Action,
        (kind, others): (RecordKind, &[RecordKind]),
        sender: &Sender,
        policies: Arc<Policies>,
        classifiers: Arc<Classifiers>,
        master: Arc<MasterKeys>,
    ) -> Result<Caller, NotPermitted> {
        let Sender { standing, unread, .. } = sender;
        let standing = Arc::clone(standing);
        let caller = Caller { standing, policies, classifiers, master, action, unread: *unread };
        let some = |kind| caller.policies.permit_some(&*caller.standing, caller.action, kind);
        let permitted = some(kind).or_else(|denied| match others.iter().any(|other| some(*other).is_ok()) {
            true => Ok(()),
            false => Err(denied),
        });
        match permitted {
            Ok(()) => Ok(caller),
            Err(denied) => Err(caller.not_permitted(denied, None)),
        }
    }

    /// Lets the command be done with that.
    ///
    /// # Errors
    /// [`NotPermitted`] says by which policies not.
    pub(crate) fn permit(&self, resource: &Resource) -> Result<(), NotPermitted> {
        self.permit_to(self.action, resource)
    }

    /// Lets something else be done that the command brings with it.
    ///
    /// # Errors
    /// [`NotPermitted`] says by which policies not.
    pub(crate) fn permit_to(&self, action: Action, resource: &Resource) -> Result<(), NotPermitted> {
        let permitted = self.policies.permit(&*self.standing, action, resource);
        permitted.map_err(|denied| self.not_permitted(denied, resource.id))
    }

    /// Which records of a kind they may do something with.
    pub(crate) fn reach(&self, action: Action, kind: RecordKind) -> Reach {
        self.policies.reach(&*self.standing, action, kind)
    }

    /// What of a record they are shown.
    pub(crate) fn masks(&self, resource: &Resource) -> Masks {
        self.policies.masks(&*self.standing, resource)
    }

    /// Where they are competent.
    pub(crate) fn competence(&self) -> Competence {
        self.policies.institutions().competence(self)
    }

    /// What their institution is.
    pub(crate) fn institution_kind(&self) -> InstitutionKind {
        self.policies.institutions().kind(&self.institution)
    }

    /// Services of 112 that their institution answers for.
    pub(crate) fn services(&self) -> Vec<Service> {
        services_of(self.institution_kind()).collect()
    }

    /// The service of 112 that an institution is; none where it is none.
    pub(crate) fn service_of(&self, institution: &Institution) -> Option<Service> {
        services_of(self.policies.institutions().kind(institution)).next()
    }

    /// What the command is.
    pub(crate) fn action(&self) -> Action {
        self.action
    }

    /// Marks what a source says, so that nobody without the key can try out what it was.
    pub(crate) fn master(&self) -> &MasterKeys {
        &self.master
    }

    /// The lists that its codes are checked by.
    pub(crate) fn classifiers(&self) -> Arc<Classifiers> {
        Arc::clone(&self.classifiers)
    }

    /// Lets the command be sent under a source system's name. Rights that somebody has beside open no journal of another institution.
    ///
    /// # Errors
    /// [`NotPermitted::Source`] where it has no account for it.
    pub(crate) fn permit_source(&self, system: &SourceSystem) -> Result<(), NotPermitted> {
        Ok(self.policies.permit_source(&self.institution, system)?)
    }

    /// Whether an institution may send under a source system's name at all.
    ///
    /// # Errors
    /// [`NoAccount`] where it has no account for it.
    pub(crate) fn permit_source_of(&self, institution: &Institution, system: &SourceSystem) -> Result<(), NoAccount> {
        self.policies.permit_source(institution, system)
    }

    fn not_permitted(&self, denied: Denied, record: Option<Uuid>) -> NotPermitted {
        if self.unread { NotPermitted::Unread } else { NotPermitted::Denied { denied, record } }
    }

    /// Whether what an institution registered is tied to them as closely as can be, so that nothing else about it counts. In a role of
    /// another institution, which a right may give them, it may be tied otherwise.
    pub(crate) fn has_registered(&self, owner: &Institution) -> bool {
        self.institution == *owner && self.standing.grants.is_empty()
    }

    /// Whether they are another person than that one.
    pub(crate) fn is_another(&self, person: &Actor) -> bool {
        self.actor().is_ok_and(|own| own != *person)
    }
}

impl Deref for Caller {
    type Target = Principal;

    fn deref(&self) -> &Principal {
        &self.standing.principal
    }
}
