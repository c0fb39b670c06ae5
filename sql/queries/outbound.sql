-- Messages that systems gave us: taken, looked up, withdrawn. What the sender does with them stands in outqueue.sql.
-- "(… in (select …)) is true" is hashed and never made a join, for which these connections know only nested loops.

-- name: add
-- Messages and, where a carrier is named, their queue rows in one round trip. A null id in the answer: the system has
-- used this reference before. $1..$17 are parallel arrays. What is never null and the same in all rows is given once; of
-- what may be null the array is empty if it is null in all. So less is written, sent and read. Carrier -1: not queued.
with n as materialized (
  select nextval('entry_id') as id, coalesce(u.system, $1[1]) as system, u.reference, u.fingerprint,
         coalesce(u.sender, $4[1]) as sender, u.recipient, u.text, u.data, u.options,
         coalesce(u.priority, $9[1]) as priority, coalesce(u.parts, $10[1]) as parts,
         coalesce(u.state, $11[1]) as state, coalesce(u.reason, $12[1]) as reason,
         coalesce(u.report, $13[1]) as report, coalesce(u.expires_at, $14[1]) as expires_at, u.due_at,
         nullif(coalesce(u.carrier, $16[1]), -1) as carrier, coalesce(u.alternatives, $17[1]) as alternatives, u.ord
  from unnest($1::smallint[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::bytea[], $8::text[],
              $9::smallint[], $10::smallint[], $11::smallint[], $12::text[], $13::integer[], $14::timestamptz[],
              $15::timestamptz[], $16::smallint[], $17::text[])
       with ordinality u(system, reference, fingerprint, sender, recipient, text, data, options, priority, parts, state,
                         reason, report, expires_at, due_at, carrier, alternatives, ord)
), m as (
  insert into outbound (id, system, reference, fingerprint, sender, recipient, text, data, options, priority, parts,
                        state, reason, report, expires_at, carrier, ended_at)
  select id, system, reference, fingerprint, sender, recipient, text, data, options::jsonb, priority, parts,
         state, reason, report, expires_at, carrier, case when state > 3 then now() end
  from n
  on conflict (system, reference) where reference is not null do nothing
  returning id
), q as (
  insert into outqueue (carrier, priority, due_at, id, expires_at, alternatives)
  select carrier, priority, coalesce(due_at, now()), id, expires_at, alternatives::smallint[]
  from n where state = 1 and (id in (select id from m)) is true
)
select array_agg(case when id in (select id from m) then id end order by ord) from n;

-- name: known
-- What stands under references that were used before.
select k.ord, o.id, o.fingerprint, o.state, o.reason, o.parts
from unnest($1::smallint[], $2::text[]) with ordinality k(system, reference, ord)
cross join lateral (select id, fingerprint, state, reason, parts from outbound where system = k.system and reference = k.reference offset 0) o;

-- name: life
select * from sent where id = $1 and ($2::text is null or system = $2);

-- name: life_by_reference
select * from sent where id = (
  select o.id from outbound o join system s on s.id = o.system where s.name = $1 and o.reference = $2);

-- name: parts
select p.number, p.total, c.name as carrier, p.state, p.message_id, p.status, p.stat, p.error, p.resends,
       p.submitted_at, p.answered_at, p.done_at
from outpart p join carrier c on c.id = p.carrier where p.message = $1 order by p.number;

-- name: reports
select r.id, r.state, r.reason, r.at,
       coalesce((select array_agg(d.system || ' ' || d.state || case when d.reason <> '' then ': ' || d.reason else '' end
                                  order by d.at) from delivery d where d.message = r.id), '{}') as deliveries
from report r where r.outbound = $1 order by r.id;

-- name: search
-- A null parameter is no condition. Newest first, before $8.
select * from sent
where ($1::text is null or system = $1) and ($2::text is null or state = $2) and ($3::text is null or carrier = $3)
  and ($4::text is null or recipient = $4) and ($5::text is null or sender = $5)
  and ($6::timestamptz is null or created_at >= $6) and ($7::text is null or reference = $7)
  and ($8::bigint is null or id < $8)
order by id desc limit $9;

-- name: cancel
-- Only what no carrier may have: a marked row is on the wire. The lock on the row decides between us and the sender.
with d as (
  delete from outqueue where id = $1 and not marked and attempts = 0
    and exists (select from outbound o join system s on s.id = o.system
                where o.id = $1 and ($2::text is null or s.name = $2))
  returning id
), o as (
  update outbound set state = 10, ended_at = now(), reason = 'cancelled' where id = $1 and id in (select id from d)
  returning id, system, report, recipient
), r as (
  insert into report (id, outbound, system, state, reason)
  select nextval('entry_id'), id, system, 10, 'cancelled' from o where report & (1 << 10) <> 0
  returning id, system, outbound
), q as (
  insert into queue (system, message, sender, kind) select system, id, outbound, 1 from r
)
select id from o;

-- name: receipts
-- What the carrier said of a message's parts, each time, in order.
select r.number as part, c.name as carrier, r.message_id, r.state, r.stat, r.error, r.received_at
from receipt r join carrier c on c.id = r.carrier where r.message = $1 order by r.received_at, r.id;

-- name: carriers
select name, up_at > now() - $1::interval as up, paused_at, refusing_until > now() as refusing, reason, limited_by, pace,
       (select count(*) from (select 1 from outqueue q where q.carrier = c.id limit 1000000) x) as waiting
from carrier c order by name;

-- name: unadmitted
-- Messages of an older version that were never judged; few, and gone for good once they are.
select o.* from unadmitted u
cross join lateral (select id, system, reference, sender, recipient, text, report, expires_at
                    from outbound where id = u.id offset 0) o
where o.system = $1 order by o.id limit $2;

-- name: admit
-- Parallel arrays. Who deletes the row of unadmitted has the message.
with n as materialized (
  select * from unnest($1::bigint[], $2::text[], $3::text[], $4::smallint[], $5::smallint[], $6::text[], $7::integer[],
                       $8::smallint[], $9::text[])
         u(id, sender, recipient, parts, state, reason, report, carrier, alternatives)
), d as (
  delete from unadmitted where id = any($1::bigint[]) returning id
), o as (
  update outbound m set sender = n.sender, recipient = n.recipient, parts = n.parts, state = n.state, reason = n.reason,
    report = n.report, carrier = n.carrier, ended_at = case when n.state > 3 then now() end
  from n where m.id = n.id and m.id = any($1::bigint[]) and m.state = 1 and (n.id in (select id from d)) is true
  returning m.id, m.expires_at
), q as (
  insert into outqueue (carrier, priority, due_at, id, expires_at, alternatives)
  select n.carrier, 0, now(), o.id, o.expires_at, n.alternatives::smallint[]
  from o join n on n.id = o.id where n.state = 1
)
select id from o;
