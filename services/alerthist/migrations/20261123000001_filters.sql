-- The last filters of the listing without an index. Most alerts have one of two outcomes, which nobody needs an index for.
CREATE INDEX alerts_by_namespace ON alerts (namespace, starts_at DESC, fingerprint DESC);
CREATE INDEX alerts_by_outcome ON alerts (outcome, starts_at DESC, fingerprint DESC)
    WHERE outcome <> 'stored' AND outcome <> 'published';
