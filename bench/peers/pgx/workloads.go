package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"
	"time"

	"github.com/jackc/pgtype"
	"github.com/jackc/pgx/v4"
)

var workloads = map[string]workload{
	"point": {point, 50000}, "batch": {batch, 200000}, "rows": {rows, 1000000},
	"copy-in": {copyIn, 1000000}, "insert": {insert, 100000},
	"pool": {pool, 100000}, "acquire": {acquire, 200000}, "acquire-64": {acquire64, 200000},
	"connect": {connects, 200}, "connect-pool": {connectPool, 50},
}

// kvCheck counts the rows of bench_kv and those that are not what they should be.
type kvCheck struct{ rows, wrong int64 }

func (c *kvCheck) add(id int64, k string, v int32) {
	c.rows++
	if v != scattered(id) || len(k) != 16 || k[15] != byte('0'+id%10) {
		c.wrong++
	}
}

func (c *kvCheck) finish(rows int64) error {
	if c.rows != rows || c.wrong != 0 {
		return fmt.Errorf("%d rows of bench_kv came, %d wrong; %d should", c.rows, c.wrong, rows)
	}
	return nil
}

func point(j *job) error {
	c := connect(j.url)
	_, e := c.Prepare(background, "kv", selectKv)
	check(e)
	var counted kvCheck
	query := func(n int64) {
		for i := int64(0); i < n; i++ {
			var k string
			var v int32
			check(c.QueryRow(background, "kv", keyOf(i)).Scan(&k, &v))
			counted.add(keyOf(i), k, v)
		}
	}
	query(100)
	counted = kvCheck{}
	j.pinTogether(c)
	j.timed(func() { query(j.n) })
	return counted.finish(j.n)
}

func batch(j *job) error {
	c := connect(j.url)
	_, e := c.Prepare(background, "kv", selectKv)
	check(e)
	var counted kvCheck
	query := func(n int64) {
		for done := int64(0); done < n; done += 100 {
			var b pgx.Batch
			for i := done; i < done+100; i++ {
				b.Queue("kv", keyOf(i))
			}
			results := c.SendBatch(background, &b)
			for i := done; i < done+100; i++ {
				var k string
				var v int32
				check(results.QueryRow().Scan(&k, &v))
				counted.add(keyOf(i), k, v)
			}
			check(results.Close())
		}
	}
	query(100)
	counted = kvCheck{}
	j.pinTogether(c)
	j.timed(func() { query(j.n) })
	return counted.finish(j.n)
}

// wideCheck is sums over all rows of bench_wide.
type wideCheck struct {
	rows, id, a, d, c, e, f int64
	b                       float64
}

func expectedWide(n int64) wideCheck {
	w := wideCheck{rows: n, c: 32 * n, e: n / 3}
	for i := int64(1); i <= n; i++ {
		w.id += i
		w.a += i * 7919 % 1000003
		w.b += float64(i) / 7
		w.d += 1577836800000000 + i*1001234
		w.f += i + 25
	}
	return w
}

// cents is the value of a numeric(12,2).
func cents(n *pgtype.Numeric) int64 {
	if n.Exp == -2 {
		return n.Int.Int64()
	}
	var scale, out big.Int
	if n.Exp < -2 { // the wire has digits by four: what is left behind the second one is zero
		out.Quo(n.Int, scale.Exp(big.NewInt(10), big.NewInt(int64(-2-n.Exp)), nil))
	} else {
		out.Mul(n.Int, scale.Exp(big.NewInt(10), big.NewInt(int64(n.Exp+2)), nil))
	}
	return out.Int64()
}

