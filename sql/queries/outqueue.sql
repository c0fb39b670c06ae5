-- What waits for one carrier, as its sender sees it: claimed, marked, recorded. The lease on the carrier is the claim.
-- Planned once: "carrier + 0" leaves the choice of the row to its id, and "between" does what "=" would, without letting
-- the planner walk the whole index of a table that it believes to be empty.

-- name: claim
-- The next of each lane (a priority) behind its cursor, as many as it has room for. Writes nothing.
select q.priority, q.due_at, q.id, q.expires_at, q.attempts, q.alternatives, q.tried, q.reason,
       o.sender, o.recipient, o.text, o.data, o.options, o.report, o.created_at, o.parts as total,
       case when q.attempts > 0 then (
         select array_agg(array[number::integer, total, state, reference, resends]) from outpart where message = q.id
       ) end as parts
from unnest($2::smallint[], $3::timestamptz[], $4::bigint[], $5::integer[]) l(priority, due, id, room)
cross join lateral (
  select * from outqueue
  where carrier = $1 and priority = l.priority and (due_at, id) > (l.due, l.id) and due_at <= now() and not marked
  order by due_at, id limit l.room) q
cross join lateral (select * from outbound where id = q.id offset 0) o;

-- name: sweep
-- What stands before the cursors and nobody holds ($6): committed late, moved here, or to be tried again. $7 is how far
-- back is looked.
select q.priority, q.due_at, q.id, q.expires_at, q.attempts, q.alternatives, q.tried, q.reason,
       o.sender, o.recipient, o.text, o.data, o.options, o.report, o.created_at, o.parts as total,
       case when q.attempts > 0 then (
         select array_agg(array[number::integer, total, state, reference, resends]) from outpart where message = q.id
       ) end as parts
from unnest($2::smallint[], $3::timestamptz[], $4::bigint[], $5::integer[]) l(priority, due, id, room)
cross join lateral (
  select * from outqueue
  where carrier = $1 and priority = l.priority and (due_at, id) <= (l.due, l.id) and due_at > l.due - $7::interval
    and not marked and id not in (select unnest($6::bigint[]))
  order by due_at, id limit l.room) q
cross join lateral (select * from outbound where id = q.id offset 0) o;

-- name: mark
-- Just before the wire: the rows $2 become ours for good, and of their parts ($3..$6) those of rows that were still
-- there. A part that was there before keeps what it counts; parts beyond the last are from another carrier's cut.
-- Only by the owner of the lease $8, which nobody can take before this is committed.
with l as materialized (
  select from lease where name = $8 and instance = $9 for share
), m as (
  update outqueue set marked = true
  where id = any($2::bigint[]) and carrier + 0 = $1 and (not marked or $7) and exists (select from l)
  returning id
), x as (
  delete from outpart p using (
    select message, total from unnest($3::bigint[], $4::smallint[], $5::smallint[]) n(message, number, total)
    where number = total and (message in (select id from m)) is true offset 0) n
  where p.message between n.message and n.message and p.number > n.total
), p as (
  insert into outpart (message, number, total, carrier, state, reference)
  select message, number, total, $1, 0, reference
  from unnest($3::bigint[], $4::smallint[], $5::smallint[], $6::integer[]) n(message, number, total, reference)
  where (message in (select id from m)) is true
  on conflict (message, number) do update
  set total = excluded.total, carrier = excluded.carrier, state = 0, reference = excluded.reference, message_id = null,
      keys = null, status = 0, submitted_at = now(), answered_at = null
)
select id from m;

-- name: record
-- What became of parts on the wire ($4..$10, parallel arrays), the keys under which their receipts come ($11..$13), and the
-- messages of which the carrier has every part ($14). Only a part that is still on the wire to us changes, and only a
-- message that waits; so written again it changes nothing. Nor without the lease: if we own it, nobody can take it before
-- our transaction ends. Says so, and which messages changed.
with l as materialized (
  select from lease where name = $1 and instance = $2 for share
), p as (
  update outpart p
  set state = n.state, status = n.status, message_id = n.message_id, keys = n.keys::text[], resends = p.resends + n.resends,
      answered_at = case when n.state in (1, 4) then now() end
  from unnest($4::bigint[], $5::smallint[], $6::smallint[], $7::bigint[], $8::text[], $9::text[], $10::smallint[])
       n(message, number, state, status, message_id, keys, resends)
  where p.message between n.message and n.message and p.number = n.number and p.state = 0 and p.carrier = $3
    and exists (select from l)
), k as (
  insert into outkey (carrier, key, message, number)
  select $3, key, message, number from unnest($11::text[], $12::bigint[], $13::smallint[]) k(key, message, number)
  where exists (select from l)
  on conflict do nothing
), d as (
  delete from outqueue where id = any($14::bigint[]) and carrier + 0 = $3 and marked and exists (select from l)
  returning id
), o as (
  update outbound set state = 3, carrier = $3, reason = '', sent_at = now()
  where id = any($14::bigint[]) and state = 1 and (id in (select id from d)) is true
  returning id
)
select exists (select from l) as owned, array(select id from o) as sent;

