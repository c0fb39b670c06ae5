-- name: search
-- A null parameter is no condition: planned for its values, what is not asked for falls away, and what is rare is found
-- by its own index. "dead" asks for messages whose last outcome at some system is dead.
select m.id, m.carrier, m.link, m.sender, m.recipient, m.text, m.data, m.state, m.parts, m.missing, m.label, m.problem,
       m.received_at,
       coalesce((select array_agg(d.system || ' ' || d.state || case when d.reason <> '' then ': ' || d.reason else '' end
                                  order by d.system, d.at)
                 from delivery d where d.message = m.id), '{}') as deliveries
from message m
where ($1::text is null or m.state = $1)
  and (coalesce($1::text, 'complete') = 'complete' or m.id = any(array(
        select id from received where state <> 0
          and state = array_position(array['complete', 'incomplete', 'unrouted', 'blocked', 'quarantined'], $1) - 1)))
  and ($2::text is null or exists (select from delivery d where d.message = m.id and d.system = $2))
  and ($3::text is null or m.carrier = $3)
  and ($4::text is null or m.sender = $4)
  and ($5::text is null or m.recipient = $5)
  and ($6::timestamptz is null or m.received_at >= $6)
  and ($7::bigint is null or m.id = $7)
  and (not $8::boolean or m.id = any(array(
        select o.message from system s join outcome o on o.system = s.id
        where o.state = 2 and ($2::text is null or s.name = $2)
          and not exists (select from outcome l where l.message = o.message and l.system = o.system and l.at > o.at)
          and not exists (select from queue q where q.message = o.message and q.system = o.system))))
order by m.id desc
limit $9;

-- name: reports
-- News of outbound messages with their deliveries, newest first. A null parameter is no condition; "dead" as above.
select p.id, p.outbound, s.name as system, p.state, p.at,
       coalesce((select array_agg(d.system || ' ' || d.state || case when d.reason <> '' then ': ' || d.reason else '' end
                                  order by d.at)
                 from delivery d where d.message = p.id), '{}') as deliveries
from report p join system s on s.id = p.system
where ($1::text is null or s.name = $1)
  and ($2::timestamptz is null or p.at >= $2)
  and ($3::bigint is null or p.id = $3)
  and (not $4::boolean or p.id = any(array(
        select o.message from system s join outcome o on o.system = s.id
        where o.state = 2 and ($1::text is null or s.name = $1)
          and not exists (select from outcome l where l.message = o.message and l.system = o.system and l.at > o.at)
          and not exists (select from queue q where q.message = o.message and q.system = o.system))))
order by p.id desc
limit $5;

-- name: replay_past
-- Deliveries that ended, of messages or of reports, put back as new ones. The outcome stays as history.
insert into queue (system, message, sender, kind)
select distinct o.system, o.message, coalesce(hashtextextended(r.sender, 0), p.outbound), case when r.id is null then 1 else 0 end
from outcome o
left join lateral (select id, sender from received where id = o.message offset 0) r on true
left join lateral (select id, outbound from report where id = o.message offset 0) p on true
where o.message = any($1::bigint[]) and ($2::smallint is null or o.system = $2)
  and (r.id is not null or p.id is not null)
  and (not $3::boolean or (o.state = 2
       and not exists (select from outcome l where l.message = o.message and l.system = o.system and l.at > o.at)))
on conflict do nothing
returning message;

-- name: unrouted
select r.id, c.name as carrier, r.sender, r.recipient, r.text from received r join carrier c on c.id = r.carrier
where r.id = any($1::bigint[]) and r.state = 2
for update of r;

-- name: route_again
with k as (select * from unnest($1::bigint[], $2::text[]) k(message, targets)),
 q as (insert into queue (system, message, sender)
       select t.system, k.message, hashtextextended(r.sender, 0)
       from k join received r on r.id = k.message cross join lateral unnest(k.targets::smallint[]) t(system)
       on conflict do nothing)
update received r set state = case when r.missing is null then 0 else 1 end from k where r.id = k.message;
