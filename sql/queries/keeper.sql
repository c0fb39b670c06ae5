-- Ids go with time. Each of the first three looks at the next 2000 rows after $2 and stops at the first that is young
-- enough, so that housekeeping neither holds back a message nor reads the whole history in vain. It returns the last id
-- it is done with, null when there is nothing left to do.

-- name: blank_texts
with look as materialized (
  select id, received_at < now() - $1::interval as ripe, text is not null or data is not null as whole,
         not exists (select from system s cross join lateral (
           select from queue where system = s.id and message = received.id offset 0) q) as free
  from received where id > $2 order by id limit 2000
), blanked as (
  update received set text = null, data = null where id = any(array(select id from look where ripe and whole and free))
)
select max(id) from look where ripe;

-- name: forget_received
with look as materialized (
  select id, received_at < now() - $1::interval as ripe,
         not exists (select from system s cross join lateral (
           select from queue where system = s.id and message = received.id offset 0) q) as free
  from received where id > $2 order by id limit 2000
), old as materialized (
  select id from look where ripe and free
), o as (
  delete from outcome where message = any(array(select id from old))
), r as (
  delete from received where id = any(array(select id from old))
)
select max(id) from look where ripe;

-- name: forget_receipts
with look as materialized (
  select id, received_at < now() - $1::interval as ripe from receipt where id > $2 order by id limit 2000
), r as (
  delete from receipt where id = any(array(select id from look where ripe))
)
select max(id) from look where ripe;

-- name: incomplete_sets
select count(*) from (select 1 from part where message is null group by carrier, sender, recipient, kind, reference, total) s;

-- name: database_size
select pg_database_size(current_database());
