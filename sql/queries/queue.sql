-- These run on connections whose planner may not scan sequentially: the queue is empty most of the time, autovacuum
-- says so, and a cached plan would keep the scan when a million rows come.

-- name: claim
-- The next messages of a system in order of arrival, passing over the senders that are served apart. Writes nothing:
-- the lease on the system is the lease.
select q.message, q.sender as lane, q.attempts, q.in_doubt, q.due_at, r.sender, r.recipient, r.text, r.data, r.received_at,
       r.carrier, r.parts, r.state, r.label
from (select * from queue where system = $1 and message > $2 and not sender = any($3::bigint[]) order by message limit $4) q
join received r on r.id = q.message
order by q.message;

-- name: claim_sender
select q.message, q.sender as lane, q.attempts, q.in_doubt, q.due_at, r.sender, r.recipient, r.text, r.data, r.received_at,
       r.carrier, r.parts, r.state, r.label
from (select * from queue where sender = $2 and message > $3 and system = $1 order by sender, message limit $4) q
join received r on r.id = q.message
order by q.message;

-- name: sweep
-- What stands behind the cursor and is in nobody's hands: ids that were committed late, replays.
select q.message, q.sender as lane, q.attempts, q.in_doubt, q.due_at, r.sender, r.recipient, r.text, r.data, r.received_at,
       r.carrier, r.parts, r.state, r.label
from (select * from queue where system = $1 and message <= $2 and not sender = any($3::bigint[])
        and not message = any($4::bigint[]) order by message limit $5) q
join received r on r.id = q.message
order by q.message;

-- name: record_delivered
with d as (delete from queue where system = $1 and message = any($2::bigint[]) returning message, attempts)
insert into outcome (message, system, state, attempts) select message, $1, 1, attempts + 1 from d;

-- name: record_dead
with k as (select * from unnest($2::bigint[], $3::text[]) k(message, reason)),
 d as (delete from queue q where system = $1 and message = any($2::bigint[]) returning message, attempts)
insert into outcome (message, system, state, attempts, reason)
select d.message, $1, 2, d.attempts + 1, k.reason from d join k using (message);

-- name: record_retry
update queue q set due_at = o.due, attempts = attempts + o.counted, in_doubt = q.in_doubt or o.in_doubt, reason = o.reason
from unnest($2::bigint[], $3::timestamptz[], $4::smallint[], $5::boolean[], $6::text[]) o(message, due, counted, in_doubt, reason)
where q.system = $1 and q.message = o.message;

-- name: add_outbound
insert into outbound (system, reference, sender, recipient, text)
select $1, u.* from unnest($2::text[], $3::text[], $4::text[], $5::text[]) u
on conflict (system, reference) do nothing;

-- name: depth
-- Waiting messages per system, counted no further than it takes to say "many".
select s.name, (select count(*) from (select 1 from queue q where q.system = s.id limit 1000000) x) as waiting,
       (select r.received_at from queue q join received r on r.id = q.message
         where q.system = s.id order by q.message limit 1) as oldest
from system s order by s.name;
