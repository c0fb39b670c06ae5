CREATE TABLE public.carrier (
    id smallint NOT NULL,
    name text NOT NULL
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
    reason text DEFAULT ''::text NOT NULL
)
WITH (fillfactor='80', autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='20000');

CREATE TABLE public.system (
    id smallint NOT NULL,
    name text NOT NULL,
    paused_since timestamp with time zone,
    paused_until timestamp with time zone,
    paused_reason text DEFAULT ''::text NOT NULL
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
    reference text NOT NULL,
    sender text NOT NULL,
    recipient text NOT NULL,
    text text NOT NULL,
    state text DEFAULT 'queued'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
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
    received_at timestamp with time zone DEFAULT now() NOT NULL
);

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

ALTER TABLE ONLY public.carrier
    ADD CONSTRAINT carrier_name_key UNIQUE (name);

ALTER TABLE ONLY public.carrier
    ADD CONSTRAINT carrier_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.doubt
    ADD CONSTRAINT doubt_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.lease
    ADD CONSTRAINT lease_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.link_state
    ADD CONSTRAINT link_state_pkey PRIMARY KEY (carrier, link);

ALTER TABLE ONLY public.migration
    ADD CONSTRAINT migration_pkey PRIMARY KEY (number);

ALTER TABLE ONLY public.node
    ADD CONSTRAINT node_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.outbound
    ADD CONSTRAINT outbound_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.outbound
    ADD CONSTRAINT outbound_system_reference_key UNIQUE (system, reference);

ALTER TABLE ONLY public.part
    ADD CONSTRAINT part_pkey PRIMARY KEY (carrier, sender, recipient, kind, reference, total, number);

ALTER TABLE ONLY public.queue
    ADD CONSTRAINT queue_pkey PRIMARY KEY (system, message);

ALTER TABLE ONLY public.receipt
    ADD CONSTRAINT receipt_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.received
    ADD CONSTRAINT received_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.system
    ADD CONSTRAINT system_name_key UNIQUE (name);

ALTER TABLE ONLY public.system
    ADD CONSTRAINT system_pkey PRIMARY KEY (id);

CREATE INDEX doubt_carrier ON public.doubt USING btree (carrier);

CREATE UNIQUE INDEX installation_one ON public.installation USING btree ((true));

CREATE INDEX outcome_dead ON public.outcome USING btree (system, message) WHERE (state = 2);

CREATE INDEX outcome_message ON public.outcome USING btree (message);

CREATE INDEX part_finished ON public.part USING btree (received_at) WHERE (message IS NOT NULL);

CREATE INDEX part_id ON public.part USING btree (id);

CREATE INDEX part_waiting ON public.part USING btree (received_at) WHERE (message IS NULL);

CREATE INDEX queue_sender ON public.queue USING btree (sender, ((message + 0)));

CREATE INDEX receipt_message_id ON public.receipt USING btree (carrier, message_id);

CREATE INDEX received_attention ON public.received USING btree (state, id) WHERE (state <> 0);

CREATE INDEX session_unsettled ON public.session USING btree (carrier) WHERE (NOT settled);

ALTER TABLE ONLY public.doubt
    ADD CONSTRAINT doubt_carrier_fkey FOREIGN KEY (carrier) REFERENCES public.carrier(id);

ALTER TABLE ONLY public.link_state
    ADD CONSTRAINT link_state_carrier_fkey FOREIGN KEY (carrier) REFERENCES public.carrier(id);

ALTER TABLE ONLY public.outbound
    ADD CONSTRAINT outbound_system_fkey FOREIGN KEY (system) REFERENCES public.system(id);

ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_carrier_fkey FOREIGN KEY (carrier) REFERENCES public.carrier(id);
