// Checks Kubernetes manifests: node manifests.mjs NAME < several documents
//
// Every object against the schema and the type of its kind (kubernetes-models); then what schemas do not see: selectors,
// names that other objects use, and the hardening that docs/deployment.md promises.
import { spawnSync } from "node:child_process";
import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import * as yaml from "js-yaml";

const name = process.argv[2] ?? "manifests";
const problems = [];
const complain = (object, text) => problems.push(`${name}: ${object.kind} ${object.metadata?.name}: ${text}`);

const operator = new Set(["monitoring.coreos.com/v1"]);

const moduleOf = (apiVersion) =>
    `${operator.has(apiVersion) ? "@kubernetes-models/prometheus-operator" : "kubernetes-models"}/${apiVersion}`;

/** Whether every field has a value that its kind takes. Fields that no kind knows pass. */
async function checkSchema(object) {
    try {
        const Model = (await import(moduleOf(object.apiVersion)))[object.kind];
        if (!Model) throw new Error(`${object.apiVersion} has no such kind`);
        new Model(object).validate();
    } catch (failure) {
        complain(object, failure.message);
    }
}

/** Whether there are fields that no kind knows: as literals of the package's types, which the compiler then refuses. */
async function checkFields(objects) {
    const here = path.dirname(fileURLToPath(import.meta.url));
    const file = path.join(here, `.manifests-${process.pid}.ts`);
    const lines = objects.map((object, i) =>
        `import type { I${object.kind} as T${i} } from "${moduleOf(object.apiVersion)}";\nexport const o${i}: T${i} = ${JSON.stringify(object)};`);
    await writeFile(file, lines.join("\n") + "\n");
    try {
        const compiler = path.join(here, "node_modules/.bin/tsc");
        const options = ["--noEmit", "--ignoreConfig", "--strict", "--skipLibCheck", "--module", "esnext", "--moduleResolution", "bundler", "--target", "es2021"];
        const { status, stdout } = spawnSync(compiler, [...options, file], { encoding: "utf8" });
        if (status === 0) return;
        const found = [...stdout.matchAll(/\((\d+),\d+\): error TS\d+: (.*)/g)];
        for (const [, line, text] of found) complain(objects[Math.floor((line - 1) / 2)], text);
        if (found.length === 0) problems.push(`${name}: ${stdout.trim() || "tsc did not run"}`);
    } finally {
        await rm(file);
    }
}

const matches = (wanted, labels) => Object.entries(wanted ?? {}).every(([key, value]) => labels?.[key] === value);

function checkPod(object, container, pod) {
    const must = (holds, what) => holds || complain(object, `${container.name}: ${what}`);
    const own = container.securityContext ?? {};
    must(pod.securityContext?.runAsNonRoot === true, "may run as root");
    must(own.readOnlyRootFilesystem === true, "its root filesystem can be written to");
    must(own.allowPrivilegeEscalation === false, "may gain privileges");
    must(own.capabilities?.drop?.includes("ALL"), "keeps capabilities");
    must(pod.securityContext?.seccompProfile?.type === "RuntimeDefault", "has no seccomp profile");
    must(pod.automountServiceAccountToken === false, "gets a token of the API");
    for (const kind of ["cpu", "memory"]) {
        must(container.resources?.limits?.[kind], `has no limit of ${kind}`);
        must(container.resources?.requests?.[kind], `requests no ${kind}`);
    }
    for (const [probe, path] of [["startupProbe", "/livez"], ["livenessProbe", "/livez"], ["readinessProbe", "/readyz"]])
        must(container[probe]?.httpGet?.path === path, `${probe} does not ask ${path}`);
    const ports = (container.ports ?? []).map((port) => port.name);
    must(ports.includes(container.livenessProbe?.httpGet?.port), "probes a port that it does not name");
    must(!(container.env ?? []).some((one) => /PASSWORD|SECRET|KEY/.test(one.name) && one.value), "has a secret in the manifest");
}

function checkReferences(objects) {
    const find = (kind, wanted) => objects.some((one) => one.kind === kind && one.metadata.name === wanted);
    const deployments = objects.filter((one) => one.kind === "Deployment");
    const services = objects.filter((one) => one.kind === "Service");
    for (const one of deployments) {
        const { metadata, spec: pod } = one.spec.template;
        if (!matches(one.spec.selector.matchLabels, metadata.labels)) complain(one, "its selector does not find its pods");
        for (const container of pod.containers) {
            checkPod(one, container, pod);
            const volumes = new Set((pod.volumes ?? []).map((volume) => volume.name));
            for (const mount of container.volumeMounts ?? []) if (!volumes.has(mount.name)) complain(one, `mounts ${mount.name}, which is no volume`);
            for (const source of container.envFrom ?? [])
                if (source.secretRef && !find("Secret", source.secretRef.name)) complain(one, `takes Secret ${source.secretRef.name}, which is not here`);
        }
        for (const volume of pod.volumes ?? [])
            if (volume.configMap && !find("ConfigMap", volume.configMap.name)) complain(one, `takes ConfigMap ${volume.configMap.name}, which is not here`);
        if (!find("ServiceAccount", pod.serviceAccountName)) complain(one, `runs as ServiceAccount ${pod.serviceAccountName}, which is not here`);
        for (const kind of ["HorizontalPodAutoscaler", "PodDisruptionBudget", "ServiceMonitor", "Service"])
            if (!find(kind, one.metadata.name)) complain(one, `has no ${kind}`);
    }
    for (const one of objects.filter((object) => ["Service", "PodDisruptionBudget"].includes(object.kind))) {
        const selector = one.kind === "Service" ? one.spec.selector : one.spec.selector.matchLabels;
        if (!deployments.some((each) => matches(selector, each.spec.template.metadata.labels))) complain(one, "selects no pod");
    }
    for (const one of objects.filter((object) => object.kind === "ServiceMonitor"))
        if (!services.some((each) => matches(one.spec.selector.matchLabels, each.metadata.labels))) complain(one, "selects no Service");
    for (const one of objects.filter((object) => object.kind === "HorizontalPodAutoscaler"))
        if (!find("Deployment", one.spec.scaleTargetRef.name)) complain(one, "scales a Deployment that is not here");
    if (!objects.some((one) => one.kind === "PrometheusRule")) problems.push(`${name}: there is no PrometheusRule`);
}

const text = await readFile("/dev/stdin", "utf8");
const objects = yaml.loadAll(text).filter(Boolean);
if (objects.length === 0) problems.push(`${name}: there is nothing`);
for (const object of objects) await checkSchema(object);
await checkFields(objects);
checkReferences(objects);
for (const problem of problems) console.error(problem);
console.log(`${name}: ${objects.length} objects, ${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);
