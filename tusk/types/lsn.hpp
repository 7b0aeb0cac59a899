#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <tusk/types/codec.hpp>

/// Codec of pg_lsn. Source: PostgreSQL `utils/adt/pg_lsn.c`.
namespace tusk {

/// A position in the write-ahead log, in bytes.
class lsn {
public:
    /// 0/0, which is no valid position.
    constexpr lsn() noexcept = default;
    constexpr explicit lsn(std::uint64_t position) noexcept : position_{position} {}

    /// Two hexadecimal numbers of at most eight digits: `16/B374D848`. `nullopt` for anything else.
    static std::optional<lsn> parse(std::string_view text) noexcept;
    /// As the server prints it: `16/B374D848`.
    std::string to_string() const;

    constexpr std::uint64_t position() const noexcept { return position_; }
    constexpr bool is_valid() const noexcept { return position_ != 0; }

    /// Forward and back by so many bytes; wraps around past either end.
    constexpr lsn& operator+=(std::uint64_t count) noexcept {
        position_ += count;
        return *this;
    }
    constexpr lsn& operator-=(std::uint64_t count) noexcept {
        position_ -= count;
        return *this;
    }
    friend constexpr lsn operator+(lsn at, std::uint64_t count) noexcept { return at += count; }
    friend constexpr lsn operator-(lsn at, std::uint64_t count) noexcept { return at -= count; }
    /// Bytes from `b` to `a`, below zero when `a` comes first; wraps when they are 2^63 or more apart.
    friend constexpr std::int64_t operator-(lsn a, lsn b) noexcept {
        return static_cast<std::int64_t>(a.position_ - b.position_);
    }
    friend constexpr bool operator==(lsn, lsn) noexcept = default;
    friend constexpr std::strong_ordering operator<=>(lsn, lsn) noexcept = default;

private:
    friend struct codec<lsn>;
    static constexpr std::size_t max_text = 17;
    std::size_t write(char* out) const noexcept;

    std::uint64_t position_ = 0;
};

template <>
struct codec<lsn> {
    static constexpr oid_t natural = oid::pg_lsn;
    static bool accepts(oid_t type, bool) noexcept { return type == oid::pg_lsn; }
    static codec_errc decode_binary(oid_t, const std::byte* p, std::size_t n, lsn& out) noexcept {
        if (n != 8) return codec_errc::malformed;
        out = lsn{wire::load_big_endian<std::uint64_t>(p)};
        return codec_errc::ok;
    }
    static codec_errc decode_text(oid_t, std::string_view text, lsn& out) noexcept {
        const auto parsed = lsn::parse(text);
        if (!parsed) return codec_errc::malformed;
        out = *parsed;
        return codec_errc::ok;
    }
    static bool binary_target(oid_t type) noexcept { return type == oid::pg_lsn; }
    static codec_errc encode_binary(value_sink& out, oid_t, lsn value) {
        out.put_int(value.position());
        return codec_errc::ok;
    }
    static codec_errc encode_text(value_sink& out, oid_t, lsn value) {
        char text[lsn::max_text];
        out.put(std::string_view{text, value.write(text)});
        return codec_errc::ok;
    }
};

} // namespace tusk

template <>
struct std::hash<tusk::lsn> {
    std::size_t operator()(tusk::lsn value) const noexcept {
        return std::hash<std::uint64_t>{}(value.position());
    }
};
