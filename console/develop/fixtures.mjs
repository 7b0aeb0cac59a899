// A stand-in for the service while working on the looks of the console: made-up data, no database. Never a test.
//
//   node develop/fixtures.mjs [port]      serves dist and what services/alerthist/openapi.json describes
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import http from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";

const dist = path.join(path.dirname(fileURLToPath(import.meta.url)), "../dist");
const number = Number(process.env.ALERTS ?? 10_000);
const key = process.env.KEY ?? "";
const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

let seed = 7;
const random = () => ((seed = (seed * 48271) % 2147483647) / 2147483647);
const pick = (list) => list[Math.floor(random() * list.length)];
const time = (at) => new Date(at).toISOString().replace("Z", "000Z");
const names = ["DiskFull", "HighLatency", "PodCrashLooping", "CertificateExpires", "QueueGrows", "ReplicationLag", "NodeDown", "TargetMissing", "KubePersistentVolumeFillingUp", "PostgresConnectionsSaturatedForTooLongOnPrimary"];
const namespaces = ["prod", "staging", "monitoring", "payments", "ledger"];
const summaries = ["/var is full to 96 %", "p99 is above 2 s for 10 minutes", "restarted 12 times in an hour", "expires in 3 days", "grows by 400 messages a second", "the replica is 42 s behind"];

function alert(i) {
    const start = Date.now() - i * 41_000 - random() * 30_000;
    const firing = i < 40 ? random() < 0.7 : random() < 0.02;
    const severity = pick(["critical", "warning", "warning", "info", "info", "page"]);
    const name = pick(names);
    const namespace = pick(namespaces);
    const labels = { alertname: name, severity, namespace, instance: `node-${i % 97}:9100`, job: "node", cluster: "eu-central" };
    return {
        fingerprint: createHash("md5").update(String(i)).digest("hex").slice(0, 16), alert_name: name, status: firing ? "firing" : "resolved", severity, namespace, labels,
        annotations: { summary: pick(summaries), description: "The mount has less than 4 % left.", runbook_url: "https://runbooks.example/disk-full" },
        starts_at: time(start), ends_at: firing ? null : time(start + 20_000 + random() * 3600_000), generator_url: "http://prometheus.example/graph?g0.expr=up", receiver: "alerthist", group_key: "{}",
        classification: { severity: "critical", confidence: 0.82, category: "storage", rule: "disk", source: "rule", reasoning: "The name speaks of a full disk.", recommendations: ["Look for large logs.", "Grow the volume."] },
        outcome: { decision: pick(["published", "published", "stored", "filtered", "silenced"]), reason: "" }, created_at: time(start), updated_at: time(start + 1000),
    };
}
const alerts = Array.from({ length: number }, (_, i) => alert(i)).sort((a, b) => (a.starts_at < b.starts_at ? 1 : -1));

const percentiles = (base) => ({ p50: base, p95: base * (2 + random()), p99: base * (4 + random() * 3), max: base * 9 });
function sample(at) {
    const load = 0.5 + 0.45 * Math.sin(at / 40_000) + random() * 0.1;
    const inUse = Math.min(20, Math.round(20 * load));
    const broken = at % 300_000 < 14_000;
    return {
        at: time(at), max: 20, min: 2, total: Math.max(inUse, 8), idle: Math.max(0, 8 - inUse), in_use: inUse, constructing: 0, waiting: load > 0.95 ? Math.round(random() * 9) : 0,
        healthy: !broken, breaker: broken ? (at % 300_000 < 9000 ? "open" : "half_open") : "closed", acquires_per_second: 400 * load, queries_per_second: 950 * load, errors_per_second: broken ? 12 : 0,
        timeouts_per_second: 0, acquire_wait_ms: broken ? { p50: null, p95: null, p99: null, max: null } : percentiles(0.05 + load * load * 2), query_ms: percentiles(0.4 + load), http_requests_per_second: 120 * load,
        alerts_per_second: 90 * load, events_per_second: 40 * load, published_per_second: 38 * load, clients: 1,
    };
}
const series = () => Array.from({ length: 300 }, (_, i) => sample((Math.floor(Date.now() / 1000) - 300 + i) * 1000));
const sql = "select a.fingerprint, a.alert_name, a.status, a.labels, a.annotations, a.starts_at from alerts a where a.status = $1 and a.labels @> $2 order by a.starts_at desc, a.fingerprint limit $3";
const connection = (i) => ({ state: pick(["idle", "leased", "shared"]), backend_pid: 4000 + i, server: "127.0.0.1:5432", age_seconds: 800, state_seconds: random() * 40, expires_in_seconds: 2000, acquired_at: "", sql });
const target = (name, format, more) => ({ id: name.length, name, format, enabled: true, breaker: "closed", retry_after_ms: 0, pending: 0, in_flight: 0, retrying: 0, dead: 0, delivered: 18234, failed: 12, last_delivered_at: time(Date.now() - 4000), last_error_at: null, last_error: "", ...more });
const letters = Array.from({ length: 7 }, (_, i) => ({ id: 90 - i, event_id: 900 - i, target_id: 4, target: "pager", fingerprint: alerts[i]?.fingerprint ?? "0", alert_name: alerts[i]?.alert_name ?? "DiskFull", status: "firing", attempts: 8, http_status: i % 2 ? 500 : null, error: i % 2 ? "Internal Server Error" : "connect to 10.0.0.7:443: connection refused", failed_at: time(Date.now() - i * 60_000) }));

