-- The inbound half: what carriers gave us, where it must go, and what became of it.

-- Ids that foreign systems keep for ever are made from this one: a fresh database never repeats an old one's.
create table installation (
  id uuid not null default gen_random_uuid(),
  made_at timestamptz not null default now()
);
create unique index installation_one on installation ((true));
insert into installation default values;

-- One row per node name; a running process renews seen_at.
create table node (
  name text primary key,
  instance uuid not null,
  version text not null,
  seen_at timestamptz not null
);

-- Who may do what only one may do: 'link/vodacom/1' (bind it), 'system/dhis2' (deliver to it).
create table lease (
  name text primary key,
  node text not null,
  instance uuid not null,
  expires_at timestamptz not null
);

create table carrier (
  id smallint generated always as identity primary key,
  name text not null unique
);

-- paused_*: while the system as a whole fails it is not asked but for one delivery at times; for people to look at.
create table system (
  id smallint generated always as identity primary key,
  name text not null unique,
  paused_since timestamptz,
  paused_until timestamptz,
  paused_reason text not null default ''
);

-- One id space for messages, parts and receipts, so that "taken after" can be asked of all of them at once.
create sequence entry_id as bigint cache 1;

-- A session is one bind. proved_upto: the carrier has read our answers to everything up to this id.
create table session (
  id bigint generated always as identity primary key,
  carrier smallint not null references carrier,
  link smallint not null,
  node text not null,
  instance uuid not null,
  began_at timestamptz not null default now(),
  ended_at timestamptz,
  proved_upto bigint not null,
  settled boolean not null default false   -- what it left in doubt stands in table doubt
);
create index session_unsettled on session (carrier) where not settled;

-- What a carrier may send again because our answer may not have reached it.
create table doubt (
  id bigint primary key,                   -- the entry that was taken
  carrier smallint not null references carrier,
  digest bigint not null,
  expires_at timestamptz not null,
  matched bigint                           -- the session that recognised the repeat; its answer is not proved yet
);
create index doubt_carrier on doubt (carrier);

-- The last known state of each link, for people and for other nodes.
create table link_state (
  carrier smallint not null references carrier,
  link smallint not null,
  node text not null,
  state text not null,
  reason text not null default '',
  peer text not null default '',
  since timestamptz not null default now(),
  primary key (carrier, link)
);

-- Every inbound message, whole. History: written once, text blanked after its time.
create table received (
  id bigint primary key,
  carrier smallint not null,
  link smallint not null,
  session bigint not null,
  digest bigint not null,
  sender text not null,
  recipient text not null,
  text text,                               -- null: binary or unreadable, then data holds the octets
  data bytea,
  data_coding smallint not null,
  esm_class smallint not null,
  state smallint not null check (state between 0 and 4),   -- model.MessageState
  parts smallint not null default 1,
  missing smallint[] ,                     -- part numbers that never came
  label text not null default '',
  problem text not null default '',
  received_at timestamptz not null default now()
);
create index received_attention on received (state, id) where state <> 0;

-- Only what is waiting. Left by DELETE, so it stays small while received grows.
-- No statement but the one for a single sender may be able to use the second index: on an empty table both cost the
-- same, and a kept plan with the wrong one reads all of it for each commit. Hence "+ 0", and no system in it.
create table queue (
  system smallint not null,
  message bigint not null,
  sender bigint not null,                  -- hash of the sender: messages of one sender keep their order
  attempts smallint not null default 0,
  in_doubt boolean not null default false, -- an earlier attempt may have reached the system
  due_at timestamptz not null default now(),
  reason text not null default '',
  primary key (system, message)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
create index queue_sender on queue (sender, (message + 0));

-- What became of each delivery. A replayed one may have several rows; the last is the truth.
create table outcome (
  message bigint not null,
  system smallint not null,
  state smallint not null check (state in (1, 2)),          -- model.DeliveryState
  attempts smallint not null,
  reason text not null default '',
  at timestamptz not null default now()
);
create index outcome_message on outcome (message);
create index outcome_dead on outcome (system, message) where state = 2;

-- Parts of concatenated messages. A part of a finished set stays as a marker (body null) so that a late
-- repeat of it is recognised instead of opening a set that can never be full.
create table part (
  carrier smallint not null,
  sender text not null,
  recipient text not null,
  kind text not null,                      -- udh8, udh16, sar
  reference integer not null,
  total smallint not null,
  number smallint not null,
  id bigint not null,
  session bigint not null,
  link smallint not null,
  digest bigint not null,
  data_coding smallint not null,
  esm_class smallint not null,
  body bytea,
  message bigint,                          -- null: waiting for the others
  received_at timestamptz not null default now(),
  primary key (carrier, sender, recipient, kind, reference, total, number)
);
create index part_id on part (id);
create index part_waiting on part (received_at) where message is null;
create index part_finished on part (received_at) where message is not null;

-- Delivery receipts, kept until they are matched to what they speak of.
create table receipt (
  id bigint primary key,
  carrier smallint not null,
  link smallint not null,
  session bigint not null,
  digest bigint not null,
  sender text not null,
  recipient text not null,
  message_id text not null,
  state text not null,
  stat text not null,
  error text not null,
  raw bytea not null,
  received_at timestamptz not null default now()
);
create index receipt_message_id on receipt (carrier, message_id);

-- Messages a system handed us to send. (system, reference) is what makes a repeated hand-out one message.
create table outbound (
  id bigint primary key default nextval('entry_id'),
  system smallint not null references system,
  reference text not null,
  sender text not null,
  recipient text not null,
  text text not null,
  state text not null default 'queued',
  created_at timestamptz not null default now(),
  unique (system, reference)
);

-- For people and their reports: names instead of numbers.
create view message as
select r.id, c.name as carrier, r.link, r.sender, r.recipient, r.text, r.data,
       (array['complete', 'incomplete', 'unrouted', 'blocked', 'quarantined'])[r.state + 1] as state,
       r.parts, r.missing, r.label, r.problem, r.received_at
from received r join carrier c on c.id = r.carrier;

create view delivery as
select q.message, s.name as system, 'pending' as state, q.attempts, q.reason, q.due_at as at
from queue q join system s on s.id = q.system
union all
select o.message, s.name, (array['delivered', 'dead'])[o.state], o.attempts, o.reason, o.at
from outcome o join system s on s.id = o.system;