-- name: record_ends
-- Messages that wait no more, however that came; as above.
with n as materialized (
  select * from unnest($2::bigint[], $3::smallint[], $4::text[], $5::smallint[]) n(id, state, reason, parts)
), d as (
  delete from outqueue where id = any($2::bigint[]) and carrier + 0 = $1 and marked returning id
)
update outbound o
set state = n.state, reason = n.reason, parts = n.parts, carrier = $1,
    sent_at = case when n.state = 3 then now() end, ended_at = case when n.state > 3 then now() end
from n where o.id between n.id and n.id and o.state = 1 and (o.id in (select id from d)) is true
returning o.id;

-- name: record_waiting
-- Messages that wait again, here or at another carrier ($3); $4: for how many seconds, null: where they stood before.
update outqueue q
set carrier = n.carrier, due_at = case when n.after is null then q.due_at else now() + make_interval(secs => n.after) end,
    marked = false, attempts = least(q.attempts + n.counted, 32000), alternatives = n.alternatives::smallint[],
    tried = n.tried::smallint[], reason = n.reason
from unnest($2::bigint[], $3::smallint[], $4::float8[], $5::smallint[], $6::text[], $7::text[], $8::text[])
     n(id, carrier, after, counted, alternatives, tried, reason)
where q.id between n.id and n.id and q.carrier + 0 = $1 and q.marked;

-- name: marked
-- What an earlier owner of the carrier had under way, with what is known of its parts.
select q.priority, q.due_at, q.id, q.expires_at, q.attempts, q.alternatives, q.tried, q.reason,
       o.sender, o.recipient, o.text, o.data, o.options, o.report, o.created_at, o.parts as total, p.parts
from (select * from outqueue where carrier = $1 and marked order by priority, due_at, id offset 0) q
cross join lateral (select * from outbound where id = q.id offset 0) o
left join lateral (
  select array_agg(array[number::integer, total, state, reference, resends]) as parts
  from (select * from outpart where message = q.id offset 0) x offset 0) p on true;

-- name: take_over
-- Rows of a carrier that cannot send ($2), behind a cursor, for which we ($1) are the first of their alternatives that
-- can ($6: all that can); at most $7, of the next 5000. Says how many were taken, and where to go on: nowhere at the end.
with s as materialized (
  select due_at, id, alternatives, tried from outqueue
  where carrier = $2 and priority = $3 and (due_at, id) > ($4::timestamptz, $5::bigint) and due_at <= now() and not marked
  order by due_at, id limit 5000
), w as materialized (
  select due_at, id from s
  where (select a.carrier from unnest(alternatives) with ordinality a(carrier, ord)
         where a.carrier = any($6::smallint[]) and a.carrier <> all(tried) order by ord limit 1) = $1
  order by due_at, id limit $7
), u as (
  update outqueue q set carrier = $1, alternatives = array_remove(q.alternatives, $1) || $2
  where q.id = any(array(select id from w)) and q.carrier + 0 = $2 and not q.marked
  returning q.id
), e as (
  select due_at, id from (select due_at, id from w where (select count(*) from w) = $7
                          union all select due_at, id from s where (select count(*) from w) < $7) x
  order by due_at desc, id desc limit 1
)
select (select count(*) from u) as taken, e.due_at, e.id
from (select) x left join e on (select count(*) from s) = 5000 or (select count(*) from w) = $7;

-- name: unserved
-- Carriers but those named that have rows, and whether some of them are marked.
select c.name, exists (select from outqueue where carrier = c.id and marked) as marked
from carrier c
where c.name <> all($1::text[]) and exists (select from outqueue where carrier = c.id);
