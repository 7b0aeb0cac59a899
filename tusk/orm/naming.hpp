#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include <tusk/types/codec.hpp>

/// Names of tables and columns that nobody wrote down.
namespace tusk::orm {

/// A name worked out by the compiler.
struct made_name {
    std::array<char, 128> text{};
    std::size_t size = 0;

    constexpr void put(char c) noexcept {
        if (size < text.size()) text[size++] = c;
    }
    constexpr void put(std::string_view s) noexcept {
        for (const char c : s) put(c);
    }
    constexpr std::string_view view() const noexcept { return {text.data(), size}; }
};

namespace detail {

/// As `std::string_view::find`, by counting: with -fsanitize=undefined g++ 12 cannot compare a pointer into a
/// template's argument with null while it compiles.
constexpr std::size_t place_of(std::string_view in, char c, std::size_t from = 0) noexcept {
    for (; from < in.size(); ++from)
        if (in[from] == c) return from;
    return std::string_view::npos;
}
constexpr std::size_t place_of(std::string_view in, std::string_view what, std::size_t from) noexcept {
    for (; from + what.size() <= in.size(); ++from) {
        std::size_t same = 0;
        while (same < what.size() && in[from + same] == what[same]) ++same;
        if (same == what.size()) return from;
    }
    return std::string_view::npos;
}

constexpr bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
constexpr bool has_upper(std::string_view name) noexcept {
    const char* const text = name.data();
    const std::size_t size = name.size();
    for (std::size_t i = 0; i < size; ++i)
        if (text[i] >= 'A' && text[i] <= 'Z') return true;
    return false;
}
constexpr bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
constexpr char lower(char c) noexcept { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }

constexpr bool ends_with_any(std::string_view s, std::string_view a, std::string_view b, std::string_view c,
                             std::string_view d) noexcept {
    return s.ends_with(a) || s.ends_with(b) || s.ends_with(c) || s.ends_with(d);
}

struct irregular_plural {
    std::string_view one;
    std::string_view many;
};
inline constexpr irregular_plural irregular_plurals[] = {
    {"person", "people"}, {"child", "children"}, {"man", "men"},       {"woman", "women"},
    {"mouse", "mice"},    {"datum", "data"},     {"index", "indices"}, {"status", "statuses"},
};

} // namespace detail

/// `HTTPProxy` is `http_proxy`, `InnerHTML` is `inner_html`, `user` is `user`: an upper-case letter begins a
/// word when it is neither the first nor the last letter and a neighbour is lower-case. Source: Bun's
/// `Underscore`.
constexpr made_name underscore(std::string_view name) noexcept {
    made_name out;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const bool inside = i > 0 && i + 1 < name.size();
        if (detail::is_upper(name[i]) && inside &&
            (detail::is_lower(name[i - 1]) || detail::is_lower(name[i + 1])))
            out.put('_');
        out.put(detail::lower(name[i]));
    }
    return out;
}

/// The English plural of the last word: `story` is `stories`, `box` is `boxes`, `person` is `people`.
constexpr made_name plural(std::string_view word) noexcept {
    made_name out;
    for (const auto& known : detail::irregular_plurals) {
        if (!word.ends_with(known.one)) continue;
        const auto stem = word.substr(0, word.size() - known.one.size());
        if (!stem.empty() && stem.back() != '_') continue;
        out.put(stem);
        out.put(known.many);
        return out;
    }
    const bool consonant_y = word.size() > 1 && word.ends_with('y') &&
                             detail::place_of("aeiou", word[word.size() - 2]) == std::string_view::npos;
    if (consonant_y) {
        out.put(word.substr(0, word.size() - 1));
        out.put("ies");
    } else {
        out.put(word);
        const bool hisses = word.ends_with('s') || detail::ends_with_any(word, "x", "z", "ch", "sh");
        out.put(hisses ? "es" : "s");
    }
    return out;
}

namespace detail {

/// `user` of `shop::user`, `page` of `page<int>`.
template <class T>
constexpr std::string_view bare_type_name() noexcept {
    std::string_view full = tusk::detail::cpp_type_name<T>();
    full = full.substr(0, place_of(full, '<'));
    std::size_t begin = full.size();
    while (begin > 0 && full[begin - 1] != ':') --begin;
    return full.substr(begin);
}

template <class T>
inline constexpr made_name singular_name = underscore(bare_type_name<T>());
template <class T>
inline constexpr made_name plural_name = plural(singular_name<T>.view());

} // namespace detail

} // namespace tusk::orm
