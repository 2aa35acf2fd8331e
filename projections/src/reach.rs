//! Who takes part in a record, and a list narrowed to the records that somebody may reach.

use std::collections::BTreeSet;

use access::Territory;
use access::policy::{ByRelation, Class, Competence, Hat, InstitutionKind, Owners, Reach, whole};
use domain::terms::Service;
use sqlx::types::Json;
use sqlx::{Postgres, QueryBuilder};

/// Who takes part in a record: codes of institutions, and kinds of institutions that answer for a service, marked.
pub type Participants = Json<BTreeSet<String>>;

/// Marks a kind of institution among participants; no code of an institution begins so.
const KIND: char = '@';

/// A service that was sent for, as a participant; none where no institution of the register answers for it.
pub(crate) fn of_service(service: Service) -> Option<String> {
    InstitutionKind::of_service(service).map(of_kind)
}

fn of_kind(kind: InstitutionKind) -> String {
    format!("{KIND}{kind}")
}

/// The institutions, and the kinds of institutions sent for, that participants name.
pub(crate) fn participants(participants: &Participants) -> (Vec<access::Institution>, Vec<InstitutionKind>) {
    let (kinds, codes): (Vec<&String>, Vec<&String>) =
        participants.0.iter().partition(|participant| participant.starts_with(KIND));
    let kinds = kinds.into_iter().filter_map(|kind| kind.trim_start_matches(KIND).parse().ok());
    let codes = codes.into_iter().filter_map(|code| access::Institution::parse(code).ok());
    (codes.collect(), kinds.collect())
}

/// Where a table says what access depends on.
pub(crate) struct Columns {
    /// Id of the record.
    pub(crate) id: &'static str,
    /// Class that it was raised to, null where it was not; none where records of its kind never are.
    pub(crate) class: Option<&'static str>,
    /// Whose it is.
    pub(crate) institution: &'static str,
    /// Where it is, and who takes part in it; none where records of its kind are nowhere and nobody's but their owner's.
    pub(crate) tied: Option<(&'static str, &'static str)>,
}

/// The class of a record by what its table says of it. What this program does not know is for nobody but those who are named.
pub(crate) fn class_of(raised: Option<&str>) -> Class {
    raised.map_or(Class::default(), |class| class.parse().unwrap_or(Class::Secret))
}

/// Narrows a question to the records that are reached: adds ` and (…)`. Each class is said apart, so that what is reached of the usual
/// one can be found by its indexes, and of the others by theirs.
pub(crate) fn push(query: &mut QueryBuilder<'_, Postgres>, reach: &Reach, columns: &Columns) {
    let Some(class) = columns.class else {
        query.push(" and ");
        return push_hats(query, &reach.hats, columns);
    };
    query.push(format_args!(" and (({class} is null and "));
    push_hats(query, &reach.hats, columns);
    query.push(")");
    for (raised, hats) in &reach.raised {
        // A name of ours, written out: an index on part of the rows is not found by what is bound later.
        query.push(format_args!(" or ({class} = '{raised}' and "));
        push_hats(query, hats, columns);
        query.push(")");
    }
    query.push(")");
}

fn push_hats(query: &mut QueryBuilder<'_, Postgres>, hats: &[Hat], columns: &Columns) {
    query.push("(false");
    for hat in hats {
        push_hat(query, hat, columns);
    }
    query.push(")");
}

fn push_hat(query: &mut QueryBuilder<'_, Postgres>, hat: &Hat, columns: &Columns) {
    let id = columns.id;
    let all_named: Vec<uuid::Uuid> = hat.named.iter().flat_map(|(ids, _)| ids.iter().copied()).collect();
    query.push(" or (");
    if !all_named.is_empty() {
        query.push(format_args!("{id} <> all(")).push_bind(all_named).push(") and ");
    }
    push_ties(query, hat, &hat.usual, columns);
    query.push(")");
    for (ids, ties) in &hat.named {
        query.push(format_args!(" or ({id} = any(")).push_bind(ids.clone()).push(") and ");
        push_ties(query, hat, ties, columns);
        query.push(")");
    }
}

