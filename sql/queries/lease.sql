-- name: seen
-- Returns who said so before us under this name.
with before as (select instance from node where name = $1)
insert into node (name, instance, version, seen_at) values ($1, $2, $3, now())
on conflict (name) do update set instance = $2, version = $3, seen_at = now()
returning (select instance from before);

-- name: gone
delete from node where name = $1 and instance = $2;

-- name: take
-- Taken when free, expired, ours already, or held by an earlier life of this node.
insert into lease (name, node, instance, expires_at) values ($1, $2, $3, now() + $4::interval)
on conflict (name) do update set node = $2, instance = $3, expires_at = now() + $4::interval
where lease.instance = $3 or lease.node = $2 or lease.expires_at < now()
returning name;

-- name: renew
-- Only when nobody had it since: who had may have left something under way.
update lease set expires_at = now() + $3::interval where name = $1 and instance = $2 returning name;

-- name: release
delete from lease where name = $1 and instance = $2;

-- name: carrier_id
with found as (select id from carrier where name = $1),
 made as (insert into carrier (name) select $1 where not exists (select from found) on conflict do nothing returning id)
select id from found union all select id from made;

-- name: system_id
with found as (select id from system where name = $1),
 made as (insert into system (name) select $1 where not exists (select from found) on conflict do nothing returning id)
select id from found union all select id from made;

-- name: installation
select id from installation;
