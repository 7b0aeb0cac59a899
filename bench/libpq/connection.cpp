#include <bench/libpq/connection.hpp>

#include <stdexcept>

#include <bench/data.hpp>

namespace bench::with_libpq {

connection open(const std::string& url) {
    connection out{PQconnectdb(url.c_str())};
    if (PQstatus(out.get()) != CONNECTION_OK) throw std::runtime_error{PQerrorMessage(out.get())};
    return out;
}

void expect(PGconn* c, const answer& r, ExecStatusType wanted) {
    if (PQresultStatus(r.get()) != wanted) throw std::runtime_error{PQerrorMessage(c)};
}

void prepare_kv(PGconn* c) { expect(c, answer{PQprepare(c, "kv", select_kv, 0, nullptr)}, PGRES_COMMAND_OK); }

namespace {

/// The key as the wire has it, in the form that libpq wants.
class key_argument {
public:
    explicit key_argument(std::int64_t id) noexcept
        : wire_{__builtin_bswap64(static_cast<std::uint64_t>(id))} {}
    const char* const* values() noexcept {
        at_ = reinterpret_cast<const char*>(&wire_);
        return &at_;
    }
    static constexpr int length = sizeof(std::uint64_t);
    static constexpr int binary = 1;

private:
    std::uint64_t wire_;
    const char* at_ = nullptr;
};

} // namespace

kv kv_of(PGconn* c, const answer& r) {
    expect(c, r, PGRES_TUPLES_OK);
    if (PQntuples(r.get()) != 1) throw wrong_answer{"one row was expected"};
    return {std::string(PQgetvalue(r.get(), 0, 0), static_cast<std::size_t>(PQgetlength(r.get(), 0, 0))),
            load_32(PQgetvalue(r.get(), 0, 1))};
}

kv select_one(PGconn* c, std::int64_t id) {
    key_argument key{id};
    return kv_of(c, answer{PQexecPrepared(c, "kv", 1, key.values(), &key.length, &key.binary, 1)});
}

void send_one(PGconn* c, std::int64_t id) {
    key_argument key{id};
    if (PQsendQueryPrepared(c, "kv", 1, key.values(), &key.length, &key.binary, 1) != 1)
        throw std::runtime_error{PQerrorMessage(c)};
}

} // namespace bench::with_libpq
