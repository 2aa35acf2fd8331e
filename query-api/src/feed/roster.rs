//! The roster in memory, for as long as somebody follows it: all units as they are, found by when they changed.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::Utc;
use event_store::log::LogName;
use projections::Projection as _;
use projections::access_grants::{AccessGrants, RightsHeld};
use projections::roster::{Roster, RosterRow};
use sqlx::PgConnection;
use uuid::Uuid;

use super::Board;
use crate::error::QueryError;
use crate::freshness::Tide;
use crate::position::LogPosition;

/// The units of the roster, and the rights by which somebody may see them.
#[derive(Default)]
pub(crate) struct RosterBoard {
    /// Which table was read; none where none was.
    origin: Option<Origin>,
    tide: Tide,
    units: HashMap<Uuid, Arc<RosterRow>>,
    /// Units by their last position in the register, and by that of their last point in the tracks: each stands here once, however
    /// often it changed.
    by_event: BTreeSet<(i64, Uuid)>,
    by_point: BTreeSet<(i64, Uuid)>,
    rights: Arc<RightsHeld>,
}

/// What rows of two readings have to have in common to be of one history: a table that is built anew is another one, and positions
/// begin anew where a restore has lost some.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin {
    table: i64,
    generations: (u32, u32),
}

/// Where a reading goes on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    origin: Origin,
    register: u64,
    tracks: u64,
    rights: u64,
}

/// What a reading found.
pub(crate) struct News {
    origin: Origin,
    tide: Tide,
    /// Whether `units` are all, and not those that have changed.
    whole: bool,
    units: Vec<RosterRow>,
    /// None where they are as they were.
    rights: Option<RightsHeld>,
}

impl RosterBoard {
    /// How far it is told in the register and in the tracks.
    pub(crate) fn progress(&self) -> (LogPosition, LogPosition) {
        (self.tide.progress(Roster::NAME, LogName::REGISTER), self.tide.progress(Roster::NAME, LogName::TRACKS))
    }

    /// Where the logs were when it was read.
    pub(crate) fn tide(&self) -> &Tide {
        &self.tide
    }

    /// The rights of everybody, as they were read with it.
    pub(crate) fn rights(&self) -> Arc<RightsHeld> {
        Arc::clone(&self.rights)
    }

    /// Units that have changed after positions in the register and in the tracks; all where none are given.
    pub(crate) fn changed_after(&self, after: Option<(u64, u64)>) -> Vec<Arc<RosterRow>> {
        let Some((register, tracks)) = after else { return self.units.values().cloned().collect() };
        let beyond = |units: &BTreeSet<(i64, Uuid)>, after: u64| -> Vec<Uuid> {
            let first = i64::try_from(after).unwrap_or(i64::MAX).saturating_add(1);
            units.range((first, Uuid::nil())..).map(|(_, id)| *id).collect()
        };
        let mut ids = beyond(&self.by_event, register);
        ids.extend(beyond(&self.by_point, tracks));
        ids.sort_unstable();
        ids.dedup();
        ids.iter().filter_map(|id| self.units.get(id).cloned()).collect()
    }

    fn put(&mut self, row: RosterRow) {
        let id = row.unit.id;
        self.by_event.insert((row.unit.last_position, id));
        if let Some(point) = &row.point {
            self.by_point.insert((point.last_position, id));
        }
        let Some(before) = self.units.insert(id, Arc::new(row)) else { return };
        let now = self.units.get(&id);
        if now.is_none_or(|now| now.unit.last_position != before.unit.last_position) {
            self.by_event.remove(&(before.unit.last_position, id));
        }
        if let Some(point) = &before.point
            && now.and_then(|now| now.point.as_ref()).is_none_or(|now| now.last_position != point.last_position)
        {
            self.by_point.remove(&(point.last_position, id));
        }
    }
}

/// How far the rights are told.
fn of_rights(tide: &Tide) -> u64 {
    tide.progress(AccessGrants::NAME, LogName::REGISTER).position
}

impl Board for RosterBoard {
    type Asked = Option<Known>;
    type News = News;

    fn is_behind(&self, tide: &Tide) -> bool {
        let of = |tide: &Tide| {
            let (register, tracks) = (LogName::REGISTER, LogName::TRACKS);
            (tide.progress(Roster::NAME, register), tide.progress(Roster::NAME, tracks), of_rights(tide))
        };
        of(&self.tide) != of(tide)
    }

    fn asks(&self) -> Option<Known> {
        let (register, tracks) = self.progress();
        let rights = of_rights(&self.tide);
        self.origin.map(|origin| Known { origin, register: register.position, tracks: tracks.position, rights })
    }

