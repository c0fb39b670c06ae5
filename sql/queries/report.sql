-- What systems are told of their messages. Each report is a delivery: a row of its own and one in queue, by one id.

-- name: add
-- Parallel arrays: message, state, its bit, reason, detail. Only what the system wants to hear of; ids in the order given.
with n as materialized (
  select nextval('entry_id') as id, w.*
  from (select o.system, u.outbound, u.state, u.reason, u.detail
        from unnest($1::bigint[], $2::smallint[], $3::integer[], $4::text[], $5::text[])
             with ordinality u(outbound, state, bit, reason, detail, ord)
        cross join lateral (select system, report from outbound where id = u.outbound offset 0) o
        where o.report & u.bit <> 0
        order by u.ord offset 0) w
), r as (
  insert into report (id, outbound, system, state, reason, detail)
  select id, outbound, system, state, reason, detail::jsonb from n
), q as (
  insert into queue (system, message, sender, kind) select system, id, outbound, 1 from n
)
select count(*) from n;

-- name: told
-- Which of these messages have a report of this state already.
select outbound from report where outbound = any($1::bigint[]) and state = $2;