function list(query) {
    const labels = query.getAll("label").map((pair) => pair.split(/:(.*)/s));
    const found = alerts.filter((a) => ["status", "severity", "namespace"].every((f) => !query.get(f) || a[f] === query.get(f)) && (!query.get("name") || a.alert_name === query.get("name")) &&
        (!query.get("outcome") || a.outcome.decision === query.get("outcome")) && (!query.get("from") || a.starts_at >= query.get("from")) && labels.every(([n, v]) => a.labels[n] === v));
    const from = Number(query.get("cursor") ?? 0);
    const to = from + Number(query.get("limit") ?? 50);
    return { alerts: found.slice(from, to), next_cursor: to < found.length ? String(to) : null };
}

function events(of) {
    const out = [];
    for (let i = 0; i < 14; ++i) {
        const start = Date.parse(of.starts_at) - i * 5_000_000;
        const end = i === 0 ? of.ends_at : time(start + 900_000 * (1 + (i % 3)));
        const base = { ...of, starts_at: time(start), received_at: time(start + 500) };
        if (end) out.push({ ...base, id: 1000 - 2 * i, status: "resolved", ends_at: end, happened_at: end });
        out.push({ ...base, id: 999 - 2 * i, status: "firing", ends_at: null, happened_at: base.starts_at });
    }
    return { events: out, next_cursor: null };
}

function stats() {
    const firing = alerts.filter((a) => a.status === "firing");
    const by = (field, values) => values.map((value) => ({ value, firing: firing.filter((a) => a[field] === value).length, events: alerts.filter((a) => a[field] === value).length }));
    const now = Date.now();
    return {
        from: time(now - 86400_000), to: time(now), alerts: { total: number, firing: firing.length, resolved: number - firing.length }, events: { total: 3900, firing: 2107, resolved: 1793 },
        by_severity: by("severity", ["critical", "warning", "info", "page"]), by_namespace: by("namespace", namespaces), by_outcome: { published: 1400, delayed: 20, filtered: 300, silenced: 71, inhibited: 9, stored: 2100 },
        bucket_seconds: 900, timeline: Array.from({ length: 96 }, (_, i) => ({ at: time(now - (96 - i) * 900_000), firing: Math.round(random() * 30), resolved: Math.round(random() * 24) })),
    };
}

