-- name: blank_texts
-- A bounded share at a time, so that housekeeping never holds back a message.
with old as (
  select id from received where received_at < now() - $1::interval and (text is not null or data is not null)
    and not exists (select from queue q where q.message = received.id)
    and id > $2 order by id limit 2000
)
update received r set text = null, data = null from old where r.id = old.id returning r.id;

-- name: forget_received
with old as (
  select id from received where received_at < now() - $1::interval
    and not exists (select from queue q where q.message = received.id)
  order by id limit 2000
), o as (delete from outcome where message in (select id from old))
delete from received r using old where r.id = old.id returning r.id;

-- name: forget_receipts
with old as (select id from receipt where received_at < now() - $1::interval order by id limit 2000)
delete from receipt r using old where r.id = old.id;

-- name: incomplete_sets
select count(*) from (select 1 from part where message is null group by carrier, sender, recipient, kind, reference, total) s;

-- name: database_size
select pg_database_size(current_database());
