#pragma once

#include <random>

#include "conversion.hpp"

/// What a hostile server could send instead of a value: its prefixes, the value with bytes changed, and bytes
/// at random. Nothing may be read past the end (exact_bytes), and what decodes must be a whole value: it
/// encodes, and decodes again to itself.
namespace tusk::conversion {

template <class T>
std::string plain_encoded(const T& value, type_ref type, bool as_binary) {
    value_sink sink;
    EXPECT_EQ(as_binary ? codec<T>::encode_binary(sink, type, value)
                        : codec<T>::encode_text(sink, type, value),
              codec_errc::ok);
    return {reinterpret_cast<const char*>(sink.data()), sink.size()};
}

template <class T>
void expect_error_or_value(std::string_view bytes, type_ref type, bool as_binary) {
    const auto got = decode<T>(bytes, type, as_binary);
    if (got.error != codec_errc::ok) return;
    const std::string again = plain_encoded(got.value, type, as_binary);
    const auto back = decode<T>(again, type, as_binary);
    ASSERT_EQ(back.error, codec_errc::ok) << to_hex(bytes) << " became " << to_hex(again);
    ASSERT_EQ(plain_encoded(back.value, type, as_binary), again) << to_hex(bytes);
    const bool has_nan = !(got.value == got.value);
    ASSERT_TRUE(has_nan || back.value == got.value) << to_hex(bytes) << " became " << to_hex(again);
}

/// `value` is a whole value in one format.
template <class T>
void expect_survives(std::string_view value, type_ref type, bool as_binary) {
    for (std::size_t n = 0; n < value.size(); ++n)
        expect_error_or_value<T>(value.substr(0, n), type, as_binary);
    std::mt19937 random{20240607};
    const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
    for (int round = 0; round < 2000; ++round) {
        std::string bytes{value};
        for (std::size_t changes = below(3) + 1; changes != 0 && !bytes.empty(); --changes) {
            const std::size_t at = below(bytes.size());
            switch (below(4)) {
            case 0: bytes[at] = static_cast<char>(random()); break;
            case 1: bytes.erase(at, below(4)); break;
            case 2: bytes.insert(at, 1, bytes[below(bytes.size())]); break;
            default: std::swap(bytes[at], bytes[below(bytes.size())]); break;
            }
        }
        expect_error_or_value<T>(bytes, type, as_binary);
        bytes.assign(below(value.size() + 8), '\0');
        for (char& c : bytes) c = as_binary ? static_cast<char>(random()) : value[below(value.size())];
        expect_error_or_value<T>(bytes, type, as_binary);
    }
}

/// Both formats; every strict prefix of the binary form is malformed.
template <class T>
void expect_hardened(std::string_view hex, std::string_view plain, type_ref type = codec<T>::natural) {
    const std::string bytes = from_hex(hex);
    for (std::size_t n = 0; n < bytes.size(); ++n)
        EXPECT_EQ(decode<T>(std::string_view{bytes}.substr(0, n), type, true).error, codec_errc::malformed)
            << n << " bytes";
    EXPECT_EQ(decode<T>(bytes + '\0', type, true).error, codec_errc::malformed) << "a byte too many";
    expect_survives<T>(bytes, type, true);
    expect_survives<T>(plain, type, false);
}

} // namespace tusk::conversion
