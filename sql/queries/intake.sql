-- name: add_messages
-- Messages and their queue rows in one round trip. $1..$15 are parallel arrays; targets is a text form of smallint[].
with n as materialized (
  select nextval('entry_id') as id, u.*
  from unnest($1::smallint[], $2::smallint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::bytea[],
              $9::smallint[], $10::smallint[], $11::smallint[], $12::smallint[], $13::text[], $14::text[], $15::text[], $16::text[])
       with ordinality u(carrier, link, session, digest, sender, recipient, text, data,
                         data_coding, esm_class, state, parts, missing, label, problem, targets, ord)
), m as (
  insert into received (id, carrier, link, session, digest, sender, recipient, text, data, data_coding, esm_class, state,
                        parts, missing, label, problem)
  select id, carrier, link, session, digest, sender, recipient, text, data, data_coding, esm_class, state,
         parts, missing::smallint[], label, problem
  from n
), q as (
  insert into queue (system, message, sender)
  select t.system, n.id, hashtextextended(n.sender, 0)
  from n cross join lateral unnest(n.targets::smallint[]) t(system)
)
select array_agg(id order by ord) from n;

-- name: add_receipts
-- keys: JSON. What has an id waits in parked until it is matched.
with n as materialized (
  select nextval('entry_id') as id, u.*
  from unnest($1::smallint[], $2::smallint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[],
              $9::text[], $10::text[], $11::bytea[], $12::text[])
       with ordinality u(carrier, link, session, digest, sender, recipient, message_id, state, stat, error, raw, keys, ord)
), m as (
  insert into receipt (id, carrier, link, session, digest, sender, recipient, message_id, state, stat, error, raw, keys)
  select id, carrier, link, session, digest, sender, recipient, message_id, state, stat, error, raw,
         array(select jsonb_array_elements_text(keys::jsonb))
  from n
), p as (
  insert into parked (carrier, receipt) select carrier, id from n where keys <> '[]'
)
select array_agg(id order by ord) from n;

-- The shapes of the next statements leave the planner one way only, also when it plans them on empty tables: see queue.sql.

-- name: lock_sets
-- One writer at a time per set, over all nodes. Keys come sorted, so two writers never wait for each other in a ring.
select pg_advisory_xact_lock(k) from unnest($1::bigint[]) k;

-- name: parts_of_sets
select p.carrier, p.sender, p.recipient, p.kind, p.reference, p.total, p.number, p.digest, p.data_coding, p.esm_class,
       p.body, p.header, p.message, p.received_at, p.session, p.link,
       p.received_at > now() - $7::interval as recent
from unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::smallint[])
     k(carrier, sender, recipient, kind, reference, total)
cross join lateral (select * from part where carrier = k.carrier and sender = k.sender and recipient = k.recipient
                      and kind = k.kind and reference = k.reference and total = k.total offset 0) p;

-- name: drop_sets
delete from part where id = any(array(
  select p.id
  from unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::smallint[])
       k(carrier, sender, recipient, kind, reference, total)
  cross join lateral (select id from part where carrier = k.carrier and sender = k.sender and recipient = k.recipient
                        and kind = k.kind and reference = k.reference and total = k.total offset 0) p));

-- name: add_parts
with n as materialized (
  select nextval('entry_id') as id, u.*
  from unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::smallint[], $7::smallint[],
              $8::bigint[], $9::smallint[], $10::bigint[], $11::smallint[], $12::smallint[], $13::bytea[], $14::bytea[],
              $15::bigint[])
       with ordinality u(carrier, sender, recipient, kind, reference, total, number,
                         session, link, digest, data_coding, esm_class, body, header, message, ord)
), m as (
  insert into part (carrier, sender, recipient, kind, reference, total, number, id, session, link, digest, data_coding,
                    esm_class, body, header, message)
  select carrier, sender, recipient, kind, reference, total, number, id, session, link, digest, data_coding, esm_class, body,
         header, message
  from n
)
select array_agg(id order by ord) from n;

-- name: finish_sets
-- The parts have become messages: keep them as markers without their octets.
with hit as materialized (
  select p.id, k.message
  from unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::smallint[], $7::bigint[])
       k(carrier, sender, recipient, kind, reference, total, message)
  cross join lateral (select id from part where carrier = k.carrier and sender = k.sender and recipient = k.recipient
                        and kind = k.kind and reference = k.reference and total = k.total offset 0) p
)
update part p set message = hit.message, body = null, header = null
from hit where p.id = hit.id and p.id = any(array(select id from hit));

-- name: overdue_sets
-- Sets of one carrier whose last part came too long ago. "+ 0": only the index on what waits, by time, may be taken.
with old as materialized (
  select * from part where message is null and received_at < now() - $2::interval and carrier + 0 = $1
  order by received_at limit 5000
)
select p.sender, p.recipient, p.kind, p.reference, p.total
from (select sender, recipient, kind, reference, total, max(received_at) as latest
      from old group by 1, 2, 3, 4, 5) p
where not exists (
  select from part l where l.carrier = $1 and l.sender = p.sender and l.recipient = p.recipient and l.kind = p.kind
    and l.reference = p.reference and l.total = p.total and l.message is null and l.received_at >= now() - $2::interval)
order by p.latest
limit 500;

-- name: forget_parts
delete from part where id = any(array(
  select id from part where message is not null and received_at < now() - $1::interval order by received_at limit 2000));

-- name: add_dead
-- Incomplete sets that are not delivered by the carrier's choice: visible and replayable.
insert into outcome (message, system, state, attempts, reason)
select k.message, t.system, 2, 0, k.reason
from unnest($1::bigint[], $2::text[], $3::text[]) k(message, targets, reason)
cross join lateral unnest(k.targets::smallint[]) t(system);