/// The closest tie counts, as in `Institutions::relation`.
fn push_ties(query: &mut QueryBuilder<'_, Postgres>, hat: &Hat, ties: &ByRelation, columns: &Columns) {
    let ByRelation { own, participating, territory, none } = ties;
    let everywhere = hat.competence == Competence::Everywhere;
    let others = if everywhere { territory } else { none };
    if own == participating && participating == territory && territory == others {
        return push_owners(query, own, columns);
    }
    let ties: [(&Owners, Condition); 3] =
        [(own, push_own), (participating, push_participating), (territory, push_competent)];
    query.push("(");
    if *others == Owners::Nobody {
        // Said apart, so that indexes can find the few.
        query.push("(false");
        for (_, push_tied) in ties.iter().filter(|(owners, _)| **owners != Owners::Nobody) {
            query.push(" or ");
            push_tied(query, hat, columns);
        }
        query.push(") and ");
    }
    query.push("case");
    for (owners, push_tied) in ties {
        query.push(" when ");
        push_tied(query, hat, columns);
        query.push(" then ");
        push_owners(query, owners, columns);
    }
    query.push(" else ");
    push_owners(query, others, columns);
    query.push(" end)");
}

/// Adds a condition of a tie.
type Condition = fn(&mut QueryBuilder<'_, Postgres>, &Hat, &Columns);

fn push_own(query: &mut QueryBuilder<'_, Postgres>, hat: &Hat, columns: &Columns) {
    query.push(format_args!("{} = ", columns.institution)).push_bind(hat.institution.to_string());
}

fn push_participating(query: &mut QueryBuilder<'_, Postgres>, hat: &Hat, columns: &Columns) {
    let Some((_, participants)) = columns.tied else {
        query.push("false");
        return;
    };
    let mut names = vec![hat.institution.to_string()];
    if !hat.kind.is_local() {
        names.push(of_kind(hat.kind));
    }
    query.push(format_args!("({participants} ?| ")).push_bind(names);
    if hat.kind.is_local() {
        query.push(format_args!(" or ({participants} ? ")).push_bind(of_kind(hat.kind)).push(" and ");
        push_competent(query, hat, columns);
        query.push(")");
    }
    query.push(")");
}

fn push_competent(query: &mut QueryBuilder<'_, Postgres>, hat: &Hat, columns: &Columns) {
    let territories = match &hat.competence {
        Competence::Everywhere => {
            query.push("true");
            return;
        }
        Competence::In(territories) => territories,
    };
    let Some((territory, _)) = columns.tied else {
        query.push("false");
        return;
    };
    let (cities, parts): (Vec<&Territory>, Vec<&Territory>) =
        territories.iter().partition(|territory| whole(territory).is_some());
    query.push("(false");
    if !parts.is_empty() {
        let parts: Vec<String> = parts.into_iter().map(ToString::to_string).collect();
        query.push(format_args!(" or {territory} = any(")).push_bind(parts).push(")");
    }
    for city in cities.into_iter().filter_map(|territory| whole(territory)) {
        query.push(format_args!(" or ({territory} >= ")).push_bind(format!("{city}000"));
        query.push(format_args!(" and {territory} <= ")).push_bind(format!("{city}999")).push(")");
    }
    query.push(")");
}

/// Narrows to the institutions that are meant; adds one condition.
pub(crate) fn push_owners(query: &mut QueryBuilder<'_, Postgres>, owners: &Owners, columns: &Columns) {
    let rule = match owners {
        Owners::Some(rule) => rule,
        Owners::Nobody | Owners::Everybody => {
            query.push(*owners == Owners::Everybody);
            return;
        }
    };
    let institution = columns.institution;
    query.push(format_args!("case when {institution} = any(")).push_bind(rule.codes.clone()).push(") then true");
    query.push(format_args!(" when {institution} = any(")).push_bind(rule.not_codes.clone()).push(") then false");
    for (prefix, meant) in &rule.prefixes {
        query.push(format_args!(" when starts_with({institution}, ")).push_bind(prefix.clone());
        query.push(format_args!(") then {meant}"));
    }
    query.push(format_args!(" else {} end", rule.others));
}
