CREATE TABLE public.carrier (
    id smallint NOT NULL,
    name text NOT NULL,
    paused_at timestamp with time zone,
    up_at timestamp with time zone,
    refusing_until timestamp with time zone,
    reason text DEFAULT ''::text NOT NULL,
    limited_by text DEFAULT ''::text NOT NULL,
    pace real
);

ALTER TABLE public.carrier ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.carrier_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.outcome (
    message bigint NOT NULL,
    system smallint NOT NULL,
    state smallint NOT NULL,
    attempts smallint NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT outcome_state_check CHECK ((state = ANY (ARRAY[1, 2])))
);

CREATE TABLE public.queue (
    system smallint NOT NULL,
    message bigint NOT NULL,
    sender bigint NOT NULL,
    attempts smallint DEFAULT 0 NOT NULL,
    in_doubt boolean DEFAULT false NOT NULL,
    due_at timestamp with time zone DEFAULT now() NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    kind smallint DEFAULT 0 NOT NULL
)
WITH (fillfactor='80', autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='20000');

CREATE TABLE public.system (
    id smallint NOT NULL,
    name text NOT NULL,
    paused_since timestamp with time zone,
    paused_until timestamp with time zone,
    paused_reason text DEFAULT ''::text NOT NULL,
    held_at timestamp with time zone,
    held_by text DEFAULT ''::text NOT NULL
);

CREATE VIEW public.delivery AS
 SELECT q.message,
    s.name AS system,
    'pending'::text AS state,
    q.attempts,
    q.reason,
    q.due_at AS at
   FROM (public.queue q
     JOIN public.system s ON ((s.id = q.system)))
UNION ALL
 SELECT o.message,
    s.name AS system,
    (ARRAY['delivered'::text, 'dead'::text])[o.state] AS state,
    o.attempts,
    o.reason,
    o.at
   FROM (public.outcome o
     JOIN public.system s ON ((s.id = o.system)));

CREATE TABLE public.doubt (
    id bigint NOT NULL,
    carrier smallint NOT NULL,
    digest bigint NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    matched bigint
);

CREATE SEQUENCE public.entry_id
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE public.inquiry (
    message bigint NOT NULL,
    carrier smallint NOT NULL,
    cancel boolean NOT NULL
);

