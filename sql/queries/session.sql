-- name: begin_session
insert into session (carrier, link, node, instance, proved_upto)
select $1, $2, $3, $4, case when is_called then last_value else 0 end from entry_id
returning id, proved_upto;

-- name: sessions_over
-- Sessions of a carrier that can take nothing more and whose doubts are not written down yet: ended, of an
-- earlier life of this node, of a node that is no longer seen, or of one that has lost the carrier's lease to us.
select s.id, s.proved_upto, s.instance
from session s left join node n on n.name = s.node and n.instance = s.instance
where s.carrier = $1 and not s.settled
  and (s.ended_at is not null or (s.instance <> $3 and (n.name is null or n.seen_at < now() - $2::interval
       or exists (select from lease l join carrier c on c.id = $1 where l.name = 'carrier/' || c.name and l.instance = $3))))
for update of s;

-- A session has one carrier, which is not asked for again here: no index may be taken but the one on id.

-- name: doubt_received
insert into doubt (id, carrier, digest, expires_at)
select id, $3, digest, 'infinity' from received
where id > $1 and session = $2 and parts = 1
on conflict do nothing;

-- name: doubt_parts
insert into doubt (id, carrier, digest, expires_at)
select id, $3, digest, 'infinity' from part
where id > $1 and session = $2
on conflict do nothing;

-- name: doubt_receipts
insert into doubt (id, carrier, digest, expires_at)
select id, $3, digest, 'infinity' from receipt
where id > $1 and session = $2
on conflict do nothing;

-- name: settle_session
update session set settled = true, ended_at = coalesce(ended_at, now()) where id = $1;

-- name: reopen_doubts
-- A repeat was recognised, but the session that did so ended before its answer was proved.
update doubt set matched = null where carrier = $2 and matched = $1;

-- name: reopen_unheard
-- The same after a commit of which nobody heard: only the repeats in $3 are known to have been answered.
update doubt set matched = null where carrier = $2 and matched = $1 and id not in (select unnest($3::bigint[]));

-- name: forget_doubts
delete from doubt where carrier = $1 and expires_at <= now();

-- name: extend_doubts
-- The time in which a repeat is expected counts from the carrier's return, not from the cut. $3: it was away.
update doubt set expires_at = now() + $2::interval where carrier = $1 and ($3::boolean or expires_at = 'infinity');

-- name: open_doubts
select id, digest from doubt where carrier = $1 and matched is null;

-- name: match_doubts
-- The database decides, so that two nodes never both take one doubt for theirs.
update doubt set matched = k.session
from unnest($1::bigint[], $2::bigint[]) k(id, session)
where doubt.id = k.id and doubt.id = any($1::bigint[]) and doubt.matched is null and doubt.expires_at > now()
returning doubt.id;

-- name: drop_doubts
delete from doubt where id = any($1::bigint[]);

-- name: prove_session
update session set proved_upto = greatest(proved_upto, $2) where id = $1;

-- name: end_session
update session set ended_at = now() where id = $1 and ended_at is null;

-- name: forget_sessions
delete from session where settled and ended_at < now() - interval '7 days';

-- name: set_link_state
insert into link_state (carrier, link, node, state, reason, peer, since) values ($1, $2, $3, $4, $5, $6, now())
on conflict (carrier, link) do update set node = $3, state = $4, reason = $5, peer = $6,
  since = case when link_state.state = $4 then link_state.since else now() end;

-- name: begin_writer
-- Marks the server process that writes for one life of a node, for as long as it is there.
select pg_advisory_lock_shared($1);

-- name: end_writers
-- Server processes that wrote for these lives of nodes: one may still be about to commit. False: one does not end.
select bool_and(pg_terminate_backend(pid, 1000)) from pg_locks
where locktype = 'advisory' and objsubid = 1 and pid <> pg_backend_pid()
  and database = (select oid from pg_database where datname = current_database())
  and (classid::bigint << 32 | objid::bigint) = any($1::bigint[]);
