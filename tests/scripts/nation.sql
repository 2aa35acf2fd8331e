-- Does an invented nation have the rates, the rhythm and the recurrence that docs/NATION.md states? Asked of the events alone, as
-- they lie in the log; nothing here comes from the program that made them up.
-- $1: its scale, $2: how many days it has (a whole year, for the rhythm of the year), $3: how much wider the tolerances are than
-- written here, which are those of a scale of 0.02; a smaller nation varies more.
with event as (
    select event_type, aggregate_id, recorded_at,
           (recorded_at at time zone 'Europe/Riga') as local,
           (payload -> event_type)::jsonb as payload, metadata
    from register.events
),
incident as (
    select *, payload ->> 'institution' = 'VP' as state, payload -> 'place' ->> 'text' as place,
           payload -> 'reporter' ->> 'subject' as reporter
    from event where event_type = 'IncidentRegistered'
),
-- Each person of each incident, as they were first.
involved as (
    select aggregate_id, payload -> 'person' ->> 'subject' as subject, payload -> 'roles' as roles, payload ->> 'identification' as level,
           coalesce((payload ->> 'minor')::boolean, false) as minor, payload -> 'protections' as protections
    from event where event_type = 'PersonInvolved'
),
-- Each handover of each seized item, with the one before it.
custody as (
    select aggregate_id, event_type, coalesce(payload -> 'from', 'null') as hands_on,
           lag(coalesce(payload -> 'to', payload -> 'custodian')) over chain as has_it,
           (payload ->> 'at')::timestamptz as at, lag((payload ->> 'at')::timestamptz) over chain as since
    from event where event_type in ('ItemSeized', 'CustodyTransferred', 'ItemDisposed')
    window chain as (partition by aggregate_id order by recorded_at, (payload ->> 'at')::timestamptz)
),
-- What one incident says of another, and what the other must say of it.
told (what, one, other) as (
    select event_type, aggregate_id, coalesce(payload ->> 'other', payload ->> 'into')
    from event where event_type in ('IncidentLinked', 'IncidentMerged', 'IncidentSplit')
),
heard (what, one, other) as (
    select case event_type when 'IncidentAbsorbed' then 'IncidentMerged' else event_type end, payload ->> 'other', aggregate_id
    from event where event_type in ('IncidentLinked', 'IncidentAbsorbed')
    union all
    select 'IncidentSplit', payload ->> 'split_from', aggregate_id
    from event where event_type = 'IncidentRegistered' and payload ->> 'split_from' is not null
),
transfer as (
    select e.payload ->> 'transfer' as id, count(*) filter (where event_type = 'TransferOffered') as offered,
           count(*) filter (where event_type in ('TransferAccepted', 'TransferRejected', 'TransferWithdrawn')) as answered,
           count(*) filter (where event_type = 'TransferAccepted') as accepted,
           count(*) filter (where event_type = 'TransferRejected') as rejected
    from event e where event_type like 'Transfer%' group by 1
),
-- The night belongs to the day before.
call as (
    select *, (payload ->> 'received_at')::timestamptz at time zone 'Europe/Riga' as received,
           ((payload ->> 'received_at')::timestamptz at time zone 'Europe/Riga') - interval '5 hours' as evening
    from event where event_type = 'CallReceived'
),
people as (
    select reporter as subject from incident where reporter is not null
    union all
    select payload -> 'caller' ->> 'subject' from call where payload -> 'caller' ->> 'subject' is not null
),
often as (
    select count(*) as times from people group by subject order by 1 desc
    limit (1873600 * $1::float8 / 50)::int
),
-- Mean of one part of the calls, by day or hour, over that of all.
share as (
    select count(*) filter (where extract(hour from received) = 4)::float8 as at_four,
           count(*) filter (where extract(hour from received) = 18)::float8 as at_six,
           count(*) filter (where extract(isodow from evening) in (5, 6))::float8 / 2 as fridays,
           count(*) filter (where extract(isodow from evening) in (1, 2, 3, 4))::float8 / 4 as workdays,
           count(*) filter (where extract(month from received) = 7)::float8 / 31 as july,
           count(*) filter (where extract(month from received) = 2)::float8 / 28 as february,
           count(*)::float8 as calls
    from call
),
figure (what, found, stated, tolerance) as (
    select 'incidents of State Police', count(*)::float8, 285000 * $1 * $2::float8 / 365.25, 0.04 from incident where state
    union all
    select 'incidents of municipal and port police', count(*), 170000 * $1 * $2 / 365.25, 0.05 from incident where not state
    union all
    select 'calls to 112', count(*), 1200000 * $1 * $2 / 365.25, 0.03 from call
    union all
    select 'cards that became incidents', count(*), 44756 * $1 * $2 / 365.25, 0.10 from event where event_type = 'CardLinked'
    union all
    select 'institutions that register incidents, at least 34', least(count(distinct payload ->> 'institution'), 34), 34, 0 from incident
    union all
    select 'calls at four in the night, part of the mean hour', at_four * 24 / calls, 0.38, 0.08 from share
    union all
    select 'calls at six in the evening, part of the mean hour', at_six * 24 / calls, 1.40, 0.06 from share
    union all
    select 'calls on Fridays and Saturdays over those on Mondays to Thursdays', fridays / workdays, 1.128, 0.05 from share
    union all
    select 'calls a day in July over those in February', july / february, 1.256, 0.06 from share
    union all
    select 'calls without an emergency', count(*) filter (where event_type = 'CardClosedNonEmergency')::float8 / count(*), 0.38, 0.04
    from event where event_type in ('CardCompleted', 'CardClosedNonEmergency', 'CardCancelled')
    union all
    select 'thefts among incidents of State Police', count(*) filter (where payload ->> 'type_code' = 'theft')::float8 / count(*), 0.155, 0.12
    from incident where state
    union all
    select 'parking among those of municipal police', count(*) filter (where payload ->> 'type_code' = 'parking')::float8 / count(*), 0.163, 0.12
    from incident where not state
    union all
    select 'medical among emergencies', count(*) filter (where payload ->> 'type_code' = 'medical')::float8 / count(*), 0.56, 0.03
    from event where event_type = 'CardQualified'
    union all
    select 'emergencies about which somebody else calls, too', count(*) filter (where event_type = 'DuplicateMarked')::float8
           / (count(*) filter (where event_type = 'CardCompleted') - count(*) filter (where event_type = 'DuplicateMarked')), 0.01, 0.30
    from event where event_type in ('CardCompleted', 'DuplicateMarked')
    union all
    select 'emergencies that are reviewed', count(*) filter (where event_type = 'CardReviewed')::float8
           / (count(*) filter (where event_type = 'CardCompleted') - count(*) filter (where event_type = 'DuplicateMarked')), 0.03, 0.20
    from event where event_type in ('CardCompleted', 'CardReviewed', 'DuplicateMarked')
    union all
    select 'callers located by AML', count(*) filter (where payload -> 'place' ->> 'source' = 'aml')::float8 / count(*), 0.62, 0.03 from call
    union all
    select 'incidents that are supplemented', (select count(*) from event where event_type = 'IncidentSupplemented')::float8 / count(*), 0.22, 0.08
    from incident
    union all
    select 'incidents of journals that come an hour late or more',
           count(*) filter (where recorded_at - (metadata ->> 'source_recorded_at')::timestamptz > interval '60 minutes')::float8 / count(*), 0.03, 0.35
    from incident where not state
    union all
    select 'incidents where trouble is known', count(*) filter (where place ~ ', (stacija|autoosta|tirgus|tirdzniecības centrs|skola|parks)$')::float8 / count(*), 0.30, 0.06
    from incident
    union all
    select 'meetings with the fiftieth part of people who are met most', sum(times)::float8 / (select count(*) from people), 0.34, 0.10
    from often
    union all
    select 'units on their way that arrive', count(*) filter (where payload ->> 'status' = 'on_scene')::float8
           / count(*) filter (where payload ->> 'status' = 'en_route'), 0.94, 0.02
    from event where event_type = 'StatusReported'
    union all
    select 'people of an incident, on average', count(*)::float8 / count(distinct aggregate_id), 1.75, 0.15 from involved
    union all
    select 'incidents in which somebody takes part', count(distinct aggregate_id)::float8 / (select count(*) from incident), 0.99, 0.01
    from involved
    union all
    select 'people of whom nothing is known at first', count(*) filter (where level = 'unknown')::float8 / count(*), 0.06, 0.5 from involved
    union all
    select 'victims of family violence who are not protected', count(*), 0, 0
    from involved p join incident i using (aggregate_id)
    where i.payload ->> 'type_code' = 'domestic-violence' and p.roles ? 'victim' and not coalesce(p.protections ? 'violence_victim', false)
    union all
    select 'children at the scene who are of age', count(*), 0, 0 from involved where roles ? 'child' and not minor
    union all
    select 'incidents of family violence with a child, of all of these',
           count(*) filter (where exists (select from involved p where p.aggregate_id = i.aggregate_id and p.roles ? 'child'))::float8 / count(*), 0.30, 0.35
    from incident i where payload ->> 'type_code' = 'domestic-violence'
    union all
    select 'actions in an incident', (select count(*) from event where event_type = 'ActionTaken')::float8 / count(*), 1.3, 0.15 from incident
    union all
    select 'incidents that are corrected', (select count(distinct aggregate_id) from event where event_type = 'IncidentCorrected')::float8 / count(*), 0.02, 0.25
    from incident
    union all
    select 'incidents that are annulled', (select count(*) from event where event_type = 'IncidentAnnulled')::float8 / count(*), 0.003, 0.6
    from incident
    union all
    select 'annulments by one and the same person', count(*), 0, 0
    from event where event_type = 'IncidentAnnulled' and payload -> 'by' = payload -> 'second'
    union all
    select 'incidents that are merged into another', (select count(*) from event where event_type = 'IncidentMerged')::float8 / count(*), 0.005, 0.5
    from incident
    union all
    select 'incidents that are tied to another', (select count(*) from event where event_type = 'IncidentLinked')::float8 / 2 / count(*), 0.029, 0.2
    from incident
    union all
    select 'ties that only one of both incidents knows', count(*), 0, 0 from (select * from told except select * from heard) missing
    union all
    select 'incidents of State Police that are offered to municipal police', sum(offered)::float8 / (select count(*) from incident where state), 0.028, 0.3
    from transfer
    union all
    select 'offers that are accepted', sum(accepted)::float8 / sum(offered), 0.82, 0.15 from transfer
    union all
    select 'offers that are rejected', sum(rejected)::float8 / sum(offered), 0.10, 0.7 from transfer
    union all
    select 'transfers with two answers, or an answer to no offer', count(*), 0, 0 from transfer where answered > 1 or offered <> 1
    union all
    select 'incidents in which something is seized', (select count(distinct payload ->> 'incident') from event where event_type = 'ItemSeized')::float8 / count(*), 0.033, 0.25
    from incident
    union all
    select 'cautions by incident', (select count(*) from event where event_type = 'CautionRegistered')::float8 / count(*), 0.0097, 0.3
    from incident
    union all
    select 'cautions that are lifted', (select count(*) from event where event_type = 'CautionLifted')::float8
        / (select count(*) from event where event_type = 'CautionRegistered'), 0.22, 0.4
    union all
    select 'handovers by who does not have the item, or before they got it', count(*), 0, 0
    from custody where since is not null and (at < since or (event_type = 'CustodyTransferred' and hands_on <> has_it))
    union all
    select 'incidents of category A in a city with a deadline of 15 minutes', count(*) filter (
               where (payload ->> 'respond_by')::timestamptz - (payload ->> 'received_at')::timestamptz = interval '15 minutes')::float8 / count(*), 1, 0
    from incident where payload ->> 'category' = 'A' and payload -> 'place' ->> 'territory' = '0001000'
    union all
    select 'events whose offset is not that of Riga at the time', count(*), 0, 0
    from register.events
    where metadata ->> 'occurred_offset' <> to_char(
        (occurred_at at time zone 'Europe/Riga') - (occurred_at at time zone 'UTC'), '"+"HH24:MI')
    union all
    select 'cards whose clocks run backwards', count(*), 0, 0
    from call c join event q on q.event_type = 'CardQualified' and q.aggregate_id = c.aggregate_id
    where (c.payload ->> 'received_at')::timestamptz > (c.payload ->> 'answered_at')::timestamptz
       or (c.payload ->> 'answered_at')::timestamptz > (q.payload ->> 'at')::timestamptz
)
select what, found::float8, stated::float8, (tolerance * $3::float8)::float8, abs(found - stated) <= tolerance * $3::float8 * stated as holds
from figure
