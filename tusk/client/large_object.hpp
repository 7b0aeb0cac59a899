#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <span>
#include <string_view>
#include <utility>

#include <tusk/client/blocking.hpp>
#include <tusk/client/transaction.hpp>
#include <tusk/types/bytes.hpp>
#include <tusk/types/oid.hpp>

namespace tusk {

/// What a large object is opened for.
enum class lo_mode : std::uint8_t {
    read,   ///< As it was when the statement that opened it began.
    write,  ///< Also for reading, with the transaction's own changes.
    append, ///< As `write`, at its end.
};

/// Where an offset counts from.
enum class lo_from : std::uint8_t { begin = 0, current = 1, end = 2 };

/// How much of a large object travels in one statement: what a transfer needs in memory. A larger `read` or
/// `write` takes several.
inline constexpr std::size_t lo_chunk = 256 * 1024;

namespace detail {

/// The functions of the server, by the names that its client libraries use. OIDs travel as int8, so that no
/// type of C++ has to be one.
namespace lo_sql {
inline constexpr std::string_view create = "select lo_create($1::int8::oid)::int8";
inline constexpr std::string_view unlink = "select lo_unlink($1::int8::oid)";
inline constexpr std::string_view open = "select lo_open($1::int8::oid, $2::int4)";
inline constexpr std::string_view close = "select lo_close($1::int4)";
inline constexpr std::string_view read = "select loread($1::int4, $2::int4)";
inline constexpr std::string_view write = "select lowrite($1::int4, $2::bytea)";
inline constexpr std::string_view seek = "select lo_lseek64($1::int4, $2::int8, $3::int4)";
inline constexpr std::string_view tell = "select lo_tell64($1::int4)";
inline constexpr std::string_view truncate = "select lo_truncate64($1::int4, $2::int8)";
} // namespace lo_sql

constexpr std::int32_t lo_flags(lo_mode m) noexcept {
    return m == lo_mode::read ? 0x40000 : 0x20000 | 0x40000;
}

using bytes_view = std::span<const std::byte>;

/// What both kinds of large object do in one statement. `Tx` is a transaction of either client.
template <class Tx>
class large_object_base {
public:
    template <class T>
    using returns = typename Tx::template returns<T>;

    /// Goes to a place, also behind the end: a write there leaves a hole of zeros that takes no space.
    /// Returns the new place.
    returns<std::int64_t> seek(std::int64_t offset, lo_from from = lo_from::begin) {
        return tx_->template one<std::int64_t>(lo_sql::seek, fd_, offset, static_cast<std::int32_t>(from));
    }
    returns<std::int64_t> tell() { return tx_->template one<std::int64_t>(lo_sql::tell, fd_); }
    /// Makes it this long: cuts it, or fills up with zeros. The place stays.
    returns<std::uint64_t> truncate(std::int64_t size) { return tx_->exec(lo_sql::truncate, fd_, size); }
    /// Before the end of the transaction, which does it anyway.
    returns<std::uint64_t> close() { return tx_->exec(lo_sql::close, fd_); }

protected:
    large_object_base(Tx& tx, std::int32_t fd) noexcept : tx_{&tx}, fd_{fd} {}

    /// One piece into `into`; `got` is what came.
    returns<std::uint64_t> read_piece(std::span<std::byte> into, std::size_t& got) {
        const auto copy = [into, &got](const bytes_view& piece) {
            got = std::min(piece.size(), into.size());
            std::copy_n(piece.begin(), got, into.begin());
        };
        return tx_->template for_each<bytes_view>(copy, lo_sql::read, fd_,
                                                  static_cast<std::int32_t>(std::min(into.size(), lo_chunk)));
    }
    returns<std::int32_t> write_piece(bytes_view from) {
        return tx_->template one<std::int32_t>(lo_sql::write, fd_,
                                               from.first(std::min(from.size(), lo_chunk)));
    }

private:
    Tx* tx_;
    std::int32_t fd_;
};

} // namespace detail

/// An open large object, good until its transaction ends; after that every call fails with
/// `errc::transaction_closed`. The transaction object has to outlive it. Place and size are 64 bits (at most
/// 4 TiB). Source: PostgreSQL documentation, chapter 35.
class large_object final : public detail::large_object_base<transaction> {
public:
    large_object(transaction& tx, std::int32_t fd) noexcept : large_object_base{tx, fd} {}

    /// Fills `into` as far as there is something; less than its size means the end.
    asio::awaitable<std::size_t> read(std::span<std::byte> into);
    asio::awaitable<void> write(std::span<const std::byte> from);
    asio::awaitable<std::int64_t> size();
};

/// The large objects of a database, in a transaction, without which there are none:
///
///     auto tx = co_await db.begin();
///     tusk::large_objects objects{tx};
///     const auto oid = co_await objects.import_from(in);
///     co_await tx.commit();
class large_objects {
public:
    explicit large_objects(transaction& tx) noexcept : tx_{&tx} {}

    /// An empty one; the server chooses its OID unless it is given. Errors: 23505 when that is taken.
    asio::awaitable<oid_t> create(oid_t wanted = 0);
    /// Errors: 42704 (undefined_object) when there is none.
    asio::awaitable<large_object> open(oid_t which, lo_mode mode = lo_mode::read);
    /// Deletes it. Errors: 42704.
    asio::awaitable<void> unlink(oid_t which);

    /// Creates one from what a stream or a file has, a piece at a time. (Reading a file blocks the thread
    /// for as long as that takes.) Errors: `errc::environment` when it cannot be read.
    asio::awaitable<oid_t> import_from(std::istream& in, oid_t wanted = 0);
    asio::awaitable<oid_t> import_from(std::filesystem::path file, oid_t wanted = 0);
    /// Writes one to a stream or a file; returns its size. Errors: `errc::environment`.
    asio::awaitable<std::int64_t> export_to(oid_t which, std::ostream& out);
    asio::awaitable<std::int64_t> export_to(oid_t which, std::filesystem::path file);

private:
    transaction* tx_;
};

namespace blocking {

/// See `tusk::large_object`.
class large_object final : public tusk::detail::large_object_base<transaction> {
public:
    large_object(transaction& tx, std::int32_t fd) noexcept : large_object_base{tx, fd} {}

    std::size_t read(std::span<std::byte> into);
    void write(std::span<const std::byte> from);
    std::int64_t size();
};

/// See `tusk::large_objects`.
class large_objects {
public:
    explicit large_objects(transaction& tx) noexcept : tx_{&tx} {}

    oid_t create(oid_t wanted = 0);
    large_object open(oid_t which, lo_mode mode = lo_mode::read);
    void unlink(oid_t which);
    oid_t import_from(std::istream& in, oid_t wanted = 0);
    oid_t import_from(const std::filesystem::path& file, oid_t wanted = 0);
    std::int64_t export_to(oid_t which, std::ostream& out);
    std::int64_t export_to(oid_t which, const std::filesystem::path& file);

private:
    transaction* tx_;
};

} // namespace blocking

} // namespace tusk
