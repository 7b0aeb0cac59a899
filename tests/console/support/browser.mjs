// Chromium of the machine, by Playwright; what a page must never do is noted.
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const places = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

export async function launch() {
    const executablePath = places.find((one) => one && existsSync(one));
    if (!executablePath) throw new Error("there is no Chromium: apt-get install chromium, or set CHROMIUM");
    // Its sandbox does not work for root.
    return chromium.launch({ executablePath, args: process.getuid() === 0 ? ["--no-sandbox"] : [] });
}

export const wide = { width: 1440, height: 900 };
export const narrow = { width: 360, height: 740 };

/** A page with `faults`: what the console said, threw, or asked of another host. */
export async function open(browser, address, { viewport = wide, colorScheme = "light", quiet = false } = {}) {
    const context = await browser.newContext({ viewport, colorScheme, reducedMotion: "reduce" });
    const page = await context.newPage();
    page.faults = [];
    page.on("pageerror", (failure) => page.faults.push(`threw ${failure.message}`));
    page.on("console", (message) => {
        // The browser itself reports every answer that is not 2xx.
        if (message.type() === "error" && !(quiet && /Failed to load resource|WebSocket connection/.test(message.text()))) page.faults.push(`said ${message.text()}`);
    });
    page.on("request", (request) => {
        if (!request.url().startsWith("data:") && new URL(request.url()).host !== new URL(address).host) page.faults.push(`asked ${request.url()}`);
    });
    await page.goto(address);
    return page;
}

/** Texts whose colour comes too close to what is behind them (WCAG 2: 4.5, 3 for large ones). */
export function lowContrast(page) {
    return page.evaluate(() => {
        const parse = (color) => {
            const [r, g, b, a = 1] = color.match(/[\d.]+/g).map(Number);
            return { r, g, b, a };
        };
        const over = (top, under) => ({ r: top.r * top.a + under.r * (1 - top.a), g: top.g * top.a + under.g * (1 - top.a), b: top.b * top.a + under.b * (1 - top.a), a: 1 });
        const behind = (element) => {
            const layers = [];
            for (let one = element; one; one = one.parentElement) {
                const color = parse(getComputedStyle(one).backgroundColor);
                if (color.a > 0) layers.push(color);
                if (color.a === 1) break;
            }
            return layers.reduceRight((under, top) => over(top, under), { r: 255, g: 255, b: 255, a: 1 });
        };
        const light = ({ r, g, b }) => [r, g, b].map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4))
            .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
        const found = [];
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) {
            const element = walker.currentNode.parentElement;
            const text = walker.currentNode.textContent.trim();
            if (!text || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) || element.closest(".unseen, .skip, option, :disabled, title")) continue;
            const style = getComputedStyle(element);
            let opacity = 1;
            for (let one = element; one; one = one.parentElement) opacity *= Number(getComputedStyle(one).opacity);
            const ground = behind(element);
            const color = over({ ...parse(style.color), a: parse(style.color).a * opacity }, ground);
            const [high, low] = [light(color), light(ground)].sort((a, b) => b - a);
            const ratio = (high + 0.05) / (low + 0.05);
            const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
            if (ratio < (large ? 3 : 4.5)) found.push(`${ratio.toFixed(2)} “${text.slice(0, 40)}” (${element.className})`);
        }
        return [...new Set(found)];
    });
}

/** Controls without a name for those who do not see them. */
export function nameless(page) {
    return page.evaluate(() => [...document.querySelectorAll("a, button, input, select")]
        .filter((one) => one.checkVisibility() && !(one.textContent.trim() || one.getAttribute("aria-label") || one.labels?.length))
        .map((one) => one.outerHTML.slice(0, 120)));
}

/** How far the page reaches beyond the window, in pixels. */
export const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
