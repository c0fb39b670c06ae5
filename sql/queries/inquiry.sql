-- What carriers are asked about messages that they have. Most carriers answer neither question, so rows are few.

-- name: query
-- What became of these? Not where the carrier is asked about one already.
insert into inquiry (message, carrier, cancel)
select id, carrier, false from outbound where id = any($1::bigint[]) and state = 3 order by id
on conflict (message) do nothing;

-- name: cancel
-- Drop this one, of system $2, or of any; only by the carriers $3. $4: in words, until it has an answer.
with o as (
  update outbound set cancelling = true, reason = $4
  where id = $1 and state = 3 and carrier = any(array(select id from carrier where name = any($3::text[])))
    and ($2::text is null or system = (select id from system where name = $2))
  returning id, carrier
)
insert into inquiry (message, carrier, cancel) select id, carrier, true from o
on conflict (message) do update set cancel = true
returning message;

-- name: next
-- The next to be asked of a carrier, with its parts; what is to be dropped goes first.
select i.message, i.cancel, coalesce(o.state = 3, false) as open, o.sender, p.number, p.total, p.state, p.message_id,
       p.stat, p.error, p.done_at is not null as done
from (select message, cancel from inquiry where carrier = $1 order by cancel desc, message limit 1) i
left join lateral (select state, sender from outbound where id = i.message offset 0) o on true
left join lateral (select number, total, state, message_id, stat, error, done_at from outpart
                   where message = i.message offset 0) p on true
order by p.number;

-- name: heard
-- What the carrier said of a part when it was asked, kept as a receipt: $1 message, $2 its id there, $3 state, $4 stat,
-- $5 error, $6 carrier.
with r as (
  insert into receipt (id, carrier, link, session, digest, sender, recipient, message_id, state, stat, error, raw)
  select nextval('entry_id'), $6, 0, 0, 0, recipient, sender, $2, $3, $4, $5, '' from outbound where id = $1
  returning id, carrier
), p as (
  insert into parked (carrier, receipt) select carrier, id from r
)
select id from r;

-- name: kept
-- The carrier did not drop it all: $2 says why.
update outbound set cancelling = null, reason = $2 where id = $1 and state = 3;

-- name: done
delete from inquiry where message = $1 and cancel = $2;

-- name: forget
delete from inquiry where message = any($1::bigint[]);
