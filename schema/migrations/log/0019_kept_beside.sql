-- What is kept of a source record beside its incident is found by a claim (kind `kept_beside`, key: the incident's id), so that who erases
-- the incident or a person in it reaches it. This makes the claim of what was kept before there was one. What waits of a record of which
-- nothing was ever taken over gets it when it is: until then there is no incident.
insert into {log}.claims (kind, key, aggregate_type, aggregate_id, position)
select 'kept_beside', told.incident, s.aggregate_type, s.aggregate_id, s.last_position
from {log}.streams s
cross join lateral (
    select e.payload -> e.event_type ->> 'incident' as incident
    from {log}.events e
    where e.aggregate_id = s.aggregate_id::text
      and e.position between s.first_position and s.last_position
      and e.payload -> e.event_type ->> 'incident' is not null
    order by e.sequence
    limit 1
) told
where s.aggregate_type = 'source_record'
  and exists (select from {log}.keys k where k.aggregate_id = s.aggregate_id)
on conflict do nothing;
