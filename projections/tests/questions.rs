//! Questions that are asked of the read models: right answers, and by their index.

mod support;

use std::collections::BTreeMap;

use chrono::{TimeDelta, TimeZone as _, Utc};
use event_store::log::LogName;
use projections::Order;
use projections::cards::{CardFilter, CardRow, CardStatistics, CardUnitRow};
use projections::case_search::{IncidentFilter, IncidentRow};
use projections::roster::{RosterFilter, RosterRow};
use sqlx::{Executor as _, PgConnection, Row as _};
use support::work::RandomWork;
use support::{System, count, page};
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paging_shows_every_row_once_in_order() {
    let system = System::fresh().await;
    let at_work = system.start();
    RandomWork::new(3, 60).go_on(&system, 1_200).await;
    system.caught_up(&at_work).await;
    let mut connection = system.pools.app.acquire().await.unwrap();
    for filter in [IncidentFilter::default(), IncidentFilter { institution: Some("RPP".into()), ..Default::default() }]
    {
        let all = IncidentRow::count(&mut connection, &filter).await.unwrap();
        for order in [Order::NewestFirst, Order::OldestFirst] {
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let page = IncidentRow::search(&mut connection, &filter, after, order, 7).await.unwrap();
                let Some(last) = page.last() else { break };
                after = Some(last.keyset());
                seen.extend(page);
            }
            assert_eq!(seen.len() as i64, all);
            let mut keys: Vec<_> = seen.iter().map(IncidentRow::keyset).collect();
            if order == Order::NewestFirst {
                keys.reverse();
            }
            assert!(keys.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }
    let some = &IncidentRow::search(&mut connection, &IncidentFilter::default(), None, Order::NewestFirst, 1)
        .await
        .unwrap()[0];
    let by_number = IncidentRow::by_number(&mut connection, &some.number).await.unwrap();
    let external_id = some.source_external_id.as_deref().unwrap();
    let by_source = IncidentRow::by_source(&mut connection, "test-cad", external_id).await.unwrap();
    assert_eq!((by_number.as_ref(), by_source.as_ref()), (Some(some), Some(some)));
    let words = IncidentFilter { place_words: Some("KRASTA iela".into()), ..Default::default() };
    let found = IncidentRow::search(&mut connection, &words, None, Order::NewestFirst, 500).await.unwrap();
    assert!(!found.is_empty());
    assert!(found.iter().all(|row| row.place_text.as_deref().is_some_and(|text| text.starts_with("Krasta iela"))));

    let mut after = 0;
    let mut entries = Vec::new();
    loop {
        let page = page(&mut connection, some.id, after, 2).await;
        let Some(last) = page.last() else { break };
        after = last.position;
        entries.extend(page);
    }
    let own: Vec<_> =
        entries.iter().filter(|entry| entry.aggregate_id == some.id).map(|entry| entry.sequence).collect();
    assert_eq!(own, (1..=some.version).collect::<Vec<_>>());
    assert_eq!(count(&mut connection, some.id).await, entries.len() as i64);

    let units = RosterRow::list(&mut connection, &RosterFilter::default(), None, 500).await.unwrap();
    assert!(units.iter().any(|row| row.point.is_some()));
    let second = RosterRow::list(&mut connection, &RosterFilter::default(), Some(&units[0].keyset()), 1).await.unwrap();
    assert_eq!(second[..], units[1..2]);
    let by_call_sign = RosterRow::by_call_sign(&mut connection, "VUGD", &units[0].unit.call_sign).await.unwrap();
    assert_eq!(by_call_sign.as_ref(), Some(&units[0]));
}

/// A card of which only the figures matter.
async fn card(connection: &mut PgConnection, n: u128, type_code: &str, seconds: Option<i64>, units: &[(u128, bool)]) {
    let received = Utc.with_ymd_and_hms(2026, 3, 28, 12, 0, 0).unwrap();
    let on_scene = units.iter().filter(|(_, on_scene)| *on_scene).count() as i32;
    sqlx::query(
        "insert into cards.cards (id, number, institution, channel, source_system, type_code, hazards, status, received_at,
             first_on_scene_at, services, participants, units, units_on_scene, anomalies, card_anomalies, registered_at,
             changed_at, files, findings, first_position, last_position, version)
         values ($1, $2, 'VUGD', 'phone_112', 'x', $3, '[]', 'completed', $4, $5, '{}', '[]', $6, $7, 0, 0, $4, $4, '[]', '[]', 1, 1, 1)",
    )
    .bind(Uuid::from_u128(n))
    .bind(n.to_string())
    .bind(type_code)
    .bind(received)
    .bind(seconds.map(|seconds| received + TimeDelta::seconds(seconds)))
    .bind(units.len() as i32)
    .bind(on_scene)
    .execute(&mut *connection)
    .await
    .unwrap();
    for (unit, _) in units {
        sqlx::query("insert into cards.card_units (card, unit, diverted, anomalies, last_position) values ($1, $2, false, 0, 1)")
            .bind(Uuid::from_u128(n))
            .bind(Uuid::from_u128(*unit))
            .execute(&mut *connection)
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_median_is_the_lower_one_and_what_cannot_be_right_is_left_out_and_counted() {
    let system = System::fresh().await;
    let at_work = system.start();
    RandomWork::new(1, 1).go_on(&system, 20).await;
    system.caught_up(&at_work).await;
    let mut connection = system.pools.app.acquire().await.unwrap();
    connection.execute("delete from cards.cards").await.unwrap();
    connection.execute("delete from cards.card_units").await.unwrap();
    let empty = CardStatistics::of(&mut connection, &CardFilter::default()).await.unwrap();
    assert_eq!(empty, CardStatistics::default());

    card(&mut connection, 1, "medical", Some(100), &[(1, true), (2, false)]).await;
    card(&mut connection, 2, "medical", Some(200), &[(1, true)]).await;
    card(&mut connection, 3, "alarm", Some(300), &[(3, true), (1, true)]).await;
    card(&mut connection, 4, "medical", Some(400), &[(2, true)]).await;
    card(&mut connection, 5, "alarm", None, &[(4, false)]).await;
    card(&mut connection, 6, "alarm", Some(-5), &[(5, true)]).await;
    let all = CardStatistics::of(&mut connection, &CardFilter::default()).await.unwrap();
    assert_eq!((all.calls, all.distinct_units, all.unit_rows, all.units_on_scene), (6, 5, 8, 6));
    let response = &all.response;
    assert_eq!((response.counted, response.missing, response.negative), (4, 1, 1));
    assert_eq!((response.median_s, response.p90_s, response.p95_s), (Some(200), Some(400), Some(400)));
    let types: Vec<_> = all.calls_by_type.iter().map(|of| (of.type_code.as_deref().unwrap(), of.calls)).collect();
    assert_eq!(types, [("alarm", 3), ("medical", 3)]);

    let medical = CardFilter { types: vec!["medical".into()], source_system: Some("x".into()), ..Default::default() };
    let medical = CardStatistics::of(&mut connection, &medical).await.unwrap();
    assert_eq!((medical.calls, medical.distinct_units, medical.response.median_s), (3, 2, Some(200)));
    let elsewhere = CardFilter { territories: vec!["0001000".into()], ..Default::default() };
    assert_eq!(CardStatistics::of(&mut connection, &elsewhere).await.unwrap().calls, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_card_says_of_its_units_agrees_with_their_rows() {
    let system = System::fresh().await;
    let at_work = system.start();
    RandomWork::new(9, 20).go_on(&system, 1_500).await;
    system.caught_up(&at_work).await;
    let mut connection = system.pools.app.acquire().await.unwrap();
    let cards = CardRow::search(&mut connection, &CardFilter::default(), None, Order::OldestFirst, 500).await.unwrap();
    let ids: Vec<_> = cards.iter().map(|card| card.id).collect();
    let mut units: BTreeMap<Uuid, Vec<CardUnitRow>> = BTreeMap::new();
    for row in CardUnitRow::of_cards(&mut connection, &ids).await.unwrap() {
        assert!(row.call_sign.is_some(), "{row:?}");
        units.entry(row.card).or_default().push(row);
    }
    assert!(units.values().any(|rows| rows.iter().any(|row| row.on_scene_at.is_some())));
    for card in cards {
        let rows = units.remove(&card.id).unwrap_or_default();
        assert_eq!(card.units, rows.len() as i32);
        assert_eq!(card.first_dispatched_at, rows.iter().filter_map(|row| row.attached_at).min());
        assert_eq!(card.first_on_scene_at, rows.iter().filter_map(|row| row.on_scene_at).min());
        assert_eq!(card.anomalies - card.card_anomalies, rows.iter().map(|row| row.anomalies).sum::<i32>());
    }
    assert!(units.is_empty(), "{units:?}");
}

/// Fills the tables with rows that nobody told, so that the planner has a choice.
const MANY: &str = "
    insert into case_search.incidents
        (id, number, institution, responsible, class, channel, type_code, opening_type, category, opening_category, status, territory,
         address_code, place_text, latitude_e6, longitude_e6, occurred_from, registered_at, case_refs, annulment_requested, merged_into, offered_to, participants, taking_part,
         guarded, source_system, source_external_id, first_position, last_position, version)
    select gen_random_uuid(), 'N' || n, 'I' || n % 40, 'I' || n % 37, case when n % 300 = 0 then 'protected' end, 'app', 'theft',
           'theft', 'A', 'A', 's' || n % 5, (n % 43)::text, case when n % 3 = 0 then (n % 9000)::text end, 'Iela ' || n,
           56900000 + n * 37 % 100000, 24000000 + n * 91 % 200000, now() - n * interval '1 minute', now() - n * interval '1 minute', '[]', false,
           case when n % 200 = 0 then md5((n % 7000)::text)::uuid end, case when n % 150 = 0 then 'I' || n % 40 end, '[]', '[]', '{}',
           'sys', n::text, n, n, 1
    from generate_series(1, 30000) n;
    insert into cards.cards
        (id, number, institution, channel, source_system, source_external_id, type_code, hazards, status, territory, received_at,
         services, participants, units, units_on_scene, anomalies, card_anomalies, registered_at, changed_at, files, findings,
         first_position, last_position, version)
    select gen_random_uuid(), 'N' || n, 'VUGD', 'app', 'sys' || n % 9, n::text, 'medical', '[]', 's' || n % 5, (n % 43)::text,
           now() - n * interval '1 minute', '{}', '[]', 0, 0, 0, 0, now(), now(), '[]', '[]', n, n, 1
    from generate_series(1, 30000) n;
    insert into cards.card_units (card, unit, attached_at, diverted, anomalies, last_position)
    select id, gen_random_uuid(), received_at, false, 0, 1 from cards.cards;
    insert into roster.units
        (id, institution, call_sign, kind, on_duty, status, status_since, outfit, anomalies, registered_at, first_position, last_position, version)
    select gen_random_uuid(), 'I' || n % 40, 'U' || n, 'patrol', true, 's' || n % 12, now(), jsonb_build_object('out_of_service', '{}'::text[]), 0, now(), n, n, 1
    from generate_series(1, 20000) n;
    insert into timeline.entries
        (record, position, aggregate_type, aggregate_id, sequence, event_type, occurred_at, recorded_at, facts)
    select md5((n / 10)::text)::uuid, n, 'unit', md5((n / 10)::text)::uuid, n % 10, 'x', now(), now(), '{}'
    from generate_series(1, 50000) n;
    insert into access_grants.grants
        (id, status, grantee_institution, grantee, scope, record, purpose, valid_from, valid_until, reason, requested_at,
         requested_institution, requested_by, first_position, last_position, version)
    select gen_random_uuid(), (array['approved', 'requested', 'revoked'])[1 + n % 3], 'VP', 'u' || n % 900, 'record',
           gen_random_uuid(), 'audit', now() - interval '1 day', now() + n * interval '1 minute', '{}',
           now() - n * interval '1 minute', 'VP', 'a.ozola', n, n, 1
    from generate_series(1, 20000) n;
    insert into access_grants.emergencies
        (id, record, purpose, reason, valid_until, vouch_by, declared_at, institution, declared_by, opened_at, review_by,
         reviewed_at, first_position, last_position, version)
    select gen_random_uuid(), gen_random_uuid(), 'audit', '{}', now() - n * interval '1 hour', now() - n * interval '1 hour',
           now() - n * interval '2 hours', 'VP', 'u' || n % 900, case when n % 9 > 0 then now() end, now() + n * interval '1 hour',
           case when n % 40 > 0 then now() end, n, n, 1
    from generate_series(1, 20000) n;
    insert into case_file.persons
        (incident, subject, roles, identification, minor, protections, identity, first_position, last_position)
    select md5((n / 3)::text)::uuid, gen_random_uuid(), '[]', 'stated', false, '[]', '{}', n, n from generate_series(1, 30000) n;
    insert into case_file.seized_items
        (id, incident, kind, basis, seized_at, institution, keeper, since, custody, first_position, last_position, version)
    select gen_random_uuid(), md5((n / 3)::text)::uuid, 'knife', 'voluntary', now(), 'VP', '4711', now(), '[]', n, n, 1
    from generate_series(1, 20000) n;
    analyze case_file.persons; analyze case_file.seized_items; analyze access_grants.grants; analyze access_grants.emergencies; analyze case_search.incidents; analyze cards.cards; analyze cards.card_units; analyze roster.units; analyze timeline.entries;";

async fn plan(connection: &mut PgConnection, sql: &str) -> String {
    let rows = connection.fetch_all(format!("explain {sql}").as_str()).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>(0) + "\n").collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hot_questions_are_answered_from_an_index_without_sorting() {
    let system = System::fresh().await;
    let at_work = system.start();
    RandomWork::new(1, 1).go_on(&system, 20).await;
    system.caught_up(&at_work).await;
    system.pools.owner.execute(MANY).await.unwrap();
    let mut connection = system.pools.owner.acquire().await.unwrap();
    let incidents = "select * from case_search.incidents where true";
    let newest = "order by registered_at desc, id desc limit 50";
    let beyond = "and (registered_at, id) < (now() - interval '9 days', '00000000-0000-0000-0000-000000000000')";
    let cards = "select * from cards.cards where true";
    let grants = "select * from access_grants.grants where true";
    let emergencies = "select * from access_grants.emergencies where true";
    let newest_call = "order by received_at desc, id desc limit 50";
    let uuid = "'0198f000-0000-7000-8000-000000000000'";
    for sql in [
        format!("{incidents} {newest}"),
        format!("{incidents} {beyond} {newest}"),
        format!("{incidents} and institution = 'I3' {newest}"),
        format!("{incidents} and institution = 'I3' and status = 's3' {beyond} {newest}"),
        format!("{incidents} and territory = '7' {newest}"),
        format!("{incidents} and address_code = '77' {newest}"),
        format!("{incidents} and responsible = 'I3' {newest}"),
        format!("{incidents} and responsible = 'I3' and status = 's3' {beyond} {newest}"),
        format!("{incidents} and offered_to = 'I30' {newest}"),
        format!("{incidents} and class = 'protected' {newest}"),
        format!("{incidents} and merged_into = any(array[{uuid}]::uuid[])"),
        format!("{incidents} and merged_into = {uuid} {newest}"),
        format!("{incidents} and number = 'N77'"),
        format!("{incidents} and id = any(array[{uuid}]::uuid[])"),
        format!("{incidents} and source_system = 'sys' and source_external_id = '77'"),
        format!("select * from case_file.persons where incident = any(array[{uuid}]::uuid[])"),
        format!("select * from case_file.seized_items where incident = any(array[{uuid}]::uuid[])"),
        format!("{cards} {newest_call}"),
        format!("{cards} and status = 's3' {newest_call}"),
        format!("{cards} and source_system = 'sys3' {newest_call}"),
        format!("{cards} and number = 'N77'"),
        format!("select * from cards.card_units where card = any(array[{uuid}]::uuid[])"),
        format!("select * from cards.card_units where unit = {uuid} order by attached_at desc limit 5"),
        "select * from roster.units where institution = 'I3' and call_sign = 'U77'".to_owned(),
        "select * from roster.units order by call_sign, id limit 50".to_owned(),
        format!("{grants} and status = 'requested' order by requested_at desc, id desc limit 50"),
        format!("{grants} and record = {uuid} order by requested_at desc, id desc limit 50"),
        format!("{grants} and status = 'approved' and grantee_institution = 'VP' and grantee = 'u7' and valid_until > now()
                 and valid_from <= now() order by valid_until, id"),
        format!("{emergencies} and opened_at is not null and institution = 'VP' and declared_by = 'u7' and valid_until > now()
                 and outcome is distinct from 'unjustified' order by valid_until, id"),
        format!("{emergencies} and opened_at is null and vouch_by > now() and valid_until > now() order by vouch_by, id limit 50"),
        format!("{emergencies} and opened_at is not null and reviewed_at is null order by review_by, id limit 50"),
        format!("select * from timeline.entries where record = {uuid} and position > 7 order by position limit 50"),
    ] {
        let plan = plan(&mut connection, &sql).await;
        assert!(!plan.contains("Seq Scan") && !plan.contains("Sort"), "{sql}\n{plan}");
    }
    // Few rows each, put in order afterwards.
    for (sql, index) in [
        (format!("{incidents} and place_words @@ plainto_tsquery('simple', 'iela 77')"), "place_words_idx"),
        (
            format!("{incidents} and field = any(array[1138002400, 1138002401]) and type_code = 't'
                     and occurred_from between now() - interval '14 days' and now() order by occurred_from desc, id desc limit 200"),
            "field_occurred_from_idx",
        ),
        (
            format!("select distinct other.incident from case_file.persons mine
                     join case_file.persons other on other.subject = mine.subject
                     where mine.incident = {uuid} and other.incident <> {uuid}"),
            "persons_subject_idx",
        ),
    ] {
        let plan = plan(&mut connection, &sql).await;
        assert!(plan.contains(index) && !plan.contains("Seq Scan"), "{sql}\n{plan}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_holds_a_transaction_for_long_while_read_models_are_built() {
    let system = System::fresh().await;
    RandomWork::new(71, 40).go_on(&system, 2_000).await;
    let at_work = system.start();
    let oldest = async {
        let sql =
            "select coalesce(max(extract(epoch from clock_timestamp() - xact_start)), 0)::float8 from pg_stat_activity
                   where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()";
        let mut oldest = 0.0_f64;
        loop {
            oldest = oldest.max(sqlx::query_scalar(sql).fetch_one(&system.pools.owner).await.unwrap());
            assert!(oldest < 5.0, "{oldest} s (I-13)");
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    let built = async {
        system.caught_up(&at_work).await;
        for name in system.registry.names() {
            projections::rebuild(&system.pools, &system.registry, name, &mut |_| {}).await.unwrap();
        }
    };
    tokio::select! {
        () = built => {}
        () = oldest => {}
    }
    assert!(system.reader(LogName::REGISTER).head().await.unwrap().position.get() > 500);
}
