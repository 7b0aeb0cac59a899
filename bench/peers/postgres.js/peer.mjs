// The workloads of tusk-bench with postgres.js; bench/README.md says what they are.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import postgres from 'postgres'

const kvRows = 100_000
const poolWorkers = 64
const poolConnections = 20
const insertSize = 1_000

const keyOf = i => (i * 7919) % kvRows + 1
const scattered = id => (id * 7919) % 1000003
const keyText = id => 'key-' + String(id).padStart(12, '0')

// The driver does not know a directory of sockets, which a URL of libpq may have as host.
function settingsOf(url) {
  const parts = /^postgres(?:ql)?:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^/:?]*)(?::(\d+))?\/([^?]*)(?:\?(.*))?$/.exec(url)
  if (!parts) throw new Error('the URL is not understood')
  const [, user, password, name, port, database, query] = parts
  const more = new URLSearchParams(query ?? '')
  const host = more.get('host') ?? decodeURIComponent(name)
  const number = Number(more.get('port') ?? port ?? 5432)
  const where = host.startsWith('/') ? { path: `${host}/.s.PGSQL.${number}` } : { host, port: number }
  return { ...where, user, password: password && decodeURIComponent(password), database }
}

function open(job, max = 1) {
  const types = { id: { to: 20, from: [20], serialize: String, parse: Number } } // else int8 is a string
  return postgres({ ...settingsOf(job.url), max, types, onnotice: () => {} })
}

class KvCheck {
  rows = 0
  wrong = 0
  add(id, { k, v }) {
    this.rows++
    if (v !== scattered(id) || k.length !== 16 || k.charCodeAt(15) !== 48 + id % 10) this.wrong++
  }
  finish(rows) {
    if (this.rows !== rows || this.wrong) throw new Error(`${this.rows} rows came, ${this.wrong} wrong; ${rows} should`)
  }
}

async function pinTogether(job, sql) {
  if (job.pin === undefined) return
  const [{ pid }] = await sql`select pg_backend_pid() as pid`
  for (const who of [process.pid, pid]) execFileSync('taskset', ['-apc', job.pin, String(who)])
}

// The timed section: connecting, preparing and warming up stay outside. cpuUsage is getrusage(RUSAGE_SELF).
async function timed(job, work) {
  const before = process.cpuUsage()
  const begin = process.hrtime.bigint()
  await work()
  job.wall = Number(process.hrtime.bigint() - begin) / 1e9
  const used = process.cpuUsage(before)
  job.user = used.user / 1e6
  job.sys = used.system / 1e6
}

const selectKv = (sql, id) => sql`select k, v from bench_kv where id=${id}`

async function point(job) {
  const sql = open(job)
  const query = async (check, n) => {
    for (let i = 0; i < n; i++) {
      const id = keyOf(i)
      const [row] = await selectKv(sql, id)
      check.add(id, row)
    }
  }
  await query(new KvCheck(), 100)
  const check = new KvCheck()
  await pinTogether(job, sql)
  await timed(job, () => query(check, job.n))
  check.finish(job.n)
}

async function batch(job) {
  const sql = open(job)
  const query = async (check, n) => {
    for (let done = 0; done < n; done += 100) {
      const asked = []
      for (let i = done; i < done + 100; i++) asked.push(selectKv(sql, keyOf(i)))
      const answers = await Promise.all(asked)
      answers.forEach(([row], i) => check.add(keyOf(done + i), row))
    }
  }
  await query(new KvCheck(), 1_000)
  const check = new KvCheck()
  await pinTogether(job, sql)
  await timed(job, () => query(check, job.n))
  check.finish(job.n)
}

// A Date has no microseconds, so that only milliseconds are checked.
async function readWide(sql, n) {
  const sum = { rows: 0, id: 0, a: 0, b: 0, c: 0, d: 0, e: 0, f: 0 }
  const limit = n < 1_000_000 ? ` limit ${n}` : ''
  await sql.unsafe('select id,a,b,c,d,e,f,g from bench_wide' + limit, [], { prepare: true }).forEach(row => {
    sum.rows++
    sum.id += row.id
    sum.a += row.a
    sum.b += row.b
    sum.c += row.c.length
    sum.d += row.d.getTime() % 1000
    sum.e += row.e
    sum.f += row.f.length - row.f.indexOf('.') - 1
    if (row.id % 1024 === 1 && row.g.replaceAll('-', '') !== row.c) throw new Error('a uuid is wrong')
  })
  return sum
}

function expectedWide(n) {
  const sum = { rows: n, id: n * (n + 1) / 2, a: 0, b: 0, c: 32 * n, d: 0, e: Math.floor(n / 3), f: 2 * n }
  for (let i = 1; i <= n; i++) {
    sum.a += scattered(i)
    sum.b += i / 7
    sum.d += Math.floor(i * 1_001_234 / 1000) % 1000
  }
  return sum
}

async function rows(job) {
  const sql = open(job)
  await sql`set synchronize_seqscans = off`
  await readWide(sql, 100)
  await pinTogether(job, sql)
  let sum
  await timed(job, async () => { sum = await readWide(sql, job.n) })
  const wanted = expectedWide(job.n)
  if (Math.abs(sum.b - wanted.b) <= 1e-6 * wanted.b) sum.b = wanted.b
  if (JSON.stringify(sum) !== JSON.stringify(wanted))
    throw new Error(`bench_wide is wrong: ${JSON.stringify(sum)}, not ${JSON.stringify(wanted)}`)
}

