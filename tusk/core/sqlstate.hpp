#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace tusk {

/// A five-character SQLSTATE packed into 30 bits (6 bits a character), so that it fits the `int` of a
/// `std::error_code` and compares in one instruction. `00000` (success) packs to zero.
/// Source: PostgreSQL documentation, appendix A.
class sqlstate {
public:
    /// The "successful completion" state, `00000`.
    constexpr sqlstate() noexcept = default;

    /// Parses exactly five characters out of `[0-9A-Z]`; anything else is `nullopt` (a server may send
    /// garbage).
    static constexpr std::optional<sqlstate> parse(std::string_view text) noexcept {
        if (text.size() != 5) return std::nullopt;
        std::int32_t packed = 0;
        for (char c : text) {
            std::int32_t digit = 0;
            if (c >= '0' && c <= '9')
                digit = c - '0';
            else if (c >= 'A' && c <= 'Z')
                digit = c - 'A' + 10;
            else
                return std::nullopt;
            packed = (packed << 6) | digit;
        }
        return from_packed(packed);
    }

    /// The state that `packed()` gave; used to read it back from an `std::error_code`.
    static constexpr sqlstate from_packed(std::int32_t packed) noexcept {
        sqlstate s;
        s.packed_ = packed;
        return s;
    }

    constexpr std::int32_t packed() const noexcept { return packed_; }

    /// Five characters and a terminating NUL.
    constexpr std::array<char, 6> text() const noexcept {
        std::array<char, 6> out{};
        for (int i = 0; i < 5; ++i) {
            const int digit = (packed_ >> (6 * (4 - i))) & 63;
            out[static_cast<std::size_t>(i)] = static_cast<char>(digit < 10 ? '0' + digit : 'A' + digit - 10);
        }
        return out;
    }

    /// The class (first two characters), packed; compare with `"08000"_sqlstate.error_class()`.
    constexpr std::int32_t error_class() const noexcept { return packed_ >> 18; }

    friend constexpr bool operator==(sqlstate, sqlstate) noexcept = default;

private:
    std::int32_t packed_ = 0;
};

inline namespace literals {
/// `"23505"_sqlstate`, checked at compile time.
consteval sqlstate operator""_sqlstate(const char* text, std::size_t size) {
    return sqlstate::parse(std::string_view{text, size}).value();
}
} // namespace literals

/// The category of every `std::error_code` that carries an SQLSTATE; its name is `"postgresql"`.
const std::error_category& sqlstate_category() noexcept;

inline std::error_code make_error_code(sqlstate state) noexcept {
    return {state.packed(), sqlstate_category()};
}

/// The SQLSTATE inside an error code, or `nullopt` when the code is of another category.
inline std::optional<sqlstate> to_sqlstate(const std::error_code& code) noexcept {
    if (code.category() != sqlstate_category()) return std::nullopt;
    return sqlstate::from_packed(code.value());
}

} // namespace tusk

template <>
struct std::is_error_code_enum<tusk::sqlstate> : std::true_type {};
