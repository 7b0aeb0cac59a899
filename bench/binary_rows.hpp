#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <bench/data.hpp>

/// Rows of bench_copy as the wire has them, serialised by hand.
namespace bench {

/// The integer in network byte order.
template <std::integral T>
void put(std::string& out, T value) {
    using bits = std::make_unsigned_t<T>;
    auto wire = static_cast<bits>(value);
    if constexpr (sizeof wire == 2) wire = __builtin_bswap16(wire);
    if constexpr (sizeof wire == 4) wire = __builtin_bswap32(wire);
    if constexpr (sizeof wire == 8) wire = __builtin_bswap64(wire);
    out.append(reinterpret_cast<const char*>(&wire), sizeof wire);
}

/// The three arguments of `insert_arrays`: arrays in binary. Keeps its memory.
class insert_arguments {
public:
    static constexpr std::uint32_t int8 = 20, text = 25, int4 = 23; ///< pg_type.oid

    /// The rows `first` to `first` + `n` - 1.
    void fill(std::int64_t first, std::size_t n) {
        begin(ids, int8, n), begin(keys, text, n), begin(values, int4, n);
        for (auto id = first; id < first + static_cast<std::int64_t>(n); ++id) {
            put(ids, std::int32_t{8}), put(ids, id);
            const auto key = key_.of(id);
            put(keys, static_cast<std::int32_t>(key.size()));
            keys.append(key);
            put(values, std::int32_t{4}), put(values, static_cast<std::int32_t>(scattered(id)));
        }
    }
    std::string ids, keys, values;

private:
    /// One dimension, no NULL, counted from 1.
    static void begin(std::string& out, std::uint32_t element, std::size_t n) {
        out.clear();
        put(out, std::int32_t{1}), put(out, std::int32_t{0}), put(out, element);
        put(out, static_cast<std::int32_t>(n)), put(out, std::int32_t{1});
    }
    key_text key_;
};

} // namespace bench
