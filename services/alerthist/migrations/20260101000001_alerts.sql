-- Fingerprints are compared as bytes, so that a cursor means the same whatever the database's collation is.
-- happened_at is the moment since when the state holds: the start of a firing, the end of a resolved alert.
CREATE TABLE alerts (
    fingerprint   text COLLATE "C" PRIMARY KEY,
    status        text NOT NULL CHECK (status IN ('firing', 'resolved')),
    labels        jsonb NOT NULL,
    annotations   jsonb NOT NULL,
    starts_at     timestamptz NOT NULL,
    ends_at       timestamptz CHECK (ends_at IS NULL OR status = 'resolved'),
    generator_url text NOT NULL,
    receiver      text NOT NULL,
    group_key     text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    alert_name    text NOT NULL GENERATED ALWAYS AS (coalesce(labels ->> 'alertname', '')) STORED
);
COMMENT ON TABLE alerts IS 'The current state of each alert, one row a fingerprint';
CREATE INDEX alerts_by_start ON alerts (starts_at DESC, fingerprint DESC);
CREATE INDEX alerts_firing_by_start ON alerts (starts_at DESC, fingerprint DESC) WHERE status = 'firing';
CREATE INDEX alerts_by_label ON alerts USING gin (labels jsonb_path_ops);

CREATE TABLE alert_events (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    fingerprint   text COLLATE "C" NOT NULL REFERENCES alerts ON DELETE CASCADE,
    status        text NOT NULL CHECK (status IN ('firing', 'resolved')),
    starts_at     timestamptz NOT NULL,
    ends_at       timestamptz CHECK (ends_at IS NULL OR status = 'resolved'),
    labels        jsonb NOT NULL,
    annotations   jsonb NOT NULL,
    generator_url text NOT NULL,
    receiver      text NOT NULL,
    group_key     text NOT NULL,
    received_at   timestamptz NOT NULL DEFAULT now(),
    happened_at   timestamptz NOT NULL GENERATED ALWAYS AS (greatest(starts_at, ends_at)) STORED,
    UNIQUE (fingerprint, status, starts_at)
);
COMMENT ON TABLE alert_events IS 'Every change of state of every alert; rows are only added';
CREATE INDEX alert_events_by_time ON alert_events (fingerprint, happened_at DESC, id DESC);
