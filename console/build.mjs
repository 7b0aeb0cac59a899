// Bundles console/source into console/dist, which is committed: the C++ build embeds it and needs no Node.js.
//
//   node build.mjs            build once
//   node build.mjs --watch    build again at every change, unminified
//
// dist/SHA256SUMS lists the sources and what was made of them, so that a test without npm can tell whether they
// belong together (`sha256sum -c`, tests/console/dist_test).
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const home = path.dirname(fileURLToPath(import.meta.url));
const dist = path.join(home, "dist");
const watching = process.argv.includes("--watch");

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

async function filesBelow(folder) {
    const found = await readdir(path.join(home, folder), { recursive: true, withFileTypes: true });
    return found
        .filter((entry) => entry.isFile())
        .map((entry) => path.relative(home, path.join(entry.parentPath ?? entry.path, entry.name)));
}

/** Every file that the bundle is made of; tests/console/dist_test has the same list. */
async function sources() {
    const files = ["build.mjs", "package.json", "package-lock.json", "tsconfig.json"];
    return [...files, ...(await filesBelow("source"))].sort();
}

async function writeSums() {
    const made = (await filesBelow("dist")).filter((file) => !file.endsWith("SHA256SUMS")).sort();
    const lines = [];
    for (const file of [...(await sources()), ...made])
        lines.push(`${sha256(await readFile(path.join(home, file)))}  ${file}`);
    await writeFile(path.join(dist, "SHA256SUMS"), lines.join("\n") + "\n");
}

/** index.html with the names that the outputs got. */
async function writePage(outputs) {
    const named = new Map();
    for (const output of Object.keys(outputs)) {
        const name = path.relative(dist, path.resolve(home, output));
        named.set(path.basename(name).replace(/-0[A-Z0-9]{8}(?=\.)/, ""), name);
    }
    let page = await readFile(path.join(home, "source/index.html"), "utf8");
    page = page.replace(/\{\{(.+?)\}\}/g, (_, wanted) => {
        if (!named.has(wanted)) throw new Error(`index.html names ${wanted}, which was not built`);
        return named.get(wanted);
    });
    await writeFile(path.join(dist, "index.html"), page);
}

const finish = {
    name: "finish",
    setup(build) {
        build.onStart(async () => {
            await rm(dist, { recursive: true, force: true });
            await mkdir(dist, { recursive: true });
        });
        build.onEnd(async (result) => {
            if (result.errors.length !== 0) return;
            await writePage(result.metafile.outputs);
            await writeSums();
            for (const [name, output] of Object.entries(result.metafile.outputs))
                console.log(`${name}  ${(output.bytes / 1024).toFixed(1)} KiB`);
        });
    },
};

const context = await esbuild.context({
    absWorkingDir: home,
    entryPoints: ["source/console.tsx", "source/theme.ts", "source/icon.svg"],
    outdir: "dist/assets",
    // The server keeps files for good whose names end in a hash, which it knows by its digits; esbuild's may have none.
    entryNames: "[name]-0[hash]",
    bundle: true,
    format: "iife",
    target: ["es2021", "chrome109", "firefox115", "safari15"],
    jsx: "automatic",
    jsxImportSource: "preact",
    loader: { ".svg": "copy" },
    minify: !watching,
    legalComments: "eof",
    metafile: true,
    logLevel: "info",
    plugins: [finish],
});
if (watching) await context.watch();
else {
    await context.rebuild();
    await context.dispose();
}
