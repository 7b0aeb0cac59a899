package main

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v4/pgxpool"
)

func openPool(url string, connections int32) *pgxpool.Pool {
	settings, e := pgxpool.ParseConfig(url)
	check(e)
	settings.MaxConns = connections
	out, e := pgxpool.ConnectConfig(background, settings)
	check(e)
	return out
}

// together runs `workers` goroutines that share the operations 0 to n - 1.
func together(workers int, n int64, work func(i int64)) {
	var taken int64
	var all sync.WaitGroup
	all.Add(workers)
	for w := 0; w < workers; w++ {
		go func() {
			defer all.Done()
			for i := atomic.AddInt64(&taken, 1) - 1; i < n; i = atomic.AddInt64(&taken, 1) - 1 {
				work(i)
			}
		}()
	}
	all.Wait()
}

// fill has the pool make all its connections.
func fill(p *pgxpool.Pool) {
	var held []*pgxpool.Conn
	for i := 0; i < poolConnections; i++ {
		c, e := p.Acquire(background)
		check(e)
		held = append(held, c)
	}
	for _, c := range held {
		c.Release()
	}
}

func pool(j *job) error {
	p := openPool(j.url, poolConnections)
	fill(p)
	var wrong int64
	query := func(took []uint32) {
		together(poolWorkers, int64(len(took)), func(i int64) {
			begin := time.Now()
			var counted kvCheck
			var k string
			var v int32
			check(p.QueryRow(background, selectKv, keyOf(i)).Scan(&k, &v))
			took[i] = uint32(time.Since(begin))
			if counted.add(keyOf(i), k, v); counted.wrong != 0 {
				atomic.AddInt64(&wrong, 1)
			}
		})
	}
	query(make([]uint32, 40*poolWorkers))
	took := make([]uint32, j.n)
	j.timed(func() { query(took) })
	j.taken.latencies = took
	if wrong != 0 {
		return errors.New("rows of bench_kv are wrong")
	}
	return nil
}

func lease(j *job, workers int) error {
	p := openPool(j.url, poolConnections)
	fill(p)
	j.timed(func() {
		together(workers, j.n, func(int64) {
			c, e := p.Acquire(background)
			check(e)
			c.Release()
		})
	})
	return nil
}

func acquire(j *job) error   { return lease(j, 1) }
func acquire64(j *job) error { return lease(j, poolWorkers) }

func connectPool(j *job) error {
	p := openPool(j.url, int32(j.n)+1)
	_, e := p.Acquire(background)
	check(e)
	j.timed(func() {
		for i := int64(0); i < j.n; i++ {
			_, e := p.Acquire(background)
			check(e)
		}
	})
	return nil
}
