#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <vector>

#include <bench/data.hpp>
#include <bench/libpq/connection.hpp>
#include <bench/libpq/workloads.hpp>

namespace bench::with_libpq {

namespace {

constexpr const char* begin_copy = "copy bench_copy (id, k, v) from stdin (format binary)";

/// Rows of bench_copy in COPY's binary format, serialised by hand into a buffer that is handed to libpq when
/// it is full, or row by row.
class serialiser {
public:
    serialiser(PGconn* c, std::size_t limit) : connection_{c}, limit_{limit}, buffer_(limit + row_size) {
        append("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", 19);
    }
    void row(std::int64_t id, std::string_view k, std::int32_t v) {
        char* p = buffer_.data() + size_;
        p = put_16(p, 3);
        p = put_32(p, 8);
        p = put_64(p, id);
        p = put_32(p, static_cast<std::int32_t>(k.size()));
        std::memcpy(p, k.data(), k.size());
        p = put_32(p + k.size(), 4);
        put_32(p, v);
        size_ += row_size;
        if (size_ >= limit_) flush();
    }
    void finish() {
        append("\xff\xff", 2);
        flush();
        if (PQputCopyEnd(connection_, nullptr) != 1) fail();
    }

private:
    static constexpr std::size_t row_size = 42;
    static char* put_16(char* p, std::uint16_t v) {
        v = __builtin_bswap16(v);
        std::memcpy(p, &v, sizeof v);
        return p + sizeof v;
    }
    static char* put_32(char* p, std::int32_t v) {
        const auto wire = __builtin_bswap32(static_cast<std::uint32_t>(v));
        std::memcpy(p, &wire, sizeof wire);
        return p + sizeof wire;
    }
    static char* put_64(char* p, std::int64_t v) {
        const auto wire = __builtin_bswap64(static_cast<std::uint64_t>(v));
        std::memcpy(p, &wire, sizeof wire);
        return p + sizeof wire;
    }
    void append(const char* bytes, std::size_t n) {
        std::memcpy(buffer_.data() + size_, bytes, n);
        size_ += n;
    }
    void flush() {
        if (PQputCopyData(connection_, buffer_.data(), static_cast<int>(size_)) != 1) fail();
        size_ = 0;
    }
    [[noreturn]] void fail() const { throw std::runtime_error{PQerrorMessage(connection_)}; }

    PGconn* connection_;
    std::size_t limit_;
    std::size_t size_ = 0;
    std::vector<char> buffer_;
};

void copy(PGconn* c, std::uint64_t n, std::size_t limit) {
    expect(c, answer{PQexec(c, begin_copy)}, PGRES_COPY_IN);
    serialiser out{c, limit};
    key_text key;
    for (std::int64_t id = 1; id <= static_cast<std::int64_t>(n); ++id)
        out.row(id, key.of(id), static_cast<std::int32_t>(scattered(id)));
    out.finish();
    while (const answer r{PQgetResult(c)}) expect(c, r, PGRES_COMMAND_OK);
}

void clear(PGconn* c) { expect(c, answer{PQexec(c, empty_copy)}, PGRES_COMMAND_OK); }

void check(PGconn* c, std::uint64_t n) {
    const answer r{PQexec(c, check_copy)};
    expect(c, r, PGRES_TUPLES_OK);
    const auto number = [&](int column) { return std::stoll(PQgetvalue(r.get(), 0, column)); };
    finish_copy(n, number(0), number(1), number(2), *PQgetvalue(r.get(), 0, 3) == 't');
    clear(c);
}

std::uint64_t run(job& j, std::size_t limit) {
    const auto c = open(j.url);
    copy(c.get(), 100, limit);
    clear(c.get());
    if (j.pin) pin_together(*j.pin, PQbackendPID(c.get()));
    j.clock.timed([&] { copy(c.get(), j.n, limit); });
    check(c.get(), j.n);
    return j.n;
}

} // namespace

std::uint64_t copy_in(job& j) { return run(j, std::size_t{64} * 1024); }
std::uint64_t copy_in_rows(job& j) { return run(j, 42); }

} // namespace bench::with_libpq
