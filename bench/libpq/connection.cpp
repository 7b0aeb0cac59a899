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

kv select_one(PGconn* c, std::int64_t id) {
    const std::uint64_t wire = __builtin_bswap64(static_cast<std::uint64_t>(id));
    const char* const values[] = {reinterpret_cast<const char*>(&wire)};
    const int lengths[] = {sizeof wire};
    const int formats[] = {1};
    const answer r{PQexecPrepared(c, "kv", 1, values, lengths, formats, 1)};
    expect(c, r, PGRES_TUPLES_OK);
    if (PQntuples(r.get()) != 1) throw wrong_answer{"one row was expected"};
    return {std::string(PQgetvalue(r.get(), 0, 0), static_cast<std::size_t>(PQgetlength(r.get(), 0, 0))),
            load_32(PQgetvalue(r.get(), 0, 1))};
}

} // namespace bench::with_libpq
