-- What the pipeline thinks of an alert and did with it.
ALTER TABLE alerts
    ADD COLUMN severity text NOT NULL GENERATED ALWAYS AS (coalesce(labels ->> 'severity', '')) STORED,
    ADD COLUMN namespace text NOT NULL GENERATED ALWAYS AS (coalesce(labels ->> 'namespace', '')) STORED,
    ADD COLUMN classification jsonb,
    ADD COLUMN outcome text NOT NULL DEFAULT 'stored',
    ADD COLUMN outcome_reason text NOT NULL DEFAULT '';
ALTER TABLE alert_events
    ADD COLUMN alert_name text NOT NULL GENERATED ALWAYS AS (coalesce(labels ->> 'alertname', '')) STORED,
    ADD COLUMN severity text NOT NULL GENERATED ALWAYS AS (coalesce(labels ->> 'severity', '')) STORED,
    ADD COLUMN namespace text NOT NULL GENERATED ALWAYS AS (coalesce(labels ->> 'namespace', '')) STORED,
    ADD COLUMN classification jsonb,
    ADD COLUMN outcome text NOT NULL DEFAULT 'stored',
    ADD COLUMN outcome_reason text NOT NULL DEFAULT '',
    ADD COLUMN is_first boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN alert_events.is_first IS 'The alert was not known before';
CREATE INDEX alerts_by_name ON alerts (alert_name, starts_at DESC, fingerprint DESC);
CREATE INDEX alert_events_latest ON alert_events (happened_at DESC, id DESC);
CREATE INDEX alert_events_by_name ON alert_events (alert_name, happened_at DESC, id DESC);
CREATE INDEX alert_events_by_namespace ON alert_events (namespace, happened_at DESC, id DESC);
CREATE INDEX alert_events_by_outcome ON alert_events (outcome, happened_at DESC, id DESC);
CREATE INDEX alert_events_by_severity ON alert_events (severity, happened_at DESC, id DESC);