func readWide(c *pgx.Conn, n int64) wideCheck {
	sql := "select id,a,b,c,d,e,f,g from bench_wide"
	if n < 1000000 {
		sql += fmt.Sprintf(" limit %d", n)
	}
	all, e := c.Query(background, sql)
	check(e)
	var sum wideCheck
	for all.Next() {
		var id int64
		var a int32
		var b float64
		var text string
		var d time.Time
		var yes bool
		var f pgtype.Numeric
		var g pgtype.UUID
		check(all.Scan(&id, &a, &b, &text, &d, &yes, &f, &g))
		sum.rows++
		sum.id += id
		sum.a += int64(a)
		sum.b += b
		sum.c += int64(len(text))
		sum.d += d.UnixMicro()
		if yes {
			sum.e++
		}
		sum.f += cents(&f)
		if id%1024 == 1 && fmt.Sprintf("%x", g.Bytes) != text {
			check(errors.New("a uuid is wrong"))
		}
	}
	check(all.Err())
	return sum
}

func rows(j *job) error {
	c := connect(j.url)
	_, e := c.Exec(background, "set synchronize_seqscans = off")
	check(e)
	readWide(c, 100)
	j.pinTogether(c)
	var sum wideCheck
	j.timed(func() { sum = readWide(c, j.n) })
	wanted := expectedWide(j.n)
	if math.Abs(sum.b-wanted.b) > 1e-6*wanted.b {
		return errors.New("column b of bench_wide is wrong")
	}
	if sum.b = wanted.b; sum != wanted {
		return fmt.Errorf("bench_wide is wrong: %+v, not %+v", sum, wanted)
	}
	return nil
}

// copied makes the rows 1 to last.
type copied struct{ id, last int64 }

func (c *copied) Next() bool { c.id++; return c.id <= c.last }
func (c *copied) Err() error { return nil }
func (c *copied) Values() ([]interface{}, error) {
	return []interface{}{c.id, keyText(c.id), scattered(c.id)}, nil
}

func copyRows(c *pgx.Conn, n int64) {
	_, e := c.CopyFrom(background, pgx.Identifier{"bench_copy"}, []string{"id", "k", "v"}, &copied{last: n})
	check(e)
}

func emptyCopy(c *pgx.Conn) {
	_, e := c.Exec(background, "truncate bench_copy")
	check(e)
}

func checkCopied(c *pgx.Conn, n int64) error {
	var count, ids, values, wantedIds, wantedValues int64
	var keys bool
	check(c.QueryRow(background, "select count(*), sum(id)::int8, sum(v)::int8, "+
		"bool_and(k = 'key-' || lpad(id::text, 12, '0')) from bench_copy").Scan(&count, &ids, &values, &keys))
	emptyCopy(c)
	for i := int64(1); i <= n; i++ {
		wantedIds += i
		wantedValues += int64(scattered(i))
	}
	if count != n || ids != wantedIds || values != wantedValues || !keys {
		return errors.New("bench_copy does not hold what was written")
	}
	return nil
}

func copyIn(j *job) error {
	c := connect(j.url)
	copyRows(c, 100)
	emptyCopy(c)
	j.pinTogether(c)
	j.timed(func() { copyRows(c, j.n) })
	return checkCopied(c, j.n)
}

func insertRows(c *pgx.Conn, n int64) {
	const size = 1000
	ids, keys, values := make([]int64, size), make([]string, size), make([]int32, size)
	for done := int64(0); done < n; done += size {
		for i := range ids {
			ids[i] = done + int64(i) + 1
			keys[i] = keyText(ids[i])
			values[i] = scattered(ids[i])
		}
		_, e := c.Exec(background, "arrays", ids, keys, values)
		check(e)
	}
}

func insert(j *job) error {
	c := connect(j.url)
	_, e := c.Prepare(background, "arrays",
		"insert into bench_copy (id, k, v) select * from unnest($1::int8[], $2::text[], $3::int4[])")
	check(e)
	insertRows(c, 2000)
	emptyCopy(c)
	j.pinTogether(c)
	j.timed(func() { insertRows(c, j.n) })
	return checkCopied(c, j.n)
}

func connects(j *job) error {
	open := func(n int64) {
		for i := int64(0); i < n; i++ {
			c := connect(j.url)
			if c.PgConn().ParameterStatus("server_version") == "" {
				check(errors.New("a new connection was not usable"))
			}
			check(c.Close(context.Background()))
		}
	}
	open(1)
	j.timed(func() { open(j.n) })
	return nil
}
