// The workloads of tusk-bench with pgx v4 and pgxpool; bench/README.md says what they are.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"sort"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v4"
)

const (
	kvRows          = 100000
	selectKv        = "select k, v from bench_kv where id=$1"
	poolWorkers     = 64
	poolConnections = 20
)

var background = context.Background()

type job struct {
	url   string
	n     int64
	pin   string
	taken sample
}

type sample struct {
	wall, user, sys float64
	latencies       []uint32 // nanoseconds of each operation, where they are noted
}

type workload struct {
	run      func(*job) error
	defaultN int64
}

func keyOf(i int64) int64      { return i*7919%kvRows + 1 }
func scattered(id int64) int32 { return int32(id * 7919 % 1000003) }
func keyText(id int64) string  { return fmt.Sprintf("key-%012d", id) }

func check(e error) {
	if e != nil {
		fail(1, e.Error())
	}
}

func fail(code int, text string) {
	fmt.Fprintln(os.Stderr, "pgx:", text)
	os.Exit(code)
}

func seconds(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)*1e-6 }

func usage() syscall.Rusage {
	var out syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &out))
	return out
}

// timed measures one section. Connecting, preparing and warming up stay outside.
func (j *job) timed(work func()) {
	before, begin := usage(), time.Now()
	work()
	wall, after := time.Since(begin), usage()
	j.taken.wall = wall.Seconds()
	j.taken.user = seconds(after.Utime) - seconds(before.Utime)
	j.taken.sys = seconds(after.Stime) - seconds(before.Stime)
}

// pinTogether puts all threads of this process and the server's process of the connection on one CPU.
func (j *job) pinTogether(c *pgx.Conn) {
	if j.pin == "" {
		return
	}
	for _, pid := range []int{os.Getpid(), int(c.PgConn().PID())} {
		if out, e := exec.Command("taskset", "-apc", j.pin, strconv.Itoa(pid)).CombinedOutput(); e != nil {
			fail(1, "--pin: "+string(out))
		}
	}
}

func connect(url string) *pgx.Conn {
	c, e := pgx.Connect(background, url)
	check(e)
	return c
}

func percentile(of []uint32, share float64) float64 {
	return float64(of[int(share*float64(len(of)-1))]) / 1e3
}

func printJSON(name string, j *job) {
	out := map[string]interface{}{
		"workload": name, "peer": "pgx", "ops": j.n, "wall_s": j.taken.wall, "user_s": j.taken.user,
		"sys_s": j.taken.sys, "peak_rss_kb": usage().Maxrss, "pinned": j.pin != "",
	}
	if l := j.taken.latencies; len(l) != 0 {
		sort.Slice(l, func(a, b int) bool { return l[a] < l[b] })
		out["p50_us"], out["p99_us"] = percentile(l, 0.5), percentile(l, 0.99)
	}
	line, e := json.Marshal(out)
	check(e)
	fmt.Println(string(line))
}

func main() {
	if len(os.Args) < 2 {
		fail(2, "run WORKLOAD --url URL [--n N] [--pin CPU]")
	}
	name := os.Args[1]
	j := &job{}
	for i := 2; i+1 < len(os.Args); i += 2 {
		switch value := os.Args[i+1]; os.Args[i] {
		case "--url":
			j.url = value
		case "--n":
			n, e := strconv.ParseInt(value, 10, 64)
			check(e)
			j.n = n
		case "--pin":
			j.pin = value
		default:
			fail(2, "unknown option "+os.Args[i])
		}
	}
	w, known := workloads[name]
	if !known {
		fail(2, "no workload \""+name+"\"")
	}
	if j.n == 0 {
		j.n = w.defaultN
	}
	check(w.run(j))
	printJSON(name, j)
}
