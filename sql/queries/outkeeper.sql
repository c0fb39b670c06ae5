-- The outbound half by the clock. As in keeper.sql each step takes a bounded share in a transaction of its own; ids go
-- with time, so a walk stops at the first row that is young enough and returns the last id it is done with.

-- name: expire
-- What waits for a carrier beyond its time and is in nobody's hands. The lock on the row decides between us, the sender
-- and whoever cancels.
with l as materialized (
  select id from outqueue where id = any(array(
      select id from outqueue where expires_at <= now() and not marked order by expires_at limit 1000))
    and expires_at <= now() and not marked
  for update skip locked
), d as (
  delete from outqueue where id = any(array(select id from l)) returning id, reason
)
update outbound o set state = 6, ended_at = now(),
  reason = $1 || case when d.reason <> '' then ': ' || d.reason else '' end
from d where o.id = d.id and o.id = any(array(select id from l)) and o.state = 1
returning o.id, o.reason, o.parts;

-- name: aged
-- Of the next 2000 rows after $2 older than $1, those that are on their way; the id that was come to, null at the end.
select max(id) filter (where ripe) as reached, array_agg(id order by id) filter (where ripe and state in (1, 3)) as open
from (select id, state, created_at < now() - $1::interval as ripe from outbound where id > $2 order by id limit 2000) x;

-- name: overdue
-- What became of rows that were on their way: still so, and sent longer ago than the time of their carrier ($2, $3 in
-- parallel, $4 for all others; null: it sends no receipts), or than that and $5, in which it is asked.
select o.id, o.state, o.carrier, case when c.known then c.span else $4::interval end is null as never,
       coalesce(o.sent_at < now() - case when c.known then c.span else $4::interval end, false) as due,
       coalesce(o.sent_at < now() - case when c.known then c.span else $4::interval end - $5::interval, false) as late
from unnest($1::bigint[]) k(id)
cross join lateral (select id, state, carrier, sent_at from outbound where id = k.id offset 0) o
left join lateral (select true as known, s.span from unnest($2::smallint[], $3::interval[]) s(carrier, span)
                   where s.carrier = o.carrier) c on true;

-- name: unconfirmed
-- Held, so that no receipt is matched meanwhile.
select id from outbound where id = any($1::bigint[]) and state = 3 order by id for update skip locked;

-- name: unheard_parts
-- The parts whose last word never came; the first of each message is told of.
with p as (
  update outpart set state = 5 where message = any($1::bigint[]) and done_at is null and state <> 4
  returning message, number, total, message_id, stat, error
)
select distinct on (message) message, number, total, message_id, stat, error from p order by message, number;

-- name: give_up_messages
update outbound o set state = 11, reason = k.reason, ended_at = now()
from unnest($1::bigint[], $2::text[]) k(id, reason)
where o.id = k.id and o.id = any($1::bigint[]) and o.state = 3;

-- name: blank
-- Texts, and where they are quoted: a receipt begins with what it is about.
with look as materialized (
  select id, created_at < now() - $1::interval as ripe, state <> 1 as free, text is not null or data is not null as whole
  from outbound where id > $2 order by id limit 2000
), old as materialized (
  select id from look where ripe and whole and free
), o as (
  update outbound set text = null, data = null where id = any(array(select id from old))
), c as (
  update receipt set raw = '' where message = any(array(select id from old)) and message is not null
), r as (
  update report set detail = detail - 'text'
  where outbound = any(array(select id from old)) and detail ? 'text'
    and not exists (select from queue where system = report.system and message = report.id)
)
select max(id) from look where ripe;

-- name: forget
-- A message with its parts, the forms of their ids, its reports and what became of these; not while one of them waits.
with look as materialized (
  select o.id, o.created_at < now() - $1::interval as ripe,
         o.state <> 1 and not exists (
           select from (select system, id from report where outbound = o.id offset 0) r
           cross join lateral (select from queue where system = r.system and message = r.id offset 0) q) as free
  from outbound o where o.id > $2 order by o.id limit 2000
), old as materialized (
  select id from look where ripe and free
), k as (
  delete from outkey h using (
    select p.carrier, k.key, p.message, p.number from outpart p cross join lateral unnest(p.keys) k(key)
    where p.message = any(array(select id from old)) offset 0) x
  where h.carrier = x.carrier and h.key = x.key and h.message = x.message and h.number = x.number
), p as (
  delete from outpart where message = any(array(select id from old))
), c as (
  delete from outcome where message = any(array(select id from report where outbound = any(array(select id from old))))
), r as (
  delete from report where outbound = any(array(select id from old))
), o as (
  delete from outbound where id = any(array(select id from old))
)
select max(id) from look where ripe;
