#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>

#include <libpq-fe.h>

namespace bench::with_libpq {

struct finish {
    void operator()(PGconn* c) const noexcept { PQfinish(c); }
};
struct clear {
    void operator()(PGresult* r) const noexcept { PQclear(r); }
};
using connection = std::unique_ptr<PGconn, finish>;
using answer = std::unique_ptr<PGresult, clear>;

/// Throws std::runtime_error.
connection open(const std::string& url);
/// Throws std::runtime_error unless the result has this status.
void expect(PGconn* c, const answer& r, ExecStatusType wanted);

inline std::int16_t load_16(const char* p) noexcept {
    std::uint16_t v;
    std::memcpy(&v, p, sizeof v);
    return static_cast<std::int16_t>(__builtin_bswap16(v));
}
inline std::int32_t load_32(const char* p) noexcept {
    std::uint32_t v;
    std::memcpy(&v, p, sizeof v);
    return static_cast<std::int32_t>(__builtin_bswap32(v));
}
inline std::int64_t load_64(const char* p) noexcept {
    std::uint64_t v;
    std::memcpy(&v, p, sizeof v);
    return static_cast<std::int64_t>(__builtin_bswap64(v));
}

struct kv {
    std::string k;
    std::int32_t v = 0;
};
void prepare_kv(PGconn* c);
/// The prepared point select. Throws std::runtime_error.
kv select_one(PGconn* c, std::int64_t id);
/// Sends the same without waiting; the row of its result.
void send_one(PGconn* c, std::int64_t id);
kv kv_of(PGconn* c, const answer& r);

} // namespace bench::with_libpq
