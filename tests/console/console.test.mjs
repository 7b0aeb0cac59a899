// The console in Chromium against a real alerthist on a real PostgreSQL: node --test tests/console
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { after, before, describe, it } from "node:test";
import { launch, lowContrast, nameless, narrow, open, overflow, wide } from "./support/browser.mjs";
import { Service, alert, eventually, receiver } from "./support/service.mjs";

const pictures = process.env.PICTURES ?? fileURLToPath(new URL("../../build/console", import.meta.url));
const names = (page) => page.locator(".alert-row .alert-name").allTextContents();
const shows = (page, name) => page.locator(".alert-name", { hasText: new RegExp(`^${name}$`) }).waitFor();
const gone = (page, name) => page.locator(".alert-name", { hasText: new RegExp(`^${name}$`) }).waitFor({ state: "detached" });
/** The list holds these and no others; it is empty for a moment while other filters are asked for. */
const lists = (page, ...wanted) =>
    eventually(`a list of ${wanted.join(", ")}`, async () => (await names(page)).sort().join() === wanted.sort().join());
const live = (page) => page.locator(".connection-live").waitFor();

let browser;
before(async () => {
    await mkdir(pictures, { recursive: true });
    browser = await launch();
});
after(() => browser?.close());

describe("console", () => {
    const service = new Service();
    let page;
    const start = async (place = "", options = {}) => {
        await page?.context().close();
        page = await open(browser, service.url + place, options);
        return page;
    };
    before(async () => {
        await service.start();
        await service.notify([
            alert("DiskFull", { severity: "critical", namespace: "prod", instance: "node-1" }, { minutes: 30, annotations: { runbook_url: "https://runbooks.example/disk", dashboard: "javascript:alert(1)" } }),
            alert("HighLatency", { severity: "warning", namespace: "prod", instance: "node-2" }, { minutes: 20 }),
            alert("CertificateExpires", { severity: "info", namespace: "staging", instance: "node-1" }, { minutes: 10 }),
            alert("QueueGrows", { severity: "warning", namespace: "staging" }, { minutes: 90, ended: 60 }),
        ]);
    });
    after(async () => {
        await page?.context().close();
        await service.remove();
    });

    it("shows what fires, the latest start first", async () => {
        await start();
        await shows(page, "DiskFull");
        assert.deepEqual(await names(page), ["CertificateExpires", "HighLatency", "DiskFull"]);
        await live(page);
        assert.equal(await page.locator(".tile").first().locator(".tile-figure").textContent(), "3");
        assert.deepEqual(page.faults, []);
    });

    it("shows news without being asked, and drops what is over", async () => {
        await start();
        await live(page);
        await service.notify([alert("BrandNew", { severity: "critical", namespace: "prod" }, { minutes: 0 })]);
        await shows(page, "BrandNew");
        assert.equal((await names(page))[0], "BrandNew");
        const [known] = (await service.request("GET", "api/v1/alerts?name=BrandNew")).alerts;
        await service.notify([{ ...alert("BrandNew", { severity: "critical", namespace: "prod" }, { ended: 0 }), startsAt: known.starts_at }]);
        await gone(page, "BrandNew");
        assert.deepEqual(page.faults, []);
    });

    it("keeps filters in the address", async () => {
        await start();
        await shows(page, "DiskFull");
        await page.getByRole("button", { name: "All", exact: true }).click();
        await shows(page, "QueueGrows");
        await page.getByLabel("Namespace").selectOption("staging");
        await gone(page, "DiskFull");
        assert.match(page.url(), /#\/alerts\?status=all&namespace=staging/);
        await page.reload();
        await shows(page, "QueueGrows");
        await lists(page, "CertificateExpires", "QueueGrows");
        await page.keyboard.press("x");
        await shows(page, "DiskFull");
    });

    it("finds names and labels from the search field", async () => {
        await start("#/alerts?status=all");
        await shows(page, "DiskFull");
        await page.keyboard.press("/");
        await page.keyboard.type("instance:node-1");
        await page.keyboard.press("Enter");
        await lists(page, "CertificateExpires", "DiskFull");
        await page.keyboard.type("certif");
        await page.keyboard.press("Enter");
        await lists(page, "CertificateExpires");
        await page.getByRole("button", { name: "Remove instance: node-1" }).click();
        await page.getByRole("button", { name: "Remove name: CertificateExpires" }).click();
        await shows(page, "DiskFull");
    });

    it("finds texts in labels and annotations", async () => {
        await service.notify([alert("Worded", { severity: "info", namespace: "prod", note: "Полный диск" }, { minutes: 5, ended: 1, annotations: { summary: "the replica is 42 s behind" } })]);
        await start("#/alerts?status=all");
        await shows(page, "DiskFull");
        await page.keyboard.press("/");
        await page.keyboard.type("42 S BEH");
        await page.keyboard.press("Enter");
        await lists(page, "Worded");
        assert.match(page.url(), /q=42\+S\+BEH/);
        await page.reload();
        await lists(page, "Worded");
        await page.getByRole("button", { name: "Remove “42 S BEH”" }).click();
        await shows(page, "DiskFull");
    });

    it("makes a silence for an alert and lets it expire, by keyboard alone", async () => {
        const [disk] = (await service.request("GET", "api/v1/alerts?name=DiskFull")).alerts;
        await start(`#/alerts/${disk.fingerprint}`);
        await page.getByRole("link", { name: "Silence", exact: true }).waitFor();
        await page.keyboard.press("n");
        await page.getByRole("heading", { name: "New silence" }).waitFor();
        assert.match(await page.getByLabel("Alerts that match all of").inputValue(), /^alertname="DiskFull"$/m);
        await page.keyboard.press("Enter"); // in the field for the reason, which has the focus
        await page.getByRole("alert").getByText("Say who you are").waitFor();
        await page.keyboard.press("Shift+Tab");
        await page.keyboard.type("eva");
        await page.keyboard.press("Tab");
        await page.keyboard.type("the disk is being replaced");
        await page.keyboard.press("Enter");
        await page.locator(".silence", { hasText: "the disk is being replaced" }).getByText("active").waitFor();
        const check = await service.request("POST", "api/v1/silences/check", { labels: disk.labels });
        assert.equal(check.silenced, true);
        await page.getByRole("button", { name: "Expire" }).focus();
        await page.keyboard.press("Enter");
        await page.getByText("Nothing is silenced").waitFor();
        assert.equal((await service.request("POST", "api/v1/silences/check", { labels: disk.labels })).silenced, false);
        await page.getByRole("button", { name: "Over" }).click();
        await page.locator(".silence", { hasText: "the disk is being replaced" }).getByText("expired").waitFor();
        assert.deepEqual(page.faults, []);
    });

    it("says what is wrong with a silence, and hears of those that others make", async () => {
        await start("#/silences");
        await live(page);
        await page.getByText("Nothing is silenced").waitFor();
        await page.keyboard.press("n");
        await page.getByLabel("Alerts that match all of").fill("nonsense");
        await page.getByRole("button", { name: "Silence", exact: true }).click();
        await page.getByText("is not of the form").waitFor();
        await page.getByLabel("Alerts that match all of").fill('instance=~"node-[12]"\nseverity!=info');
        await page.getByLabel("For", { exact: true }).fill("soon");
        await page.getByRole("button", { name: "Silence", exact: true }).click();
        await page.getByText("is not a time such as").waitFor();
        await page.keyboard.press("Escape");
        const made = await service.request("POST", "api/v1/silences", { matchers: [{ name: "team", value: "x", is_regex: true, is_equal: false }], ends_at: new Date(Date.now() + 3600e3).toISOString(), created_by: "ops", comment: "by somebody else" });
        await page.locator(".silence", { hasText: "by somebody else" }).getByText('team!~"x"').waitFor();
        await service.request("DELETE", `api/v1/silences/${made.id}`);
        await page.getByText("Nothing is silenced").waitFor();
    });

    it("says so when nothing is found", async () => {
        await start("#/alerts?label=nothing:here");
        await page.getByText("No alert is like this").waitFor();
        await page.getByRole("button", { name: "Clear the filters" }).click();
        await shows(page, "DiskFull");
    });

    it("works by keyboard alone", async () => {
        await start();
        await shows(page, "DiskFull");
        await page.keyboard.press("j");
        await page.keyboard.press("j");
        await page.keyboard.press("k");
        await page.keyboard.press("j");
        assert.equal(await page.locator("[aria-selected=true] .alert-name").textContent(), "HighLatency");
        await page.keyboard.press("Enter");
        await page.getByRole("heading", { name: "HighLatency" }).waitFor();
        await page.keyboard.press("Escape");
        await shows(page, "DiskFull");
        assert.equal(await page.locator("[aria-selected=true] .alert-name").textContent(), "HighLatency");
        await page.keyboard.press("?");
        await page.getByRole("heading", { name: "Keyboard" }).waitFor();
        await page.keyboard.press("Escape");
        for (const [keys, heading] of [["gp", "Pool"], ["gs", "Silences"], ["gu", "Publishing"], ["gi", "Insights"]]) {
            for (const key of keys) await page.keyboard.press(key);
            await page.getByRole("heading", { level: 1, name: heading }).waitFor();
        }
        await page.keyboard.press("g");
        await page.keyboard.press("a");
        await shows(page, "DiskFull");
        const theme = await page.evaluate(() => document.documentElement.dataset.theme);
        await page.keyboard.press("t");
        assert.notEqual(await page.evaluate(() => document.documentElement.dataset.theme), theme);
    });

    it("tells the history of an alert, and links only where links may lead", async () => {
        const labels = { severity: "warning", namespace: "prod", instance: "flappy" };
        for (const [minutes, ended] of [[300, 290], [200, 150], [100, 95]]) {
            await service.notify([alert("Flapping", labels, { minutes })]);
            await service.notify([alert("Flapping", labels, { minutes, ended })]);
        }
        await start("#/alerts?status=all&name=Flapping");
        await page.locator(".alert-row").first().click();
        await page.getByRole("heading", { name: "Flapping", level: 1 }).waitFor();
        await eventually("its events", async () => (await page.locator(".event").count()) >= 6);
        assert.equal(await page.locator(".figures dd").first().textContent(), String(await page.locator(".strip-firing, .strip-open").count()));
        const [disk] = (await service.request("GET", "api/v1/alerts?name=DiskFull")).alerts;
        await start(`#/alerts/${disk.fingerprint}`);
        await page.getByText("javascript:alert(1)").waitFor();
        assert.equal(await page.locator('a[href^="javascript"]').count(), 0);
        assert.equal(await page.getByRole("link", { name: /runbooks\.example/ }).getAttribute("rel"), "noopener noreferrer");
        await start("#/alerts/0123456789abcdef", { quiet: true });
        await page.getByText("There is no alert with this fingerprint").waitFor();
    });

    it("draws the pool, a second at a time", async () => {
        await start("#/pool");
        await page.locator(".chart canvas").first().waitFor();
        assert.equal(await page.locator(".chart canvas").count(), 6);
        const clock = page.locator(".chart-time").first();
        const first = await eventually("a sample", () => clock.textContent());
        await eventually("the next sample", async () => (await clock.textContent()) !== first);
        await page.locator(".backend").first().waitFor();
        await page.locator(".data tbody tr").first().waitFor();
        assert.match(await page.locator(".figure-card dd").first().textContent(), /^\d+ of \d+$/);
        assert.match(await page.locator(".breaker-span").first().textContent(), /closed/);
        assert.deepEqual(page.faults, []);
    });

    it("shows what is published, what could not be, and sends that again", async () => {
        const target = await receiver(400); // 400 is for ever: no second attempt
        try {
            const { id } = await service.request("POST", "api/v1/targets", { name: "broken-hook", format: "webhook", url: target.url, enabled: true, timeout_ms: 1000, max_attempts: 1 });
            await service.notify([alert("Unpublishable", { severity: "critical", namespace: "prod" }, { minutes: 0 })]);
            await start("#/publishing");
            await page.locator(".target-name", { hasText: "broken-hook" }).waitFor();
            await page.locator(".letter-name", { hasText: "Unpublishable" }).first().waitFor();
            target.status = 200;
            await page.locator(".letter", { hasText: "Unpublishable" }).getByRole("button", { name: "Replay" }).click();
            await page.locator(".letter-name", { hasText: "Unpublishable" }).waitFor({ state: "detached" });
            await eventually("its delivery", async () => (await service.request("GET", "api/v1/publishing")).targets.find((one) => one.id === id).delivered === 1);
            await service.request("DELETE", `api/v1/targets/${id}`);
        } finally {
            target.close();
        }
    });

    it("says when the service is away, and goes on when it is back", async () => {
        await start("", { quiet: true });
        await live(page);
        await service.stop();
        await page.locator(".connection-offline, .connection-connecting").first().waitFor();
        await page.locator(".offline").waitFor();
        assert.ok((await names(page)).includes("DiskFull"), "what was known stays");
        await service.start();
        await live(page);
        await page.locator(".offline").waitFor({ state: "detached" });
        await service.notify([alert("AfterTheBreak", { severity: "info", namespace: "prod" }, { minutes: 0 })]);
        await shows(page, "AfterTheBreak");
    });

    for (const [size, viewport] of [["1440", wide], ["360", narrow]])
        for (const colorScheme of ["light", "dark"])
            it(`can be read at ${size} px, ${colorScheme}`, async () => {
                const [disk] = (await service.request("GET", "api/v1/alerts?name=DiskFull")).alerts;
                const silence = await service.request("POST", "api/v1/silences", { matchers: [{ name: "namespace", value: "storage" }, { name: "instance", value: "node-[0-9]+", is_regex: true }], ends_at: new Date(Date.now() + 86400e3).toISOString(), created_by: "eva", comment: "the cabinet is being moved to the other hall, which takes until tomorrow" });
                for (const [name, place, ready] of [["alerts", "#/alerts?status=all", ".alert-row .alert-name"], ["alert", `#/alerts/${disk.fingerprint}`, ".event"], ["insights", "#/insights", ".ranked"],
                    ["silences", "#/silences", ".silence"], ["silence", "#/silences/new?matchers=alertname%3D%22DiskFull%22", ".silence-form"], ["publishing", "#/publishing", ".target, .message"], ["pool", "#/pool", ".backend"], ["nothing", "#/alerts?label=a:b", ".message"]]) {
                    await start(place, { viewport, colorScheme });
                    await page.locator(ready).first().waitFor();
                    if (name === "silences") await page.getByText('namespace="storage"').waitFor();
                    if (name === "pool") await page.waitForTimeout(1200); // for the picture alone
                    await page.screenshot({ path: `${pictures}/${name}-${size}-${colorScheme}.png`, fullPage: true });
                    assert.ok((await overflow(page)) <= 0, `${name} is wider than the window`);
                    assert.deepEqual(await lowContrast(page), [], name);
                    assert.deepEqual(await nameless(page), [], name);
                    assert.deepEqual(page.faults, [], name);
                }
                await service.request("DELETE", `api/v1/silences/${silence.id}`);
            });

    it("goes through ten thousand alerts without making as many rows", async () => {
        for (let part = 0; part < 10; ++part)
            await service.notify(Array.from({ length: 1000 }, (_, i) => alert("Storm", { severity: "info", namespace: "storm", instance: `node-${part * 1000 + i}` }, { minutes: 1000 + part })));
        await start("#/alerts?namespace=storm");
        await page.locator(".alert-row .alert-name").first().waitFor();
        await eventually("the last one", async () => {
            await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
            const most = await page.locator(".alert-row").count();
            assert.ok(most < 120, `${most} rows are in the page`);
            return (await page.locator(".list-end").textContent()) === "10,000 alerts";
        }, 300);
        assert.deepEqual(page.faults, []);
    });
});

describe("console with keys", () => {
    const sha256 = createHash("sha256").update("console-key").digest("hex");
    const service = new Service({ ALERTHIST_KEYS: `eva:admin:${sha256}` });
    before(async () => {
        await service.start();
        await service.notify([alert("Guarded", { severity: "critical" })], { "X-API-Key": "console-key" });
    });
    after(() => service.remove());

    it("asks for a key, refuses a wrong one, and keeps the right one for the tab", async () => {
        const page = await open(browser, service.url, { quiet: true });
        await page.getByRole("heading", { name: "This service asks for a key" }).waitFor();
        await page.getByLabel("API key").fill("wrong");
        await page.getByRole("button", { name: "Continue" }).click();
        await page.getByText("The service does not take this key.").waitFor();
        await page.getByLabel("API key").fill("console-key");
        await page.getByRole("button", { name: "Continue" }).click();
        await shows(page, "Guarded");
        await live(page);
        await page.getByRole("button", { name: "eva" }).waitFor();
        await page.reload();
        await shows(page, "Guarded");
        assert.equal(await page.evaluate(() => Object.keys(localStorage).length), 0, "nothing outlives the tab");
        await page.context().close();
    });
});