CREATE TABLE filter_rules (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name          text NOT NULL UNIQUE CHECK (name <> ''),
    description   text NOT NULL DEFAULT '',
    action        text NOT NULL CHECK (action IN ('allow', 'deny', 'delay')),
    priority      integer NOT NULL DEFAULT 100,
    enabled       boolean NOT NULL DEFAULT true,
    conditions    jsonb NOT NULL,
    reason        text NOT NULL DEFAULT '',
    delay_seconds integer NOT NULL DEFAULT 0 CHECK (delay_seconds >= 0),
    built_in      boolean NOT NULL DEFAULT false,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE filter_rules IS 'Which events are published: the first rule that holds decides';

CREATE TABLE classification_rules (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name            text NOT NULL UNIQUE CHECK (name <> ''),
    priority        integer NOT NULL DEFAULT 100,
    enabled         boolean NOT NULL DEFAULT true,
    conditions      jsonb NOT NULL,
    severity        text NOT NULL CHECK (severity IN ('critical', 'warning', 'info', 'noise')),
    confidence      double precision NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    category        text NOT NULL DEFAULT '',
    recommendations jsonb NOT NULL DEFAULT '[]',
    built_in        boolean NOT NULL DEFAULT false,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE inhibition_rules (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name            text NOT NULL UNIQUE CHECK (name <> ''),
    enabled         boolean NOT NULL DEFAULT true,
    source_matchers jsonb NOT NULL,
    target_matchers jsonb NOT NULL,
    equal           jsonb NOT NULL DEFAULT '[]',
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE silences (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    matchers   jsonb NOT NULL,
    starts_at  timestamptz NOT NULL DEFAULT now(),
    ends_at    timestamptz NOT NULL,
    created_by text NOT NULL CHECK (created_by <> ''),
    comment    text NOT NULL CHECK (length(comment) BETWEEN 3 AND 1024),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK (ends_at >= starts_at)
);
CREATE INDEX silences_by_end ON silences (ends_at);

CREATE TABLE publishing_targets (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name              text NOT NULL UNIQUE CHECK (name <> ''),
    format            text NOT NULL CHECK (format IN ('webhook', 'slack', 'pagerduty', 'alertmanager')),
    url               text NOT NULL,
    enabled           boolean NOT NULL DEFAULT true,
    headers           jsonb NOT NULL DEFAULT '{}',
    secret            text NOT NULL DEFAULT '',
    filter            jsonb,
    timeout_ms        integer NOT NULL DEFAULT 10000,
    max_attempts      integer NOT NULL DEFAULT 6,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    delivered         bigint NOT NULL DEFAULT 0,
    failed            bigint NOT NULL DEFAULT 0,
    last_delivered_at timestamptz,
    last_error_at     timestamptz,
    last_error        text NOT NULL DEFAULT ''
);

-- No foreign key to the targets: an ingest must not fail because a target has just been deleted.
CREATE TABLE outbox (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id        bigint NOT NULL REFERENCES alert_events ON DELETE CASCADE,
    target_id       bigint NOT NULL,
    priority        smallint NOT NULL DEFAULT 1,
    attempts        integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    locked_until    timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    http_status     integer,
    last_error      text NOT NULL DEFAULT ''
);
COMMENT ON TABLE outbox IS 'What is still to be published; written with the event, claimed with SKIP LOCKED';
CREATE INDEX outbox_due ON outbox (target_id, priority, next_attempt_at);
CREATE INDEX outbox_by_event ON outbox (event_id);

CREATE TABLE dead_letters (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id    bigint NOT NULL REFERENCES alert_events ON DELETE CASCADE,
    target_id   bigint NOT NULL,
    attempts    integer NOT NULL,
    http_status integer,
    error       text NOT NULL,
    failed_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX dead_letters_by_target ON dead_letters (target_id, id DESC);
CREATE INDEX dead_letters_by_event ON dead_letters (event_id);

CREATE TABLE service_state (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    mode     text NOT NULL DEFAULT 'enriched' CHECK (mode IN ('transparent', 'enriched', 'transparent_with_recommendations'))
);
INSERT INTO service_state DEFAULT VALUES;

INSERT INTO filter_rules (name, action, priority, reason, built_in, description, conditions) VALUES
    ('test_alert', 'deny', 10, 'test_alert', true, 'The name begins with "test", or the environment is a test''s',
     '{"any":[{"field":"alert_name","op":"prefix","value":"test"},{"field":"label:environment","op":"in","value":["test","testing"]}]}'),
    ('noise', 'deny', 20, 'noise', true, 'Classified as noise',
     '{"field":"classification.severity","op":"equals","value":"noise"}'),
    ('low_confidence', 'deny', 30, 'low_confidence', true, 'Classified with a confidence below 0.3',
     '{"field":"classification.confidence","op":"lt","value":0.3}'),
    ('disabled_namespace', 'deny', 40, 'disabled_namespace', true, 'From a namespace that nobody wants to hear of',
     '{"field":"namespace","op":"in","value":["dev-sandbox","tmp"]}'),
    ('empty_alert_name', 'deny', 50, 'empty_alert_name', true, 'Without a name',
     '{"field":"alert_name","op":"missing"}'),
    ('old_resolved', 'deny', 60, 'old_resolved', true, 'Over for 24 hours, or begun 48 hours ago when the end is not known',
     '{"all":[{"field":"status","op":"equals","value":"resolved"},{"any":[{"all":[{"field":"ends_at_known","op":"equals","value":"true"},{"field":"age_seconds","op":"gt","value":86400}]},{"all":[{"field":"ends_at_known","op":"equals","value":"false"},{"field":"age_seconds","op":"gt","value":172800}]}]}]}');

INSERT INTO classification_rules (name, priority, built_in, severity, confidence, category, recommendations, conditions) VALUES
    ('security', 10, true, 'critical', 0.85, 'security', '["Look at the audit log", "Isolate what is affected"]',
     '{"any":[{"field":"alert_name","op":"contains","value":"security"},{"field":"alert_name","op":"contains","value":"unauthorized"},{"field":"alert_name","op":"contains","value":"intrusion"}]}'),
    ('node_down', 20, true, 'critical', 0.8, 'availability', '["Is the machine reachable?", "Look at its console"]',
     '{"any":[{"field":"alert_name","op":"contains","value":"nodedown"},{"field":"alert_name","op":"contains","value":"hostdown"},{"field":"alert_name","op":"contains","value":"instancedown"},{"field":"alert_name","op":"contains","value":"targetdown"}]}'),
    ('database_down', 30, true, 'critical', 0.85, 'database', '["Is the server running?", "Look at its log"]',
     '{"any":[{"field":"alert_name","op":"contains","value":"postgresqldown"},{"field":"alert_name","op":"contains","value":"databasedown"},{"field":"alert_name","op":"contains","value":"mysqldown"}]}'),
    ('out_of_memory', 40, true, 'critical', 0.8, 'resources', '["Who uses the memory?", "Raise the limit"]',
     '{"any":[{"field":"alert_name","op":"contains","value":"oomkill"},{"field":"alert_name","op":"contains","value":"outofmemory"}]}'),
    ('disk_full', 50, true, 'critical', 0.75, 'resources', '["Free space or grow the volume"]',
     '{"any":[{"field":"alert_name","op":"contains","value":"diskfull"},{"field":"alert_name","op":"contains","value":"outofdisk"},{"field":"alert_name","op":"contains","value":"outofspace"},{"field":"alert_name","op":"contains","value":"fillingup"}]}'),
    ('error_rate', 60, true, 'critical', 0.7, 'errors', '["What was deployed last?"]',
     '{"any":[{"field":"alert_name","op":"contains","value":"errorrate"},{"field":"alert_name","op":"contains","value":"5xx"}]}'),
    ('replication', 70, true, 'warning', 0.7, 'database', '["Look at the replica''s lag and its network"]',
     '{"field":"alert_name","op":"contains","value":"replication"}'),
    ('certificate', 80, true, 'warning', 0.7, 'security', '["Renew the certificate"]',
     '{"any":[{"field":"alert_name","op":"contains","value":"certificate"},{"field":"alert_name","op":"contains","value":"certexpir"}]}'),
    ('crash_loop', 90, true, 'warning', 0.75, 'availability', '["Look at the container''s last log"]',
     '{"any":[{"field":"alert_name","op":"contains","value":"crashloop"},{"field":"alert_name","op":"contains","value":"restarting"}]}'),
    ('not_ready', 100, true, 'warning', 0.65, 'availability', '["Look at the probes"]',
     '{"field":"alert_name","op":"contains","value":"notready"}'),
    ('backup', 110, true, 'warning', 0.7, 'database', '["Run the backup by hand"]',
     '{"field":"alert_name","op":"contains","value":"backup"}'),
    ('high_cpu', 120, true, 'warning', 0.7, 'resources', '["Who uses the processors?"]',
     '{"any":[{"field":"alert_name","op":"contains","value":"highcpu"},{"field":"alert_name","op":"contains","value":"cpuhigh"},{"field":"alert_name","op":"contains","value":"cputhrottling"},{"field":"alert_name","op":"contains","value":"highload"}]}'),
    ('high_memory', 130, true, 'warning', 0.7, 'resources', '["Who uses the memory?"]',
     '{"any":[{"field":"alert_name","op":"contains","value":"highmemory"},{"field":"alert_name","op":"contains","value":"memoryhigh"},{"field":"alert_name","op":"contains","value":"memorypressure"}]}'),
    ('latency', 140, true, 'warning', 0.65, 'performance', '["Look at the slow queries"]',
     '{"any":[{"field":"alert_name","op":"contains","value":"latency"},{"field":"alert_name","op":"contains","value":"slow"}]}'),
    ('watchdog', 150, true, 'noise', 0.9, 'monitoring', '[]',
     '{"any":[{"field":"alert_name","op":"equals","value":"watchdog"},{"field":"alert_name","op":"contains","value":"deadmansswitch"},{"field":"alert_name","op":"equals","value":"infoinhibitor"}]}'),
    ('informational', 160, true, 'info', 0.6, 'information', '[]',
     '{"field":"severity","op":"in","value":["info","none","informational"]}');

DROP TABLE IF EXISTS schema_version;
