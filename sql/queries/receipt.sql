-- Receipts and the parts they speak of. A row in parked is the right to match its receipt: who deletes it, does.

-- name: candidates
-- Parts of carrier $1 that share a form of their id with a receipt: the newest hundred for each form.
select k.receipt, p.message, p.number, p.message_id, p.state, p.done_at is not null as done, o.sender, o.recipient
from unnest($2::bigint[], $3::text[]) k(receipt, key)
cross join lateral (select message, number from outkey where carrier = $1 and key = k.key
                    order by message desc limit 100) h
cross join lateral (select message, number, message_id, state, done_at from outpart
                    where message = h.message and number = h.number offset 0) p
cross join lateral (select sender, recipient from outbound where id = p.message offset 0) o;

-- name: claim
with d as (delete from parked where carrier = $1 and receipt = any($2::bigint[]) returning receipt)
select r.id, r.state, r.stat, r.error, r.raw
from d cross join lateral (select id, state, stat, error, raw from receipt where id = d.receipt offset 0) r
order by r.id;

-- name: assign
update receipt r set message = k.message, number = k.number
from unnest($1::bigint[], $2::bigint[], $3::smallint[]) k(id, message, number)
where r.id = k.id and r.id = any($1::bigint[]);

-- name: lock
-- Whoever moves a message by its parts holds its row first and reads them afterwards, in another statement: so of two
-- who change different parts the second sees what the first has done.
select id, state, report, coalesce(cancelling, false) and state = 3 as cancelling
from outbound where id = any($1::bigint[]) order by id for update;

-- name: parts
select message, number, total, state, message_id, stat, error, done_at is not null as done
from outpart where message = any($1::bigint[]) order by message, number;

-- name: update_parts
update outpart p set state = k.state, stat = k.stat, error = k.error,
  done_at = case when k.done then coalesce(p.done_at, now()) end
from unnest($1::bigint[], $2::smallint[], $3::smallint[], $4::text[], $5::text[], $6::boolean[])
     k(message, number, state, stat, error, done)
where p.message = k.message and p.number = k.number and p.message = any($1::bigint[]);

-- name: end_messages
update outbound o set state = k.state, reason = k.reason, ended_at = now()
from unnest($1::bigint[], $2::smallint[], $3::text[]) k(id, state, reason)
where o.id = k.id and o.id = any($1::bigint[]);

-- name: on_the_way
-- What receipts said on the way and no report says yet: the first of each kind.
select distinct on (message, state) r.*
from unnest($1::bigint[]) k(id)
cross join lateral (
  select message, number, id, state, stat, error, raw from receipt
  where message = k.id and state in ('scheduled', 'enroute', 'accepted') offset 0) r
where not exists (select from report p where p.outbound = r.message and p.state = 1 and p.reason = r.state offset 0)
order by message, state, id;

-- name: deciding
-- The receipts of parts that had their last word before their message was sent.
select r.message, r.number, r.raw
from unnest($1::bigint[]) k(id)
cross join lateral (
  select id, message, number, raw from receipt
  where message = k.id and state not in ('scheduled', 'enroute', 'accepted', 'unknown') offset 0) r
order by r.id;

-- name: seen_parts
-- Of these messages, those of which a receipt has told something.
select distinct message from outpart where message = any($1::bigint[]) and stat <> '';

-- name: parked
-- What waits for its part at a carrier, behind $2, by age.
select r.id, r.keys, r.message_id, r.sender, r.recipient, r.state
from (select receipt from parked where carrier = $1 and receipt > $2 order by receipt limit $3) p
cross join lateral (select id, keys, message_id, sender, recipient, state from receipt where id = p.receipt offset 0) r
order by r.id;

-- name: give_up
-- Those that waited longer than $2, oldest first; how many.
with look as materialized (
  select p.receipt, coalesce(r.received_at < now() - $2::interval, true) as ripe
  from (select receipt from parked where carrier = $1 order by receipt limit 2000) p
  left join lateral (select received_at from receipt where id = p.receipt offset 0) r on true
), d as (
  delete from parked where carrier = $1 and receipt = any(array(select receipt from look where ripe)) returning receipt
)
select count(*) from d;

-- name: count_parked
select count(*) from (select 1 from parked where carrier = $1 limit 1000000) x;