CREATE TABLE public.installation (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    made_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.lease (
    name text NOT NULL,
    node text NOT NULL,
    instance uuid NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE TABLE public.link_state (
    carrier smallint NOT NULL,
    link smallint NOT NULL,
    node text NOT NULL,
    state text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    peer text DEFAULT ''::text NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.received (
    id bigint NOT NULL,
    carrier smallint NOT NULL,
    link smallint NOT NULL,
    session bigint NOT NULL,
    digest bigint NOT NULL,
    sender text NOT NULL,
    recipient text NOT NULL,
    text text,
    data bytea,
    data_coding smallint NOT NULL,
    esm_class smallint NOT NULL,
    state smallint NOT NULL,
    parts smallint DEFAULT 1 NOT NULL,
    missing smallint[],
    label text DEFAULT ''::text NOT NULL,
    problem text DEFAULT ''::text NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT received_state_check CHECK (((state >= 0) AND (state <= 4)))
);

CREATE VIEW public.message AS
 SELECT r.id,
    c.name AS carrier,
    r.link,
    r.sender,
    r.recipient,
    r.text,
    r.data,
    (ARRAY['complete'::text, 'incomplete'::text, 'unrouted'::text, 'blocked'::text, 'quarantined'::text])[(r.state + 1)] AS state,
    r.parts,
    r.missing,
    r.label,
    r.problem,
    r.received_at
   FROM (public.received r
     JOIN public.carrier c ON ((c.id = r.carrier)));

CREATE TABLE public.migration (
    number integer NOT NULL,
    name text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.node (
    name text NOT NULL,
    instance uuid NOT NULL,
    version text NOT NULL,
    seen_at timestamp with time zone NOT NULL
);

CREATE TABLE public.outbound (
    id bigint DEFAULT nextval('public.entry_id'::regclass) NOT NULL,
    system smallint NOT NULL,
    reference text,
    fingerprint bigint NOT NULL,
    sender text NOT NULL,
    recipient text NOT NULL,
    text text,
    data bytea,
    options jsonb,
    priority smallint NOT NULL,
    parts smallint NOT NULL,
    state smallint NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    report integer DEFAULT 0 NOT NULL,
    carrier smallint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    sent_at timestamp with time zone,
    ended_at timestamp with time zone,
    cancelling boolean,
    CONSTRAINT outbound_state_check CHECK (((state >= 0) AND (state <= 11)))
)
WITH (fillfactor='85');

CREATE TABLE public.outkey (
    carrier smallint NOT NULL,
    key text NOT NULL,
    message bigint NOT NULL,
    number smallint NOT NULL
);

CREATE TABLE public.outpart (
    message bigint NOT NULL,
    number smallint NOT NULL,
    total smallint NOT NULL,
    carrier smallint NOT NULL,
    state smallint NOT NULL,
    reference integer NOT NULL,
    message_id text,
    keys text[],
    status bigint DEFAULT 0 NOT NULL,
    stat text DEFAULT ''::text NOT NULL,
    error text DEFAULT ''::text NOT NULL,
    resends smallint DEFAULT 0 NOT NULL,
    submitted_at timestamp with time zone DEFAULT now() NOT NULL,
    answered_at timestamp with time zone,
    done_at timestamp with time zone,
    CONSTRAINT outpart_state_check CHECK (((state >= 0) AND (state <= 7)))
)
WITH (fillfactor='70');

CREATE TABLE public.outqueue (
    carrier smallint NOT NULL,
    priority smallint NOT NULL,
    due_at timestamp with time zone NOT NULL,
    id bigint NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    marked boolean DEFAULT false NOT NULL,
    attempts smallint DEFAULT 0 NOT NULL,
    alternatives smallint[] DEFAULT '{}'::smallint[] NOT NULL,
    tried smallint[] DEFAULT '{}'::smallint[] NOT NULL,
    reason text DEFAULT ''::text NOT NULL
)
WITH (fillfactor='70', autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='20000');

CREATE TABLE public.parked (
    carrier smallint NOT NULL,
    receipt bigint NOT NULL
);

CREATE TABLE public.part (
    carrier smallint NOT NULL,
    sender text NOT NULL,
    recipient text NOT NULL,
    kind text NOT NULL,
    reference integer NOT NULL,
    total smallint NOT NULL,
    number smallint NOT NULL,
    id bigint NOT NULL,
    session bigint NOT NULL,
    link smallint NOT NULL,
    digest bigint NOT NULL,
    data_coding smallint NOT NULL,
    esm_class smallint NOT NULL,
    body bytea,
    message bigint,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    header bytea
);

CREATE TABLE public.receipt (
    id bigint NOT NULL,
    carrier smallint NOT NULL,
    link smallint NOT NULL,
    session bigint NOT NULL,
    digest bigint NOT NULL,
    sender text NOT NULL,
    recipient text NOT NULL,
    message_id text NOT NULL,
    state text NOT NULL,
    stat text NOT NULL,
    error text NOT NULL,
    raw bytea NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    keys text[] DEFAULT '{}'::text[] NOT NULL,
    message bigint,
    number smallint
);

CREATE TABLE public.report (
    id bigint NOT NULL,
    outbound bigint NOT NULL,
    system smallint NOT NULL,
    state smallint NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    detail jsonb DEFAULT '{}'::jsonb NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE VIEW public.sent AS
 SELECT o.id,
    s.name AS system,
    o.reference,
    o.sender,
    o.recipient,
    o.text,
    o.data,
        CASE
            WHEN ((o.state = 1) AND q.marked) THEN 'sending'::text
            WHEN ((o.state = 1) AND (q.due_at > now()) AND (q.attempts = 0)) THEN 'scheduled'::text
            ELSE (ARRAY['scheduled'::text, 'queued'::text, 'sending'::text, 'sent'::text, 'delivered'::text, 'undelivered'::text, 'expired'::text, 'rejected'::text, 'failed'::text, 'denied'::text, 'cancelled'::text, 'unknown'::text])[(o.state + 1)]
        END AS state,
        CASE
            WHEN (o.reason <> ''::text) THEN o.reason
            ELSE COALESCE(q.reason, ''::text)
        END AS reason,
    o.priority,
    o.parts,
    COALESCE(c.name, d.name) AS carrier,
    COALESCE((q.attempts)::integer, 0) AS attempts,
    q.due_at,
    o.options,
    o.created_at,
    o.expires_at,
    o.sent_at,
    o.ended_at
   FROM ((((public.outbound o
     JOIN public.system s ON ((s.id = o.system)))
     LEFT JOIN public.outqueue q ON ((q.id = o.id)))
     LEFT JOIN public.carrier c ON ((c.id = q.carrier)))
     LEFT JOIN public.carrier d ON ((d.id = o.carrier)));

CREATE TABLE public.session (
    id bigint NOT NULL,
    carrier smallint NOT NULL,
    link smallint NOT NULL,
    node text NOT NULL,
    instance uuid NOT NULL,
    began_at timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone,
    proved_upto bigint NOT NULL,
    settled boolean DEFAULT false NOT NULL
);

ALTER TABLE public.session ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.session_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE public.system ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.system_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.unadmitted (
    id bigint NOT NULL
);

ALTER TABLE ONLY public.carrier
    ADD CONSTRAINT carrier_name_key UNIQUE (name);

ALTER TABLE ONLY public.carrier
    ADD CONSTRAINT carrier_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.doubt
    ADD CONSTRAINT doubt_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.inquiry
    ADD CONSTRAINT inquiry_pkey PRIMARY KEY (message);

ALTER TABLE ONLY public.lease
    ADD CONSTRAINT lease_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.link_state
    ADD CONSTRAINT link_state_pkey PRIMARY KEY (carrier, link);

ALTER TABLE ONLY public.migration
    ADD CONSTRAINT migration_pkey PRIMARY KEY (number);

ALTER TABLE ONLY public.node
    ADD CONSTRAINT node_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.outbound
    ADD CONSTRAINT outbound_pkey1 PRIMARY KEY (id);

ALTER TABLE ONLY public.outkey
    ADD CONSTRAINT outkey_pkey PRIMARY KEY (carrier, key, message, number);

ALTER TABLE ONLY public.outpart
    ADD CONSTRAINT outpart_pkey PRIMARY KEY (message, number);

ALTER TABLE ONLY public.outqueue
    ADD CONSTRAINT outqueue_pkey PRIMARY KEY (carrier, priority, due_at, id);

ALTER TABLE ONLY public.parked
    ADD CONSTRAINT parked_pkey PRIMARY KEY (carrier, receipt);

ALTER TABLE ONLY public.part
    ADD CONSTRAINT part_pkey PRIMARY KEY (carrier, sender, recipient, kind, reference, total, number);

ALTER TABLE ONLY public.queue
    ADD CONSTRAINT queue_pkey PRIMARY KEY (system, message);

ALTER TABLE ONLY public.receipt
    ADD CONSTRAINT receipt_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.received
    ADD CONSTRAINT received_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.report
    ADD CONSTRAINT report_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.system
    ADD CONSTRAINT system_name_key UNIQUE (name);

ALTER TABLE ONLY public.system
    ADD CONSTRAINT system_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.unadmitted
    ADD CONSTRAINT unadmitted_pkey PRIMARY KEY (id);

CREATE INDEX doubt_carrier ON public.doubt USING btree (carrier);

CREATE INDEX inquiry_carrier ON public.inquiry USING btree (carrier, cancel DESC, message);

CREATE UNIQUE INDEX installation_one ON public.installation USING btree ((true));

CREATE INDEX outbound_recipient ON public.outbound USING btree (recipient);

CREATE UNIQUE INDEX outbound_reference ON public.outbound USING btree (system, reference) WHERE (reference IS NOT NULL);

CREATE INDEX outcome_dead ON public.outcome USING btree (system, message) WHERE (state = 2);

CREATE INDEX outcome_message ON public.outcome USING btree (message);

CREATE INDEX outqueue_expires ON public.outqueue USING btree (expires_at);

CREATE UNIQUE INDEX outqueue_id ON public.outqueue USING btree (id);

CREATE INDEX part_finished ON public.part USING btree (received_at) WHERE (message IS NOT NULL);

CREATE INDEX part_id ON public.part USING btree (id);

CREATE INDEX part_waiting ON public.part USING btree (received_at) WHERE (message IS NULL);

CREATE INDEX queue_report ON public.queue USING btree (system, ((message + 0))) WHERE (kind = 1);

CREATE INDEX queue_sender ON public.queue USING btree (sender, ((message + 0)));

CREATE INDEX receipt_message ON public.receipt USING btree (message) WHERE (message IS NOT NULL);

CREATE INDEX received_attention ON public.received USING btree (state, id) WHERE (state <> 0);

CREATE INDEX report_outbound ON public.report USING btree (outbound);

CREATE INDEX session_unsettled ON public.session USING btree (carrier) WHERE (NOT settled);

ALTER TABLE ONLY public.doubt
    ADD CONSTRAINT doubt_carrier_fkey FOREIGN KEY (carrier) REFERENCES public.carrier(id);

ALTER TABLE ONLY public.link_state
    ADD CONSTRAINT link_state_carrier_fkey FOREIGN KEY (carrier) REFERENCES public.carrier(id);

ALTER TABLE ONLY public.outbound
    ADD CONSTRAINT outbound_system_fkey1 FOREIGN KEY (system) REFERENCES public.system(id);

ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_carrier_fkey FOREIGN KEY (carrier) REFERENCES public.carrier(id);
