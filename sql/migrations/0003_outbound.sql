-- The outbound half: what systems asked us to send, what became of each part, and what the systems are told of it.

-- What routing asks about a carrier, on every node. up_at: when its owner last saw a bound link that can send; it is
-- renewed every two seconds, so a carrier whose owner died is down as soon as one whose links are.
-- refusing_until: it answers nearly everything with an error of its own; others get its turn meanwhile.
-- limited_by: why it is not faster just now (window, pace, carrier, store), for people to look at.
alter table carrier
  add paused_at timestamptz,
  add up_at timestamptz,
  add refusing_until timestamptz,
  add reason text not null default '',
  add limited_by text not null default '',
  add pace real;

-- Every message a system gave us, whole. History: few columns change after it was written, none of them indexed.
alter table outbound rename to handed_out;
create table outbound (
  id bigint primary key default nextval('entry_id'),
  system smallint not null references system,
  reference text,                          -- the system's own id: (system, reference) is one message, however often asked
  fingerprint bigint not null,             -- of all that was asked for: a reference used again for something else shows
  sender text not null,
  recipient text not null,                 -- + and digits, or a short code
  text text,                               -- null: 8-bit content in data, or blanked after its time
  data bytea,
  options jsonb,                           -- what few messages have: model.Options
  priority smallint not null,
  parts smallint not null,
  state smallint not null check (state between 0 and 11),   -- model.OutboundState; while it waits: 1, queued
  reason text not null default '',
  report integer not null default 0,       -- bit 1 << state for each state the system wants to hear of
  carrier smallint,                        -- that moved it, or last tried to
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  sent_at timestamptz,                     -- the carrier has accepted every part
  ended_at timestamptz
) with (fillfactor = 85);
create unique index outbound_reference on outbound (system, reference) where reference is not null;
-- Without the id in it: on an empty table it would cost as much as the primary key to find one by, and a kept plan stays.
create index outbound_recipient on outbound (recipient);

-- Only what is waiting to be sent. priority 3 goes first; within one, what has waited longest (due_at, id).
-- marked: its parts stand in outpart and may be on the wire; only the owner of the carrier's lease touches such a row.
-- alternatives: carriers that may take it over, in the order of preference; tried: those that would not have it.
create table outqueue (
  carrier smallint not null,
  priority smallint not null,
  due_at timestamptz not null,
  id bigint not null,
  expires_at timestamptz not null,
  marked boolean not null default false,
  attempts smallint not null default 0,
  alternatives smallint[] not null default '{}',
  tried smallint[] not null default '{}',
  reason text not null default '',
  primary key (carrier, priority, due_at, id)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
create unique index outqueue_id on outqueue (id);
create index outqueue_expires on outqueue (expires_at);

-- Each part, from just before it is written to the carrier until its receipt.
create table outpart (
  message bigint not null,
  number smallint not null,                -- 1 .. total
  total smallint not null,
  carrier smallint not null,
  state smallint not null check (state between 0 and 6),    -- model.PartState
  reference integer not null,              -- of the concatenated message
  message_id text,                         -- the carrier's, as its response says it
  keys text[],                             -- the forms of it under which a receipt may come: they stand in outkey
  status bigint not null default 0,        -- command_status of the response
  stat text not null default '',           -- of the last receipt
  error text not null default '',
  resends smallint not null default 0,     -- times it was sent again although the carrier may have had it
  submitted_at timestamptz not null default now(),
  answered_at timestamptz,
  done_at timestamptz,                     -- its final receipt
  primary key (message, number)
) with (fillfactor = 70);

-- Under which forms of its message id a receipt finds a part.
create table outkey (
  carrier smallint not null,
  key text not null,
  message bigint not null,
  number smallint not null,
  primary key (carrier, key, message, number)
);

-- Receipts: the forms of the id it names, and what it was matched to. One that waits for its part stands in parked.
alter table receipt add keys text[] not null default '{}', add message bigint, add number smallint;
drop index receipt_message_id;
create index receipt_message on receipt (message) where message is not null;
create table parked (
  carrier smallint not null,
  receipt bigint not null,
  primary key (carrier, receipt)
);
insert into parked (carrier, receipt) select carrier, id from receipt;

-- What a system is told of a message of its: a delivery like any other, in queue and outcome by its id.
create table report (
  id bigint primary key,
  outbound bigint not null,
  system smallint not null,
  state smallint not null,                 -- model.OutboundState
  reason text not null default '',
  detail jsonb not null default '{}',      -- model.ReportDetail: the carrier's id, status, receipt text …
  at timestamptz not null default now()
);
create index report_outbound on report (outbound);

-- kind: 0 a received message, 1 a report.
alter table queue add kind smallint not null default 0;
-- Reports by themselves, without a look at the messages that wait beside them. "+ 0" as above: nobody else may use it.
create index queue_report on queue (system, (message + 0)) where kind = 1;

-- What was handed out by a system before this version: never sent, so it waits for nothing but a route.
insert into outbound (id, system, reference, fingerprint, sender, recipient, text, priority, parts, state, reason,
                      report, created_at, expires_at)
select id, system, reference, 0, sender, recipient, text, 0, 1, 1, '', 0, created_at, now() + interval '3 days'
from handed_out;
drop table handed_out;
-- Rows of outbound without a row in outqueue, in state 1, are admitted (policy, route) by the system's own forwarder.
create table unadmitted (id bigint primary key);
insert into unadmitted (id) select id from outbound;

-- For people and their reports: names instead of numbers.
create view sent as
select o.id, s.name as system, o.reference, o.sender, o.recipient, o.text, o.data,
       case when o.state = 1 and q.marked then 'sending'
            when o.state = 1 and q.due_at > now() and q.attempts = 0 then 'scheduled'
            else (array['scheduled', 'queued', 'sending', 'sent', 'delivered', 'undelivered', 'expired', 'rejected',
                        'failed', 'denied', 'cancelled', 'unknown'])[o.state + 1] end as state,
       case when o.reason <> '' then o.reason else coalesce(q.reason, '') end as reason,
       o.priority, o.parts, coalesce(c.name, d.name) as carrier, coalesce(q.attempts, 0) as attempts, q.due_at,
       o.options, o.created_at, o.expires_at, o.sent_at, o.ended_at
from outbound o join system s on s.id = o.system
left join outqueue q on q.id = o.id
left join carrier c on c.id = q.carrier
left join carrier d on d.id = o.carrier;
