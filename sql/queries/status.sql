-- name: links
select c.name as carrier, l.link, l.node, l.state, l.reason, l.peer, l.since
from link_state l join carrier c on c.id = l.carrier order by 1, 2;

-- name: systems
-- Everything is counted no further than it takes to say "many"; what is tried again stands among the oldest.
select s.name, s.paused_since, s.paused_until, s.paused_reason, s.held_at, s.held_by,
       (select count(*) from (select 1 from queue q where q.system = s.id limit 1000000) x) as waiting,
       (select count(*) from (select q.attempts from queue q where q.system = s.id order by q.message limit 10000) x
         where x.attempts > 0) as retrying,
       (select coalesce((select received_at from received where id = m.id), (select at from report where id = m.id))
        from (select min(q.message) as id from queue q where q.system = s.id) m) as oldest,
       (select count(*) from (
          select 1 from outcome o where o.system = s.id and o.state = 2
            and not exists (select from outcome l where l.message = o.message and l.system = o.system and l.at > o.at)
            and not exists (select from queue q where q.message = o.message and q.system = o.system)
          limit 100000) x) as dead,
       (select x.reason from (select q.attempts, q.reason from queue q where q.system = s.id order by q.message limit 10000) x
         where x.attempts > 0 limit 1) as reason,
       (select l.node from lease l where l.name = 'system/' || s.name and l.expires_at > now()) as node
from system s order by s.name;

-- name: carriers
-- What waits for each and how it stands. Counted no further than it takes to say "many"; what is on its way (marked)
-- stands among the first of its priority. The oldest is the one that has been due for longest.
select c.name, coalesce(c.up_at > now() - $1::interval, false) as up, c.paused_at,
       case when c.refusing_until > now() then c.refusing_until end as refusing_until, c.reason, c.limited_by, c.pace,
       coalesce(q.waiting, 0) - coalesce(q.scheduled, 0) - coalesce(q.sending, 0) as queued,
       coalesce(q.scheduled, 0) as scheduled, coalesce(q.sending, 0) as sending, q.oldest,
       (select l.node from lease l where l.name = 'carrier/' || c.name and l.expires_at > now()) as node
from carrier c
cross join lateral (
  select sum(w.count)::bigint as waiting, sum(s.count)::bigint as scheduled, sum(m.count)::bigint as sending,
         min(m.oldest) as oldest
  from generate_series(0, 3) p(priority)
  cross join lateral (
    select count(*) from (select from outqueue where carrier = c.id and priority = p.priority limit 1000000) x) w
  cross join lateral (
    select count(*) from (select from outqueue where carrier = c.id and priority = p.priority and due_at > now()
                          limit 1000000) x) s
  cross join lateral (
    select count(*) filter (where x.marked), min(x.due_at) as oldest
    from (select marked, due_at from outqueue where carrier = c.id and priority = p.priority and due_at <= now()
          order by due_at, id limit 5000) x) m
  offset 0) q
order by c.name;

-- name: recent
select c.name as carrier, count(*) filter (where r.received_at > now() - interval '1 minute') as last_minute, count(*) as last_hour
from received r join carrier c on c.id = r.carrier
where r.id > (select coalesce(max(id), 0) - 200000 from received) and r.received_at > now() - interval '1 hour'
group by 1 order by 1;

-- name: attention
select count(*) filter (where state = 2) as unrouted, count(*) filter (where state = 4) as quarantined,
       count(*) filter (where state = 1) as incomplete
from received where state <> 0;

-- name: nodes
select name, version, seen_at, seen_at > now() - interval '15 seconds' as alive from node order by name;

-- name: set_paused
-- $2: until when, null for a system that is asked as usual.
update system set paused_since = case when $2::timestamptz is not null then coalesce(paused_since, now()) end,
  paused_until = $2, paused_reason = $3
where id = $1 and (paused_since is not null or $2::timestamptz is not null);

-- name: hold
-- By the operator $2; whoever did it first stands.
update system set held_by = case when held_at is null then $2 else held_by end, held_at = coalesce(held_at, now())
where id = $1;

-- name: let_go
update system set held_at = null, held_by = '' where id = $1;

-- name: held
select coalesce((select held_at is not null from system where name = $1), false);