    async fn read(asked: Option<Known>, connection: &mut PgConnection) -> Result<News, QueryError> {
        // Asked first: where another table takes its place before the rows are read, the next reading notices.
        let sql = "select 'roster.units'::regclass::oid::bigint";
        let table: i64 = sqlx::query_scalar(sql).fetch_one(&mut *connection).await?;
        let tide = Tide::read(connection).await?;
        let generations = (tide.generation(LogName::REGISTER), tide.generation(LogName::TRACKS));
        let origin = Origin { table, generations };
        let register = tide.progress(Roster::NAME, LogName::REGISTER).position;
        let tracks = tide.progress(Roster::NAME, LogName::TRACKS).position;
        // Where the read model is behind what was read of it, that was another database: the register's, and this is a copy.
        let goes_on = |known: &Known| known.origin == origin && known.register <= register && known.tracks <= tracks;
        let known = asked.filter(goes_on);
        let units = match known {
            Some(known) if known.register == register && known.tracks == tracks => Vec::new(),
            known => RosterRow::changed_after(connection, known.map(|known| (known.register, known.tracks))).await?,
        };
        let upto = of_rights(&tide);
        let as_they_were = match known {
            Some(known) if known.rights <= upto => {
                known.rights == upto || !RightsHeld::changed_between(connection, known.rights, upto).await?
            }
            _ => false,
        };
        let rights = if as_they_were { None } else { Some(RightsHeld::read(connection, Utc::now()).await?) };
        Ok(News { origin, tide, whole: known.is_none(), units, rights })
    }

    fn take_in(&mut self, news: News) -> bool {
        let changed = news.whole || !news.units.is_empty();
        (self.origin, self.tide) = (Some(news.origin), news.tide);
        if let Some(rights) = news.rights {
            self.rights = Arc::new(rights);
        }
        if news.whole {
            self.units.clear();
            self.by_event.clear();
            self.by_point.clear();
        }
        for row in news.units {
            self.put(row);
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use domain::unit::Outfit;
    use projections::roster::{PointRow, UnitRow};
    use sqlx::types::Json;

    use super::*;

    fn row(n: u128, position: i64, point: Option<i64>) -> RosterRow {
        let at = DateTime::UNIX_EPOCH;
        let unit = UnitRow {
            id: Uuid::from_u128(n),
            institution: "VUGD".into(),
            call_sign: format!("A{n}"),
            kind: "fire_engine".into(),
            station: None,
            territory: None,
            source_kind: None,
            on_duty: true,
            status: "available".into(),
            vendor_code: None,
            vendor_scheme: None,
            status_since: at,
            card: None,
            outfit: Json(Outfit::default()),
            anomalies: 0,
            registered_at: at,
            first_position: 1,
            last_position: position,
            version: position,
        };
        let point = point.map(|last_position| PointRow {
            unit: unit.id,
            latitude_e6: 56_950_000,
            longitude_e6: 24_110_000,
            at,
            speed_kmh: None,
            heading_deg: None,
            last_position,
        });
        RosterRow { unit, point }
    }

    fn news(whole: bool, units: Vec<RosterRow>) -> News {
        let origin = Origin { table: 1, generations: (1, 1) };
        News { origin, tide: Tide::default(), whole, units, rights: None }
    }

    fn changed(board: &RosterBoard, after: Option<(u64, u64)>) -> Vec<(String, i64)> {
        let mut rows: Vec<_> =
            board.changed_after(after).iter().map(|row| (row.unit.call_sign.clone(), row.unit.version)).collect();
        rows.sort();
        rows
    }

    #[test]
    fn a_thousand_changes_of_ten_units_are_ten_rows_and_the_latest_of_each() {
        let mut board = RosterBoard::default();
        assert!(board.take_in(news(true, (0..10).map(|n| row(n, n as i64 + 1, None)).collect())));
        for change in 0..1_000_i64 {
            assert!(board.take_in(news(false, vec![row((change % 10) as u128, change + 11, Some(change + 1))])));
        }
        let rows = changed(&board, Some((10, 0)));
        let latest: Vec<_> = (0..10).map(|n| (format!("A{n}"), 1_001 + n)).collect();
        assert_eq!(rows, latest);
        assert_eq!((board.units.len(), board.by_event.len(), board.by_point.len()), (10, 10, 10));
        assert_eq!(changed(&board, Some((1_009, 1_000))), [("A9".to_owned(), 1_010)]);
        assert_eq!(changed(&board, Some((1_010, 1_000))), []);
    }

    #[test]
    fn a_unit_that_only_moved_is_found_by_the_tracks() {
        let mut board = RosterBoard::default();
        board.take_in(news(true, vec![row(1, 5, Some(7)), row(2, 6, None)]));
        assert_eq!(changed(&board, Some((6, 7))), []);
        assert!(board.take_in(news(false, vec![row(1, 5, Some(8))])));
        assert_eq!(changed(&board, Some((6, 7))), [("A1".to_owned(), 5)]);
        assert_eq!(changed(&board, None).len(), 2);
    }

    #[test]
    fn what_was_built_anew_takes_the_place_of_what_was_there() {
        let mut board = RosterBoard::default();
        board.take_in(news(true, vec![row(1, 5, Some(7)), row(2, 6, None)]));
        assert!(board.take_in(news(true, vec![row(2, 6, None)])));
        assert_eq!(changed(&board, None), [("A2".to_owned(), 6)]);
        assert_eq!((board.by_event.len(), board.by_point.len()), (1, 0));
        assert!(!board.take_in(news(false, Vec::new())), "nobody is woken for nothing");
    }
}
