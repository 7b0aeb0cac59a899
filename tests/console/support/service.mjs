// A real alerthist on an embedded PostgreSQL of its own.
import { spawn } from "node:child_process";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const program = process.env.ALERTHIST ?? fileURLToPath(new URL("../../../build/release/bin/alerthist", import.meta.url));

export const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** Waits for a condition, with a deadline. */
export async function eventually(what, condition, seconds = 20) {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
        const value = await condition();
        if (value) return value;
        if (Date.now() > deadline) throw new Error(`${what} did not happen in ${seconds} s`);
        await sleep(50);
    }
}

export class Service {
    #child;
    #home;
    #output = "";
    #environment;
    #ended = false;

    constructor(environment = {}) {
        this.#environment = environment;
    }

    get url() {
        return `http://127.0.0.1:${this.port}/`;
    }

    async start() {
        if (!this.#home) {
            this.#home = await mkdtemp(path.join(tmpdir(), "tusk-console-"));
            await chmod(this.#home, 0o755); // root's server runs under another account
        }
        const listen = `127.0.0.1:${this.port ?? 0}`;
        this.#output = "";
        this.#ended = false;
        this.#child = spawn(program, ["--listen", listen, "--database-url", `embedded://${this.#home}/data`], {
            env: { ...process.env, ...this.#environment }, stdio: ["ignore", "pipe", "pipe"],
        });
        for (const stream of [this.#child.stdout, this.#child.stderr]) stream.on("data", (text) => (this.#output += text));
        this.#child.on("exit", () => (this.#ended = true));
        await eventually(`${program} listening`, () => {
            if (this.#ended) throw new Error(`${program} ended:\n${this.#output}`);
            const found = /listening on 127\.0\.0\.1:(\d+)/.exec(this.#output);
            if (found) this.port = Number(found[1]);
            return found;
        }, 60);
        await eventually("readiness", async () => {
            try {
                return (await fetch(new URL("readyz", this.url))).ok;
            } catch {
                return false;
            }
        }, 60);
        return this;
    }

    /** Ends the process; the data stays for another `start()` at the same port. */
    async stop() {
        if (!this.#child || this.#ended) return;
        const ended = new Promise((done) => this.#child.on("exit", done));
        this.#child.kill("SIGTERM");
        await ended;
    }

    async remove() {
        await this.stop();
        if (this.#home) await rm(this.#home, { recursive: true, force: true });
    }

    async request(method, target, body, headers = {}) {
        const answer = await fetch(new URL(target, this.url), {
            method, headers: { "Content-Type": "application/json", ...headers }, body: body === undefined ? undefined : JSON.stringify(body),
        });
        const text = await answer.text();
        if (!answer.ok) throw new Error(`${method} ${target}: ${answer.status} ${text}`);
        return text ? JSON.parse(text) : null;
    }

    /** What Alertmanager would send. */
    notify(alerts, headers) {
        return this.request("POST", "webhook", { version: "4", receiver: "e2e", status: "firing", groupKey: "e2e", alerts }, headers);
    }
}

/** An alert as in Alertmanager's webhook; `minutes` ago it began, `ended` ago it was over. */
export function alert(name, labels = {}, { minutes = 5, ended, annotations = {} } = {}) {
    const ago = (count) => new Date(Date.now() - count * 60_000).toISOString();
    return {
        status: ended === undefined ? "firing" : "resolved",
        labels: { alertname: name, ...labels },
        annotations: { summary: `${name} happens`, ...annotations },
        startsAt: ago(minutes),
        endsAt: ended === undefined ? "0001-01-01T00:00:00Z" : ago(ended),
        generatorURL: "http://prometheus.example/graph",
    };
}

/** An HTTP server that answers with one status, which can be changed: where alerthist publishes to. */
export async function receiver(status) {
    const place = { status, requests: 0 };
    const server = http.createServer((request, response) => {
        request.resume();
        request.on("end", () => {
            place.requests += 1;
            response.writeHead(place.status).end();
        });
    });
    await new Promise((done) => server.listen(0, "127.0.0.1", done));
    place.url = `http://127.0.0.1:${server.address().port}/`;
    place.close = () => server.close();
    return place;
}