const emptyCopy = sql => sql`truncate bench_copy`

async function written(job, write, warmUp) {
  const sql = open(job)
  await write(sql, warmUp)
  await emptyCopy(sql)
  await pinTogether(job, sql)
  await timed(job, () => write(sql, job.n))
  const [found] = await sql`select count(*), sum(id)::int8 as ids, sum(v)::int8 as values,
    bool_and(k = 'key-' || lpad(id::text, 12, '0')) as keys from bench_copy`
  await emptyCopy(sql)
  let values = 0
  for (let i = 1; i <= job.n; i++) values += scattered(i)
  if (found.count !== job.n || found.ids !== job.n * (job.n + 1) / 2 || found.values !== values || !found.keys)
    throw new Error('bench_copy does not hold what was written')
}

// COPY in text: the driver does not write binary.
async function copyRows(sql, n) {
  const to = await sql`copy bench_copy (id, k, v) from stdin`.writable()
  let part = ''
  for (let id = 1; id <= n; id++) {
    part += `${id}\t${keyText(id)}\t${scattered(id)}\n`
    if (part.length < 65_536 && id !== n) continue
    if (!to.write(part)) await once(to, 'drain')
    part = ''
  }
  to.end()
  await once(to, 'finish')
}

async function insertRows(sql, n) {
  for (let done = 0; done < n; done += insertSize) {
    const ids = Array.from({ length: insertSize }, (_, i) => done + i + 1)
    const keys = ids.map(keyText), values = ids.map(scattered)
    await sql`insert into bench_copy (id, k, v) select * from unnest(${ids}::int8[], ${keys}::text[], ${values}::int4[])`
  }
}

async function together(workers, n, work) {
  let taken = 0
  const worker = async () => { while (taken < n) await work(taken++) }
  await Promise.all(Array.from({ length: workers }, worker))
}

async function fullPool(job) {
  const sql = open(job, poolConnections)
  const held = await Promise.all(Array.from({ length: poolConnections }, () => sql.reserve()))
  for (const one of held) one.release()
  return sql
}

async function pool(job) {
  const sql = await fullPool(job)
  const query = (check, n, took) => together(poolWorkers, n, async i => {
    const id = keyOf(i)
    const begin = process.hrtime.bigint()
    const [row] = await selectKv(sql, id)
    took.push(Number(process.hrtime.bigint() - begin))
    check.add(id, row)
  })
  await query(new KvCheck(), 40 * poolWorkers, [])
  const check = new KvCheck(), took = []
  await timed(job, () => query(check, job.n, took))
  check.finish(job.n)
  job.latencies = took
}

async function lease(job, workers) {
  const sql = await fullPool(job)
  const one = async () => { (await sql.reserve()).release() }
  await together(workers, 40 * workers, one)
  await timed(job, () => together(workers, job.n, one))
}

async function connect(job) {
  const openAll = async n => {
    for (let i = 0; i < n; i++) {
      const sql = open(job)
      ;(await sql.reserve()).release()
      await sql.end()
    }
  }
  await openAll(1)
  await timed(job, () => openAll(job.n))
}

async function connectPool(job) {
  const sql = open(job, job.n + 1)
  await sql.reserve()
  await timed(job, async () => { for (let i = 0; i < job.n; i++) await sql.reserve() })
}

const workloads = {
  'point': [point, 20_000], 'batch': [batch, 50_000], 'rows': [rows, 500_000],
  'copy-in': [job => written(job, copyRows, 100), 1_000_000],
  'insert': [job => written(job, insertRows, 2 * insertSize), 100_000],
  'pool': [pool, 50_000], 'acquire': [job => lease(job, 1), 100_000],
  'acquire-64': [job => lease(job, poolWorkers), 100_000],
  'connect': [connect, 50], 'connect-pool': [connectPool, 50],
}

function fail(code, text) {
  console.error('postgres.js: ' + text)
  process.exit(code)
}

const [name, ...rest] = process.argv.slice(2)
const job = { latencies: [] }
for (let i = 0; i < rest.length; i += 2) {
  if (!['--url', '--n', '--pin'].includes(rest[i])) fail(2, `unknown option ${rest[i]}`)
  job[rest[i].slice(2)] = rest[i + 1]
}
if (!Object.hasOwn(workloads, name)) fail(2, `no workload "${name}"; there are ${Object.keys(workloads).join(', ')}`)
const [run, defaultN] = workloads[name]
job.n = Number(job.n ?? defaultN)
try {
  await run(job)
} catch (e) {
  fail(1, e.stack)
}
const out = {
  workload: name, peer: 'postgres.js', ops: job.n, wall_s: job.wall, user_s: job.user, sys_s: job.sys,
  peak_rss_kb: process.resourceUsage().maxRSS, pinned: job.pin !== undefined,
}
if (job.latencies.length) {
  job.latencies.sort((a, b) => a - b)
  const at = share => job.latencies[Math.floor(share * (job.latencies.length - 1))] / 1e3
  out.p50_us = at(0.5)
  out.p99_us = at(0.99)
}
console.log(JSON.stringify(out))
process.exit(0)
