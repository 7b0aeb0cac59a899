#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tusk/types/codec.hpp>
#include <tusk/types/named_type.hpp>

/// Codecs of ltree, lquery and ltxtquery, the extension's types, which are known by their names. Source:
/// PostgreSQL `contrib/ltree/ltree_io.c`.
namespace tusk {

namespace detail {
/// A value that is its text.
class tree_text {
public:
    tree_text() = default;
    explicit tree_text(std::string text) noexcept : text_{std::move(text)} {}

    const std::string& text() const& noexcept { return text_; }
    std::string text() && noexcept { return std::move(text_); }
    friend bool operator==(const tree_text&, const tree_text&) noexcept = default;

private:
    std::string text_;
};

/// In binary a version byte, 1, stands before the text.
template <class T, type_name_text Name>
struct tree_codec : named_type_codec<Name> {
    static codec_errc decode_binary(oid_t type, const std::byte* p, std::size_t n, T& out) {
        if (n == 0 || *p != std::byte{1}) return codec_errc::malformed;
        return decode_text(type, {reinterpret_cast<const char*>(p) + 1, n - 1}, out);
    }
    static codec_errc decode_text(oid_t, std::string_view text, T& out) {
        out = T{std::string{text}};
        return codec_errc::ok;
    }
    static codec_errc encode_binary(value_sink& out, oid_t type, const T& value) {
        out.put_byte('\1');
        return encode_text(out, type, value);
    }
    static codec_errc encode_text(value_sink& out, oid_t, const T& value) {
        out.put(std::string_view{value.text()});
        return codec_errc::ok;
    }
};
} // namespace detail

/// A path of labels in a tree: `Top.Science.Astronomy`; no label at all is the root.
class ltree : public detail::tree_text {
public:
    using tree_text::tree_text;

    /// They point into this object.
    std::vector<std::string_view> labels() const;
    /// This path is `other` or leads to it (the server's `@>`).
    bool is_ancestor_of(const ltree& other) const noexcept;
    friend bool operator==(const ltree&, const ltree&) noexcept = default;
};

/// A pattern for paths: `*.Astronomy.*`.
class lquery : public detail::tree_text {
public:
    using tree_text::tree_text;
    friend bool operator==(const lquery&, const lquery&) noexcept = default;
};

/// Words that a path has to have: `Europe & Russia*@`.
class ltxtquery : public detail::tree_text {
public:
    using tree_text::tree_text;
    friend bool operator==(const ltxtquery&, const ltxtquery&) noexcept = default;
};

template <>
struct codec<ltree> : detail::tree_codec<ltree, "ltree"> {};
template <>
struct codec<lquery> : detail::tree_codec<lquery, "lquery"> {};
template <>
struct codec<ltxtquery> : detail::tree_codec<ltxtquery, "ltxtquery"> {};

} // namespace tusk