function answer(url) {
    const query = url.searchParams;
    const one = /^\/api\/v1\/alerts\/([^/]+)(\/events)?$/.exec(url.pathname);
    if (one) {
        const found = alerts.find((a) => a.fingerprint === one[1]);
        return found && (one[2] ? events(found) : found);
    }
    switch (url.pathname) {
    case "/api/v1/alerts": return list(query);
    case "/api/v1/stats": return stats();
    case "/api/v1/me": return { name: key ? "ops" : "anonymous", role: "admin", authentication: key !== "" };
    case "/api/v1/report": return {
        metadata: { partial_failure: false, errors: [] }, summary: stats(),
        top_alerts: names.map((alert_name, i) => ({ alert_name, namespace: pick(namespaces), severity: pick(["critical", "warning", "info"]), fire_count: 400 - i * 37, alert_count: 12, last_fired_at: time(Date.now()), avg_duration_seconds: 840 })),
        flapping_alerts: alerts.slice(0, 6).map((a, i) => ({ ...a, transition_count: 40 - i * 5, flapping_score: 4.2 - i / 2, last_transition_at: a.starts_at })), recent_alerts: [],
    };
    case "/api/v1/silences": return { silences: [["active", 3600e3, 'namespace', "storage"], ["active", 7200e3, "alertname", "DiskFull"], ["expired", -3600e3, "job", "node"]].map(([status, ends, name, value], i) => ({ id: `00000000-0000-4000-8000-00000000000${i}`, status, matchers: [{ name, value, is_equal: true, is_regex: false }], starts_at: time(Date.now() - 7200e3), ends_at: time(Date.now() + ends), created_by: "eva", comment: "the cabinet is being moved", created_at: time(Date.now() - 7200e3), updated_at: time(Date.now() - 7200e3) })) };
    case "/api/v1/publishing": return {
        mode: "enriched", outbox: { pending: 14, in_flight: 2, retrying: 9, oldest_seconds: 31 }, dead_letters: letters.length,
        targets: [target("ops-webhook", "webhook", { in_flight: 2 }), target("slack-oncall", "slack", { pending: 3, failed: 240, last_error: "429 Too Many Requests", last_error_at: time(Date.now() - 600_000) }),
            target("pager", "pagerduty", { breaker: "open", retry_after_ms: 12_000, pending: 11, retrying: 9, dead: 7, last_error: "connect to 10.0.0.7:443: connection refused", last_error_at: time(Date.now() - 3000), last_delivered_at: time(Date.now() - 900_000) }), target("old", "webhook", { enabled: false, breaker: "disabled" })],
    };
    case "/api/v1/publishing/dead-letters": return { dead_letters: letters, next_cursor: null };
    case "/api/v1/pool": return {
        name: "alerthist", server: "postgres://alerthist@127.0.0.1:5432/alerthist", config: {}, now: sample(Date.now()), retry_after_ms: 0, last_connect_error: "connection refused",
        totals: { acquires: 182_331, queries: 402_991, timeouts: 3, retries: 12 }, connections: Array.from({ length: 8 }, (_, i) => connection(i)), waiting_callers: [], series: series(), slow_query_ms: 100,
        slow_queries: Array.from({ length: 5 }, (_, i) => ({ at: time(Date.now() - i * 9000), duration_ms: 120 + i * 88, sql, table: "alerts", rows: 50, sqlstate: i === 2 ? "57014" : "" })),
    };
    case "/debug/statements": return { since: time(Date.now() - 7200_000), statements: Array.from({ length: 9 }, (_, i) => ({ sql: i ? `insert into alert_events${i} (fingerprint, status) values ($1, $2)` : sql, table: "alerts", calls: 90000 - i * 8000, errors: i === 3 ? 2 : 0, rows: 1200, total_ms: 80_000 / (i + 1), mean_ms: 1.2, p95_ms: 4.1, max_ms: 210 })) };
    }
    return undefined;
}

const server = http.createServer(async (request, response) => {
    const url = new URL(request.url, "http://fixtures");
    const json = (status, body) => response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
    const fail = (status, code, message) => json(status, { error: { code, message, request_id: "fixture", timestamp: time(Date.now()) } });
    if (/^\/(api|debug)\//.test(url.pathname)) {
        if (key && request.headers["x-api-key"] !== key) return fail(401, "AUTHENTICATION_ERROR", "no key, or a wrong one");
        const body = request.method === "GET" ? answer(url) : { replayed: 1 };
        return body === undefined ? fail(404, "NOT_FOUND", "There is no such thing.") : json(200, body);
    }
    try {
        const file = path.join(dist, url.pathname === "/" ? "index.html" : path.normalize(url.pathname));
        const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        response.writeHead(200, { "Content-Type": types[path.extname(file)] ?? "text/plain", "Content-Security-Policy": policy }).end(await readFile(file));
    } catch {
        fail(404, "NOT_FOUND", "There is no such file.");
    }
});

/** One text frame; the fixtures need no more of RFC 6455. */
function frame(text) {
    const bytes = Buffer.from(text);
    const head = bytes.length < 126 ? Buffer.from([0x81, bytes.length]) : Buffer.from([0x81, 126, bytes.length >> 8, bytes.length & 255]);
    return Buffer.concat([head, bytes]);
}

let event = 5000;
server.on("upgrade", (request, socket) => {
    const accept = createHash("sha1").update(request.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest("base64");
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
    const tell = (type, data, id) => socket.write(frame(JSON.stringify({ type, data, id, timestamp: time(Date.now()) })));
    const timer = setInterval(() => tell("pool", sample(Math.floor(Date.now() / 1000) * 1000)), 1000);
    const news = setInterval(() => {
        const made = { ...alert(Math.floor(Math.random() * 20)), status: "firing", starts_at: time(Date.now()), ends_at: null, fingerprint: createHash("md5").update(String(++event)).digest("hex").slice(0, 16) };
        alerts.unshift(made);
        tell("alert_created", { ...made, id: event, happened_at: made.starts_at, received_at: made.starts_at }, event);
    }, Number(process.env.NEWS ?? 4000));
    socket.on("error", () => socket.destroy());
    socket.on("data", () => {});
    socket.on("close", () => {
        clearInterval(timer);
        clearInterval(news);
    });
});
server.listen(Number(process.argv[2] ?? 0), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/`));
