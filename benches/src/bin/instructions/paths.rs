//! The hot paths: what every command, every event and every rebuild takes.

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;

use access::policy::{Policies, Standing};
use access::{Institution, Principal, Purpose, Role};
use anyhow::Context as _;
use chrono::{DateTime, Utc};
use command_api::translate;
use cqrs_es::{Aggregate as _, DomainEvent as _};
use domain::classifier::Classifiers;
use domain::incident::{Incident, IncidentEvent};
use domain::kernel::upcast;
use event_store::append::Metadata;
use event_store::leaf::Leaf;
use event_store::seal::{MasterKeys, RecordKey, SealError, Sealing, open_payload, seal_payload};
use event_store::tree::Frontier;
use nation::{Deed, Nation, Timeline};
use proto::command::v1::CommandEnvelope;
use proto::command::v1::command_envelope::Command;
use serde_json::Value;
use uuid::Uuid;

/// One of them.
pub(crate) struct HotPath {
    pub(crate) name: &'static str,
    /// Runs it so many times.
    pub(crate) run: fn(u64) -> anyhow::Result<()>,
}

pub(crate) const ALL: &[HotPath] = &[
    HotPath { name: "read a command", run: read_command },
    HotPath { name: "replay a record", run: replay_record },
    HotPath { name: "seal an event", run: seal_event },
    HotPath { name: "open an event", run: open_event },
    HotPath { name: "hash an event", run: hash_event },
    HotPath { name: "grow the tree", run: grow_tree },
    HotPath { name: "write metadata", run: write_metadata },
    HotPath { name: "think of ten deeds", run: think_of_deed },
];

fn deeds(nation: &Nation) -> Timeline<'_> {
    Timeline::new(nation, nation.from, 30)
}

fn read_command(times: u64) -> anyhow::Result<()> {
    let nation = Nation::new(7, 0.01);
    let registers = |deed: &Deed| matches!(deed.streamed(), Some(Command::RegisterIncident(register)) if register.reporter.is_some());
    let deed = deeds(&nation).find(registers).context("an incident with a reporter")?;
    let principal = Principal::new(
        "VP-journal",
        Institution::parse(deed.sender.code.as_str()).map_err(anyhow::Error::msg)?,
        vec![Role::System],
        Purpose::Response,
        DateTime::<Utc>::MAX_UTC,
    );
    let standing = Arc::new(Standing { principal, grants: Vec::new() });
    let policies = Arc::new(Policies::embedded()?);
    let classifiers = Arc::new(Classifiers::embedded().clone());
    let master = Arc::new(MasterKeys::from_bytes(1, &[7; 32]));
    let command = CommandEnvelope { command: deed.streamed().cloned() };
    for _ in 0..times {
        black_box(translate(black_box(command.clone()), &standing, &policies, &classifiers, &master, &master)?);
    }
    Ok(())
}

/// An incident with all that can happen to it, from its events as they are stored.
fn replay_record(times: u64) -> anyhow::Result<()> {
    let stored: Vec<_> = payloads()?;
    for _ in 0..times {
        let mut incident = Incident::default();
        for (event_type, event_version, payload) in &stored {
            incident.apply(upcast::decode::<IncidentEvent>(event_type, event_version, black_box(payload))?);
        }
        black_box(incident);
    }
    Ok(())
}

fn payloads() -> anyhow::Result<Vec<(String, String, String)>> {
    let stored = |event: IncidentEvent| Ok((event.event_type(), event.event_version(), serde_json::to_string(&event)?));
    IncidentEvent::examples().into_iter().map(stored).collect()
}

/// One key, and nonces that count.
struct Keys(RecordKey, u8);

impl Keys {
    fn new() -> Keys {
        let master = MasterKeys::from_bytes(1, &[7; 32]);
        Keys(master.new_record_key(Uuid::from_u128(5), [9; 32], [1; 12]).0, 0)
    }
}

