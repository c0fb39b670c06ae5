-- name: links
select c.name as carrier, l.link, l.node, l.state, l.reason, l.peer, l.since
from link_state l join carrier c on c.id = l.carrier order by 1, 2;

-- name: systems
select s.name,
       (select count(*) from (select 1 from queue q where q.system = s.id limit 1000000) x) as waiting,
       (select count(*) from (select 1 from queue q where q.system = s.id and q.attempts > 0 limit 100000) x) as retrying,
       (select r.received_at from queue q join received r on r.id = q.message where q.system = s.id
         order by q.message limit 1) as oldest,
       (select count(*) from outcome o where o.system = s.id and o.state = 2
         and not exists (select from outcome l where l.message = o.message and l.system = o.system and l.at > o.at)
         and not exists (select from queue q where q.message = o.message and q.system = o.system)) as dead,
       (select q.reason from queue q where q.system = s.id and q.attempts > 0 order by q.message limit 1) as reason,
       (select l.node from lease l where l.name = 'system/' || s.name and l.expires_at > now()) as node
from system s order by s.name;

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
