#pragma once

#include <cstring>
#include <memory>
#include <ostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include <tusk/types.hpp>

/// Conversions spelled in hexadecimal and text, so that a test is a table.
namespace tusk {

inline std::ostream& operator<<(std::ostream& out, codec_errc e) {
    constexpr const char* names[] = {"ok",           "null_value",       "wrong_type",      "out_of_range",
                                     "malformed",    "wrong_dimensions", "not_rectangular", "unknown_label",
                                     "outdated_type"};
    return out << names[static_cast<int>(e)];
}

namespace conversion {

inline std::string to_hex(std::string_view bytes) {
    std::string out;
    for (const char c : bytes) {
        constexpr char digits[] = "0123456789abcdef";
        out += digits[static_cast<unsigned char>(c) >> 4];
        out += digits[static_cast<unsigned char>(c) & 15];
    }
    return out;
}

/// Spaces are for the reader.
inline std::string from_hex(std::string_view hex) {
    std::string out;
    int high = -1;
    for (const char c : hex) {
        if (c == ' ') continue;
        const int digit = c <= '9' ? c - '0' : c - 'a' + 10;
        if (high < 0)
            high = digit;
        else {
            out += static_cast<char>(high * 16 + digit);
            high = -1;
        }
    }
    if (high >= 0) throw std::logic_error{"odd number of hexadecimal digits"};
    return out;
}

/// Bytes in a block of exactly their size, so that a sanitizer sees a read past the end.
class exact_bytes {
public:
    explicit exact_bytes(std::string_view bytes)
        : data_{std::make_unique_for_overwrite<std::byte[]>(bytes.size())}, size_{bytes.size()} {
        if (!bytes.empty()) std::memcpy(data_.get(), bytes.data(), bytes.size());
    }
    field_view field(type_ref type, bool binary) const {
        return {data_.get(), static_cast<std::int32_t>(size_), type, binary};
    }

private:
    std::unique_ptr<std::byte[]> data_;
    std::size_t size_;
};

template <class T>
struct decoded {
    codec_errc error = codec_errc::ok;
    T value{};
};

template <class T>
decoded<T> decode(std::string_view bytes, type_ref type, bool binary) {
    const exact_bytes block{bytes};
    decoded<T> out;
    out.error = decode_field(block.field(type, binary), out.value);
    return out;
}
template <class T>
decoded<T> binary(std::string_view hex, type_ref type = codec<T>::natural) {
    return decode<T>(from_hex(hex), type, true);
}
template <class T>
decoded<T> text(std::string_view value, type_ref type = codec<T>::natural) {
    return decode<T>(value, type, false);
}

/// What a parameter becomes: `b:` and hexadecimal, `t:` and the text, `null`, or the error.
template <class T>
std::string encoded(const T& value, type_ref type) {
    parameters out;
    const codec_errc error = encode_parameter(out, type, value);
    if (error != codec_errc::ok) return (std::ostringstream{} << error).str();
    const auto bound = out.bound();
    const auto length = wire::load_big_endian<std::int32_t>(bound.values.data());
    if (length == -1) return "null";
    const std::string_view bytes{reinterpret_cast<const char*>(bound.values.data()) + 4,
                                 bound.values.size() - 4};
    if (static_cast<std::size_t>(length) != bytes.size()) return "wrong length";
    return bound.formats[0] == 1 ? "b:" + to_hex(bytes) : "t:" + std::string{bytes};
}
template <class T>
std::string encoded(const T& value) {
    return encoded(value, codec<detail::parameter_type_t<T>>::natural);
}

template <class T>
void expect_value(const decoded<T>& got, const T& wanted, std::string_view what) {
    EXPECT_EQ(got.error, codec_errc::ok) << what;
    EXPECT_TRUE(got.value == wanted) << what;
}

/// `hex` is the binary form and `plain` the text form of `value`, in both directions.
template <class T>
void expect_forms(const T& value, std::string_view hex, std::string_view plain,
                  type_ref type = codec<T>::natural) {
    expect_value(binary<T>(hex, type), value, plain);
    expect_value(text<T>(plain, type), value, plain);
    EXPECT_EQ(encoded(value, type), "b:" + to_hex(from_hex(hex))) << plain;
    EXPECT_EQ(encoded(value, oid::unspecified), "t:" + std::string{plain});
}

} // namespace conversion
} // namespace tusk