impl Sealing for Keys {
    fn key(&mut self, _: Option<Uuid>) -> Result<RecordKey, SealError> {
        Ok(self.0.clone())
    }

    fn nonce(&mut self) -> Result<[u8; 12], SealError> {
        self.1 = self.1.wrapping_add(1);
        Ok([self.1; 12])
    }
}

/// The registration of an incident with somebody who reports it, personal data open, as a decision leaves it.
const REGISTRATION: &str = r#"{"IncidentRegistered":{"number":"LV-2026-0000001","channel":"phone_110","type_code":"theft",
"category":"D","place":{"territory":"0001000","text":"Brīvības iela 1-2, Rīga","point":{"latitude_e6":56951000,"longitude_e6":24110000},
"source":"address"},"occurred_from":"2026-03-01T21:40:00+02:00","narrative":{"$open":"No automašīnas pazudusi soma."},
"reporter":{"subject":"0260e069-51f0-47a0-bf28-f293016b1a0b","name":{"$open":"Anna Paraudziņa"},"phone":{"$open":"+37100000001"},
"personal_code":{"$open":"32900000001"}},"institution":"VP","card":null}}"#;

fn seal_event(times: u64) -> anyhow::Result<()> {
    let mut keys = Keys::new();
    for _ in 0..times {
        black_box(seal_payload(black_box(REGISTRATION), Uuid::from_u128(1), &mut keys)?);
    }
    Ok(())
}

fn open_event(times: u64) -> anyhow::Result<()> {
    let mut keys = Keys::new();
    let sealed: Value = serde_json::from_str(&seal_payload(REGISTRATION, Uuid::from_u128(1), &mut keys)?)?;
    let known = HashMap::from([(keys.0.id(), keys.0)]);
    for _ in 0..times {
        let mut payload = sealed.clone();
        black_box(open_payload(black_box(&mut payload), Uuid::from_u128(1), &known)?);
    }
    Ok(())
}

fn hash_event(times: u64) -> anyhow::Result<()> {
    for n in 0..times {
        let leaf = Leaf {
            origin: "vnr.local/register",
            generation: 1,
            event_id: Uuid::from_u64_pair(1, n),
            aggregate_type: "incident",
            aggregate_id: Uuid::from_u128(2),
            sequence: 1,
            event_type: "IncidentRegistered",
            event_version: "1",
            occurred_at: DateTime::UNIX_EPOCH,
            recorded_at: DateTime::UNIX_EPOCH,
            payload: REGISTRATION,
            metadata: r#"{"actor":"VP-journal"}"#,
        };
        black_box(leaf.hash());
    }
    Ok(())
}

fn grow_tree(times: u64) -> anyhow::Result<()> {
    let (mut frontier, mut tiles) = (Frontier::new(), Vec::new());
    for n in 0..times {
        frontier.push([n as u8; 32], &mut tiles);
    }
    black_box((frontier.root(), tiles));
    Ok(())
}

fn write_metadata(times: u64) -> anyhow::Result<()> {
    for _ in 0..times {
        let metadata = Metadata::new()
            .with("actor", black_box("VP-journal"))
            .with("command_id", black_box("01941ebc-a6cf-72cc-831d-df0890704606"))
            .with("correlation_id", black_box("01941ebc-a6cf-72cc-831d-df0890704606"))
            .with("institution", black_box("VP"))
            .with("occurred_offset", black_box("+02:00"))
            .with("purpose", black_box("response"))
            .with("role", black_box("system"));
        black_box(metadata.as_json());
    }
    Ok(())
}

fn think_of_deed(times: u64) -> anyhow::Result<()> {
    let nation = Nation::new(7, 0.01);
    // Many at once: they are thought of hour by hour, and what crews and shifts begin with is little.
    deeds(&nation).take(10 * times as usize).for_each(|deed| drop(black_box(deed)));
    Ok(())
}
