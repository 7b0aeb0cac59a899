#include <cstdlib>
#include <vector>

#include <fmt/format.h>

#include <bench/data.hpp>
#include <bench/libpq/connection.hpp>
#include <bench/libpq/workloads.hpp>

namespace bench::with_libpq {

namespace {

/// An exact decimal of up to 18 digits.
struct decimal {
    std::int64_t units = 0; ///< The value times 10^scale.
    int scale = 0;
};

constexpr std::int64_t powers[] = {
    1,          10,          100,           1'000,          10'000,          100'000,          1'000'000,
    10'000'000, 100'000'000, 1'000'000'000, 10'000'000'000, 100'000'000'000, 1'000'000'000'000};

/// numeric_send: count, weight, sign and scale, then digits in base 10000.
decimal decode_numeric(const char* p) {
    const int count = load_16(p), weight = load_16(p + 2), scale = load_16(p + 6);
    std::int64_t units = 0;
    for (int i = 0; i < count; ++i) units = units * 10'000 + load_16(p + 8 + 2 * i);
    // The last digit is worth 10000^(weight - count + 1).
    const int exponent = count == 0 ? 0 : scale + 4 * (weight - count + 1);
    if (std::abs(exponent) > 12) throw wrong_answer{"a numeric is too large"};
    units = exponent >= 0 ? units * powers[exponent] : units / powers[-exponent];
    return {load_16(p + 4) == 0x4000 ? -units : units, scale};
}

struct wide {
    std::int64_t id = 0;
    std::int32_t a = 0;
    double b = 0;
    std::string c;
    timestamp d;
    bool e = false;
    decimal f;
    std::byte g[16] = {};

    int scale() const { return f.scale; }
    wide_values values() const {
        return {id, b, c, fmt::format("{}.{:02}", f.units / 100, f.units % 100), g};
    }
};

void decode(const PGresult* r, int row, wide& out) {
    constexpr std::chrono::microseconds server_epoch{946'684'800'000'000}; // 2000-01-01 in Unix time
    out.id = load_64(PQgetvalue(r, row, 0));
    out.a = load_32(PQgetvalue(r, row, 1));
    const std::int64_t bits = load_64(PQgetvalue(r, row, 2));
    std::memcpy(&out.b, &bits, sizeof bits);
    out.c.assign(PQgetvalue(r, row, 3), static_cast<std::size_t>(PQgetlength(r, row, 3)));
    out.d = timestamp{std::chrono::microseconds{load_64(PQgetvalue(r, row, 4))} + server_epoch};
    out.e = *PQgetvalue(r, row, 5) != 0;
    out.f = decode_numeric(PQgetvalue(r, row, 6));
    std::memcpy(out.g, PQgetvalue(r, row, 7), sizeof out.g);
}

/// Calls `target()` for the row to decode into, then `done(row)`.
template <class Target, class Done>
void read(PGconn* c, const std::string& sql, Target target, Done done) {
    if (!PQsendQueryParams(c, sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 1) ||
        !PQsetSingleRowMode(c))
        throw std::runtime_error{PQerrorMessage(c)};
    while (const answer r{PQgetResult(c)}) {
        if (PQresultStatus(r.get()) != PGRES_SINGLE_TUPLE) {
            expect(c, r, PGRES_TUPLES_OK);
            continue;
        }
        wide& row = target();
        decode(r.get(), 0, row);
        done(row);
    }
}

void each(PGconn* c, wide_check& check, std::uint64_t n) {
    wide row;
    read(c, select_wide(n), [&]() -> wide& { return row; }, [&](const wide& r) { check.add(r); });
}

void collect(PGconn* c, wide_check& check, std::uint64_t n) {
    std::vector<wide> all;
    read(c, select_wide(n), [&]() -> wide& { return all.emplace_back(); }, [](const wide&) {});
    for (const auto& row : all) check.add(row);
}

std::uint64_t run(job& j, void (*how)(PGconn*, wide_check&, std::uint64_t)) {
    const auto c = open(j.url);
    expect(c.get(), answer{PQexec(c.get(), scan_from_the_start)}, PGRES_COMMAND_OK);
    wide_check ignored, check;
    how(c.get(), ignored, 100);
    if (j.pin) pin_together(*j.pin, PQbackendPID(c.get()));
    j.clock.timed([&] { how(c.get(), check, j.n); });
    check.finish(j.n);
    return j.n;
}

} // namespace

std::uint64_t rows(job& j) { return run(j, each); }
std::uint64_t rows_structs(job& j) { return run(j, collect); }

} // namespace bench::with_libpq
