#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <bench/workload.hpp>

/// What the tables hold (prepare.cpp makes them), and checks of what came back.
namespace bench {

inline constexpr std::int64_t kv_rows = 100'000;
inline constexpr std::int64_t wide_rows = 1'000'000;
inline constexpr const char* select_kv = "select k, v from bench_kv where id=$1";

/// Every run asks for the same keys, in an order that is no order.
constexpr std::int64_t key_of(std::uint64_t i) {
    return static_cast<std::int64_t>(i * 7919 % static_cast<std::uint64_t>(kv_rows)) + 1;
}

constexpr std::int64_t scattered(std::int64_t id) { return id * 7919 % 1000003; }

/// The rows of bench_wide in the order of the file; what Tusk, libpq and the floor all execute.
std::string select_wide(std::uint64_t n);
/// Without it a scan may begin where another one is.
inline constexpr const char* scan_from_the_start = "set synchronize_seqscans = off";

/// The key of row `id`, "key-" and twelve digits, made anew for every row that is copied.
class key_text {
public:
    std::string_view of(std::int64_t id) noexcept {
        for (std::size_t i = sizeof text_; i-- > 4; id /= 10) text_[i] = static_cast<char>('0' + id % 10);
        return {text_, sizeof text_};
    }

private:
    char text_[16] = {'k', 'e', 'y', '-'};
};

inline constexpr const char* empty_copy = "truncate bench_copy";
/// Rows, sum of ids, sum of values, and whether all keys are right.
inline constexpr const char* check_copy =
    "select count(*), coalesce(sum(id), 0)::int8, coalesce(sum(v), 0)::int8, "
    "coalesce(bool_and(k = 'key-' || lpad(id::text, 12, '0')), true) from bench_copy";
/// A statement inserts this many rows, an array for each column: one text for any number of rows.
inline constexpr std::uint64_t insert_size = 1'000;
inline constexpr const char* insert_arrays =
    "insert into bench_copy (id, k, v) select * from unnest($1::int8[], $2::text[], $3::int4[])";

/// A hundred rows of bench_kv, what a page of a listing is.
inline constexpr std::int64_t page_size = 100;
inline constexpr const char* select_page =
    "select id, k, v from bench_kv where id > $1 order by id limit 100";
/// What the page that operation `i` reads begins behind; it has a hundred rows.
constexpr std::int64_t page_of(std::uint64_t i) { return key_of(i) % (kv_rows - page_size + 1); }
inline constexpr const char* insert_copy = "insert into bench_copy (id, k, v) values ($1, $2, $3)";

/// The rows of one insert as columns, the keys formatted anew. Keeps its memory.
class insert_columns {
public:
    /// The rows `first` to `first` + `n` - 1.
    void fill(std::int64_t first, std::size_t n) {
        ids.resize(n), keys.resize(n), values.resize(n);
        for (std::size_t i = 0; i < n; ++i) {
            ids[i] = first + static_cast<std::int64_t>(i);
            keys[i].assign(key_.of(ids[i]));
            values[i] = static_cast<std::int32_t>(scattered(ids[i]));
        }
    }
    std::vector<std::int64_t> ids;
    std::vector<std::string> keys;
    std::vector<std::int32_t> values;

private:
    key_text key_;
};

/// What a COPY of the rows 1 to `rows` should have left. Throws `wrong_answer`.
void finish_copy(std::uint64_t rows, std::int64_t count, std::int64_t ids, std::int64_t values, bool keys);

/// Counts the rows of bench_kv and those that are not what they should be.
class kv_check {
public:
    void add(std::int64_t id, std::string_view k, std::int32_t v) noexcept {
        ++rows_;
        const bool right =
            v == scattered(id) && k.size() == 16 && k.back() == static_cast<char>('0' + id % 10);
        wrong_ += !right;
    }
    /// One of a page; `id` must be the row's own.
    void add_of_page(std::int64_t wanted, std::int64_t id, std::string_view k, std::int32_t v) noexcept {
        add(id, k, v);
        wrong_ += id != wanted;
    }
    void merge(const kv_check& other) noexcept {
        rows_ += other.rows_;
        wrong_ += other.wrong_;
    }
    /// Throws `wrong_answer`.
    void finish(std::uint64_t rows) const;

private:
    std::uint64_t rows_ = 0;
    std::uint64_t wrong_ = 0;
};

/// A row of bench_wide as plain values, for the full check of some of them.
struct wide_values {
    std::int64_t id = 0;
    double b = 0;
    std::string_view c;
    std::string f;
    const std::byte* g = nullptr; ///< 16 bytes.
};

/// Sums over all rows, and every 1,024th in full.
class wide_check {
public:
    template <class Row>
    void add(const Row& row) {
        keep(row);
        ++rows_;
        id_ += row.id;
        a_ += row.a;
        b_ += row.b;
        c_ += row.c.size();
        d_ += row.d.time_since_epoch().count();
        e_ += row.e;
        f_ += static_cast<std::uint64_t>(row.scale());
        if (row.id % 1024 == 1) look_at(row.values());
    }
    /// Throws `wrong_answer` unless these were the first `rows` rows.
    void finish(std::uint64_t rows) const;

private:
    void look_at(const wide_values& row);

    std::uint64_t rows_ = 0, wrong_ = 0, c_ = 0, e_ = 0, f_ = 0;
    std::int64_t id_ = 0, a_ = 0, d_ = 0;
    double b_ = 0;
};

using timestamp = std::chrono::sys_time<std::chrono::microseconds>;

} // namespace bench
