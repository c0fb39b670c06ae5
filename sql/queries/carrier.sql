-- What routing and people ask about carriers.

-- name: health
-- Up: its owner saw a bound link within the last seconds. $1: how long that may be ago.
select name, id, coalesce(up_at > now() - $1::interval, false) as up, paused_at is not null as paused,
       coalesce(refusing_until > now(), false) as refusing, reason
from carrier;

-- name: set_up
-- $2: whether a link is bound that can send. The time is the database's, the same for all nodes.
update carrier set up_at = case when $2 then now() end where id = $1;

-- name: set_refusing
update carrier set refusing_until = case when $2::interval is not null then now() + $2::interval end, reason = $3
where id = $1;

-- name: set_limited
-- $4: in words, unless what it refuses with is told.
update carrier set limited_by = $2, pace = $3, reason = case when refusing_until is null then $4 else reason end
where id = $1;

-- name: pause
update carrier set paused_at = coalesce(paused_at, now()) where name = $1 returning id;

-- name: resume
update carrier set paused_at = null where name = $1 returning id;
