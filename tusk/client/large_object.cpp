#include <tusk/client/large_object.hpp>

#include <fstream>
#include <istream>
#include <ostream>
#include <string>
#include <vector>

#include <boost/asio/use_awaitable.hpp>

namespace tusk {

namespace {

/// Reads the next piece of a stream; empty at its end.
std::span<const std::byte> next_piece(std::istream& in, std::vector<std::byte>& buffer) {
    in.read(reinterpret_cast<char*>(buffer.data()), static_cast<std::streamsize>(buffer.size()));
    if (in.bad()) throw error{errc::environment, "the stream that a large object is read from has failed"};
    return std::span<const std::byte>{buffer}.first(static_cast<std::size_t>(in.gcount()));
}

void put_piece(std::ostream& out, std::span<const std::byte> piece) {
    out.write(reinterpret_cast<const char*>(piece.data()), static_cast<std::streamsize>(piece.size()));
    if (!out) throw error{errc::environment, "the stream that a large object is written to has failed"};
}

std::ifstream reading(const std::filesystem::path& file) {
    std::ifstream in{file, std::ios::binary};
    if (!in) throw error{errc::environment, "cannot read " + file.string()};
    return in;
}

std::ofstream writing(const std::filesystem::path& file) {
    std::ofstream out{file, std::ios::binary | std::ios::trunc};
    if (!out) throw error{errc::environment, "cannot write " + file.string()};
    return out;
}

/// What was written is on its way to the disk, or that is an error.
void finish(std::ofstream& out, const std::filesystem::path& file) {
    out.close();
    if (!out) throw error{errc::environment, "cannot write all of " + file.string()};
}

oid_t as_oid(std::int64_t value) noexcept { return static_cast<oid_t>(value); }

} // namespace

// ---- asynchronous

asio::awaitable<std::size_t> large_object::read(std::span<std::byte> into) {
    std::size_t done = 0;
    while (done < into.size()) {
        std::size_t got = 0;
        co_await read_piece(into.subspan(done), got);
        if (got == 0) break;
        done += got;
    }
    co_return done;
}

asio::awaitable<void> large_object::write(std::span<const std::byte> from) {
    while (!from.empty()) {
        const auto n = co_await write_piece(from);
        from = from.subspan(static_cast<std::size_t>(n));
    }
}

asio::awaitable<std::int64_t> large_object::size() {
    const auto place = co_await tell();
    const auto end = co_await seek(0, lo_from::end);
    co_await seek(place);
    co_return end;
}

asio::awaitable<oid_t> large_objects::create(oid_t wanted) {
    const auto made = co_await tx_->one<std::int64_t>(detail::lo_sql::create, std::int64_t{wanted});
    co_return as_oid(made);
}

asio::awaitable<large_object> large_objects::open(oid_t which, lo_mode mode) {
    const auto fd =
        co_await tx_->one<std::int32_t>(detail::lo_sql::open, std::int64_t{which}, detail::lo_flags(mode));
    large_object out{*tx_, fd};
    if (mode == lo_mode::append) co_await out.seek(0, lo_from::end);
    co_return out;
}

asio::awaitable<void> large_objects::unlink(oid_t which) {
    co_await tx_->exec(detail::lo_sql::unlink, std::int64_t{which});
}

asio::awaitable<oid_t> large_objects::import_from(std::istream& in, oid_t wanted) {
    const auto made = co_await create(wanted);
    auto object = co_await open(made, lo_mode::write);
    std::vector<std::byte> buffer(lo_chunk);
    for (;;) {
        const auto piece = next_piece(in, buffer);
        if (piece.empty()) break;
        co_await object.write(piece);
    }
    co_await object.close();
    co_return made;
}

asio::awaitable<oid_t> large_objects::import_from(std::filesystem::path file, oid_t wanted) {
    auto in = reading(file);
    co_return co_await import_from(in, wanted);
}

asio::awaitable<std::int64_t> large_objects::export_to(oid_t which, std::ostream& out) {
    auto object = co_await open(which);
    std::vector<std::byte> buffer(lo_chunk);
    std::int64_t done = 0;
    for (;;) {
        const auto n = co_await object.read(buffer);
        if (n == 0) break;
        put_piece(out, std::span<const std::byte>{buffer}.first(n));
        done += static_cast<std::int64_t>(n);
    }
    co_await object.close();
    co_return done;
}

asio::awaitable<std::int64_t> large_objects::export_to(oid_t which, std::filesystem::path file) {
    auto out = writing(file);
    const auto done = co_await export_to(which, out);
    finish(out, file);
    co_return done;
}

// ---- blocking

namespace blocking {

std::size_t large_object::read(std::span<std::byte> into) {
    std::size_t done = 0;
    while (done < into.size()) {
        std::size_t got = 0;
        read_piece(into.subspan(done), got);
        if (got == 0) break;
        done += got;
    }
    return done;
}

void large_object::write(std::span<const std::byte> from) {
    while (!from.empty()) from = from.subspan(static_cast<std::size_t>(write_piece(from)));
}

std::int64_t large_object::size() {
    const auto place = tell();
    const auto end = seek(0, lo_from::end);
    seek(place);
    return end;
}

oid_t large_objects::create(oid_t wanted) {
    return as_oid(tx_->one<std::int64_t>(tusk::detail::lo_sql::create, std::int64_t{wanted}));
}

large_object large_objects::open(oid_t which, lo_mode mode) {
    large_object out{*tx_, tx_->one<std::int32_t>(tusk::detail::lo_sql::open, std::int64_t{which},
                                                  tusk::detail::lo_flags(mode))};
    if (mode == lo_mode::append) out.seek(0, lo_from::end);
    return out;
}

void large_objects::unlink(oid_t which) { tx_->exec(tusk::detail::lo_sql::unlink, std::int64_t{which}); }

oid_t large_objects::import_from(std::istream& in, oid_t wanted) {
    const auto made = create(wanted);
    auto object = open(made, lo_mode::write);
    std::vector<std::byte> buffer(lo_chunk);
    for (;;) {
        const auto piece = next_piece(in, buffer);
        if (piece.empty()) break;
        object.write(piece);
    }
    object.close();
    return made;
}

oid_t large_objects::import_from(const std::filesystem::path& file, oid_t wanted) {
    auto in = reading(file);
    return import_from(in, wanted);
}

std::int64_t large_objects::export_to(oid_t which, std::ostream& out) {
    auto object = open(which);
    std::vector<std::byte> buffer(lo_chunk);
    std::int64_t done = 0;
    for (;;) {
        const auto n = object.read(buffer);
        if (n == 0) break;
        put_piece(out, std::span<const std::byte>{buffer}.first(n));
        done += static_cast<std::int64_t>(n);
    }
    object.close();
    return done;
}

std::int64_t large_objects::export_to(oid_t which, const std::filesystem::path& file) {
    auto out = writing(file);
    const auto done = export_to(which, out);
    finish(out, file);
    return done;
}

} // namespace blocking

} // namespace tusk
