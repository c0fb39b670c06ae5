-- Prepared once and used for weeks, planned when the tables were empty: the shapes below leave the planner one way only.
-- "lateral … offset 0" reads `received` row by row of the queue, "not in (select unnest(…))" hashes what is passed over.

-- Of the two laterals only the one of the row's kind touches its table. The last parameter of the claims says which
-- kinds are asked for: 0 messages, 1 reports.

-- name: claim
-- The next messages of a system in order of arrival, passing over the senders that are served apart. Writes nothing:
-- the lease on the system is the lease.
select q.message, q.sender as lane, q.attempts, q.in_doubt, q.due_at, q.kind, r.sender, r.recipient, r.text, r.data,
       r.received_at, coalesce(r.carrier, n.carrier) as carrier, r.parts, r.state, r.label, n.outbound, n.reference,
       n.report_state, n.reason, n.detail, n.number, n.phone, n.options, n.at
from (select * from queue where system = $1 and message > $2 and sender not in (select unnest($3::bigint[]))
        and kind = any($5::smallint[]) order by message limit $4) q
left join lateral (select * from received where id = q.message and q.kind = 0 offset 0) r on true
left join lateral (select p.outbound, p.state as report_state, p.reason, p.detail, p.at, o.reference, o.sender as number,
                          o.recipient as phone, o.options, o.carrier
                   from (select * from report where id = q.message and q.kind = 1 offset 0) p
                   cross join lateral (select * from outbound where id = p.outbound offset 0) o offset 0) n on true
order by q.message;

-- name: claim_sender
select q.message, q.sender as lane, q.attempts, q.in_doubt, q.due_at, q.kind, r.sender, r.recipient, r.text, r.data,
       r.received_at, coalesce(r.carrier, n.carrier) as carrier, r.parts, r.state, r.label, n.outbound, n.reference,
       n.report_state, n.reason, n.detail, n.number, n.phone, n.options, n.at
from (select * from queue where sender = $2 and message + 0 > $3 and system = $1
        and kind = any($5::smallint[]) order by sender, message + 0 limit $4) q
left join lateral (select * from received where id = q.message and q.kind = 0 offset 0) r on true
left join lateral (select p.outbound, p.state as report_state, p.reason, p.detail, p.at, o.reference, o.sender as number,
                          o.recipient as phone, o.options, o.carrier
                   from (select * from report where id = q.message and q.kind = 1 offset 0) p
                   cross join lateral (select * from outbound where id = p.outbound offset 0) o offset 0) n on true
order by q.message;

-- name: sweep
-- What stands behind the cursor, in ($2, $3], and is in nobody's hands: ids that were committed late, replays.
select q.message, q.sender as lane, q.attempts, q.in_doubt, q.due_at, q.kind, r.sender, r.recipient, r.text, r.data,
       r.received_at, coalesce(r.carrier, n.carrier) as carrier, r.parts, r.state, r.label, n.outbound, n.reference,
       n.report_state, n.reason, n.detail, n.number, n.phone, n.options, n.at
from (select * from queue where system = $1 and message > $2 and message <= $3 and sender not in (select unnest($4::bigint[]))
        and message not in (select unnest($5::bigint[])) and kind = any($7::smallint[])
      order by message limit $6) q
left join lateral (select * from received where id = q.message and q.kind = 0 offset 0) r on true
left join lateral (select p.outbound, p.state as report_state, p.reason, p.detail, p.at, o.reference, o.sender as number,
                          o.recipient as phone, o.options, o.carrier
                   from (select * from report where id = q.message and q.kind = 1 offset 0) p
                   cross join lateral (select * from outbound where id = p.outbound offset 0) o offset 0) n on true
order by q.message;

-- The same for reports alone, by their own index.

-- name: claim_reports
select q.message, q.sender as lane, q.attempts, q.in_doubt, q.due_at, q.kind,
       p.outbound, p.state as report_state, p.reason, p.detail, p.at, o.reference, o.sender as number,
       o.recipient as phone, o.options, o.carrier
from (select * from queue where system = $1 and kind = 1 and message + 0 > $2
        and sender not in (select unnest($3::bigint[])) order by message + 0 limit $4) q
cross join lateral (select * from report where id = q.message offset 0) p
cross join lateral (select * from outbound where id = p.outbound offset 0) o
order by q.message;

-- name: sweep_reports
select q.message, q.sender as lane, q.attempts, q.in_doubt, q.due_at, q.kind,
       p.outbound, p.state as report_state, p.reason, p.detail, p.at, o.reference, o.sender as number,
       o.recipient as phone, o.options, o.carrier
from (select * from queue where system = $1 and kind = 1 and message + 0 > $2 and message + 0 <= $3
        and sender not in (select unnest($4::bigint[])) and message not in (select unnest($5::bigint[]))
      order by message + 0 limit $6) q
cross join lateral (select * from report where id = q.message offset 0) p
cross join lateral (select * from outbound where id = p.outbound offset 0) o
order by q.message;

-- name: share
-- Where the next $4 rows in ($2, $3] end; null when there are fewer.
select message from queue where system = $1 and message > $2 and message <= $3 order by message offset $4 limit 1;

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
where q.system = $1 and q.message = o.message and q.message = any($2::bigint[]);
