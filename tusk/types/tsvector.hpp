#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tusk/types/codec.hpp>

/// Codecs of text search: tsvector and tsquery. Source: PostgreSQL `utils/adt/tsvector.c`, `tsquery.c`.
namespace tusk {

/// How much an occurrence of a lexeme counts; A is the most. The values are those on the wire.
enum class ts_weight : std::uint8_t { d, c, b, a };

/// Where a lexeme stands in the document.
struct ts_position {
    /// The server counts no further.
    static constexpr std::uint16_t max = 16383;

    std::uint16_t position = 1;
    ts_weight weight = ts_weight::d;
    friend constexpr bool operator==(const ts_position&, const ts_position&) noexcept = default;
};

/// A normalised word and where it stands; without positions when they were stripped.
class lexeme {
public:
    lexeme() = default;
    explicit lexeme(std::string w, std::vector<ts_position> at = {})
        : word{std::move(w)}, positions{std::move(at)} {}
    friend bool operator==(const lexeme&, const lexeme&) noexcept = default;

    std::string word;
    std::vector<ts_position> positions;
};

/// A document as the server searches it: lexemes in the order of their bytes, none twice, each with its
/// positions in ascending order.
class tsvector {
public:
    tsvector() noexcept = default;
    /// Sorts the lexemes and merges those that are equal. Of several weights at one position the highest
    /// stays.
    explicit tsvector(std::vector<lexeme> lexemes);

    /// The server's own form, every word in quotes: `'cat':3 'fat':2,4A`. `nullopt` for anything else.
    static std::optional<tsvector> parse(std::string_view text);
    std::string to_string() const;

    const std::vector<lexeme>& lexemes() const noexcept { return lexemes_; }
    auto begin() const noexcept { return lexemes_.begin(); }
    auto end() const noexcept { return lexemes_.end(); }
    std::size_t size() const noexcept { return lexemes_.size(); }
    bool empty() const noexcept { return lexemes_.empty(); }
    /// The lexeme with this word, or null.
    const lexeme* find(std::string_view word) const noexcept;

    friend bool operator==(const tsvector&, const tsvector&) noexcept = default;

private:
    friend struct codec<tsvector>;
    static codec_errc parse_into(std::string_view text, tsvector& out);
    void normalise();

    std::vector<lexeme> lexemes_;
};

template <>
struct codec<tsvector> {
    static constexpr oid_t natural = oid::tsvector;
    static bool accepts(oid_t type, bool) noexcept { return type == oid::tsvector; }
    static codec_errc decode_binary(oid_t type, const std::byte* p, std::size_t n, tsvector& out);
    static codec_errc decode_text(oid_t, std::string_view text, tsvector& out) {
        return tsvector::parse_into(text, out);
    }
    static bool binary_target(oid_t type) noexcept { return type == oid::tsvector; }
    /// `out_of_range` for a position past `ts_position::max`, or a zero byte in a word.
    static codec_errc encode_binary(value_sink& out, oid_t type, const tsvector& value);
    static codec_errc encode_text(value_sink& out, oid_t type, const tsvector& value);
};

/// A text search query, as its text: `'fat' & ( 'rat':AB | 'cat' )` is how the server prints one. It travels
/// as text both ways.
class tsquery {
public:
    tsquery() = default;
    explicit tsquery(std::string text) noexcept : text_{std::move(text)} {}

    const std::string& text() const& noexcept { return text_; }
    std::string text() && noexcept { return std::move(text_); }
    friend bool operator==(const tsquery&, const tsquery&) noexcept = default;

private:
    std::string text_;
};

template <>
struct codec<tsquery> {
    static constexpr oid_t natural = oid::tsquery;
    static bool accepts(oid_t type, bool binary) noexcept { return type == oid::tsquery && !binary; }
    static codec_errc decode_binary(oid_t, const std::byte*, std::size_t, tsquery&) noexcept {
        return codec_errc::wrong_type;
    }
    static codec_errc decode_text(oid_t, std::string_view text, tsquery& out) {
        out = tsquery{std::string{text}};
        return codec_errc::ok;
    }
    static bool binary_target(oid_t) noexcept { return false; }
    static codec_errc encode_binary(value_sink&, oid_t, const tsquery&) noexcept {
        return codec_errc::wrong_type;
    }
    static codec_errc encode_text(value_sink& out, oid_t, const tsquery& value) {
        out.put(std::string_view{value.text()});
        return codec_errc::ok;
    }
};

} // namespace tusk
