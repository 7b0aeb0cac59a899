#include <bench/data.hpp>

#include <cmath>

#include <fmt/format.h>

namespace bench {

namespace {

/// 2020-01-01 00:00:00 UTC in microseconds.
constexpr std::int64_t first_moment = 1'577'836'800'000'000;
constexpr std::int64_t step = 1'001'234;

std::string hex(const std::byte* p) {
    std::string out;
    for (int i = 0; i < 16; ++i) out += fmt::format("{:02x}", static_cast<unsigned>(p[i]));
    return out;
}

[[noreturn]] void differs(std::string_view column) {
    throw wrong_answer{fmt::format("column {} of bench_wide is not what it should be", column)};
}

} // namespace

std::string select_wide(std::uint64_t n) {
    std::string out = "select id,a,b,c,d,e,f,g from bench_wide";
    if (n < static_cast<std::uint64_t>(wide_rows)) out += " limit " + std::to_string(n);
    return out;
}

void kv_check::finish(std::uint64_t rows) const {
    if (rows_ != rows) throw wrong_answer{fmt::format("{} rows of bench_kv came, {} should", rows_, rows)};
    if (wrong_ != 0) throw wrong_answer{fmt::format("{} of {} rows of bench_kv are wrong", wrong_, rows_)};
}

void finish_copy(std::uint64_t rows, std::int64_t count, std::int64_t ids, std::int64_t values, bool keys) {
    std::int64_t id = 0, v = 0;
    for (std::int64_t i = 1; i <= static_cast<std::int64_t>(rows); ++i) {
        id += i;
        v += scattered(i);
    }
    if (count != static_cast<std::int64_t>(rows) || ids != id || values != v || !keys)
        throw wrong_answer{"bench_copy does not hold what was copied"};
}

void wide_check::look_at(const wide_values& row) {
    // id % 1000000000 / 100.0 + 0.25
    const std::int64_t cents = row.id + 25;
    const bool right = row.b == static_cast<double>(row.id) / 7.0 && row.c == hex(row.g) &&
                       row.f == fmt::format("{}.{:02}", cents / 100, cents % 100);
    wrong_ += !right;
}

void wide_check::finish(std::uint64_t rows) const {
    if (rows_ != rows) throw wrong_answer{fmt::format("{} rows of bench_wide came, {} should", rows_, rows)};
    if (wrong_ != 0) throw wrong_answer{fmt::format("{} of the rows looked at are wrong", wrong_)};
    std::int64_t id = 0, a = 0, d = 0;
    std::uint64_t e = 0;
    double b = 0;
    for (std::int64_t i = 1; i <= static_cast<std::int64_t>(rows); ++i) {
        id += i;
        a += scattered(i);
        b += static_cast<double>(i) / 7.0;
        d += first_moment + i * step;
        e += i % 3 == 0;
    }
    if (id_ != id) differs("id");
    if (a_ != a) differs("a");
    if (std::abs(b_ - b) > 1e-6 * std::abs(b)) differs("b");
    if (c_ != 32 * rows) differs("c");
    if (d_ != d) differs("d");
    if (e_ != e) differs("e");
    if (f_ != 2 * rows) differs("f");
}

} // namespace bench
