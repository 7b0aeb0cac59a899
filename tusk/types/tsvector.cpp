#include <tusk/types/tsvector.hpp>

#include <algorithm>
#include <charconv>
#include <limits>

#include <tusk/wire/buffer.hpp>

namespace tusk {

namespace {

constexpr std::uint16_t weight_shift = 14;
constexpr std::string_view weight_letters = "DCBA"; // by ts_weight; D is not printed

bool eat(std::string_view& text, char c) noexcept {
    if (!text.starts_with(c)) return false;
    text.remove_prefix(1);
    return true;
}

/// A word in quotes; quotes and backslashes inside are doubled.
bool read_word(std::string_view& text, std::string& out) {
    if (!eat(text, '\'')) return false;
    for (;;) {
        const std::size_t stop = text.find_first_of("'\\");
        if (stop == text.npos) return false;
        const char c = text[stop];
        out += text.substr(0, stop);
        text.remove_prefix(stop + 1);
        if (!eat(text, c)) return c == '\'';
        out += c;
    }
}

codec_errc read_position(std::string_view& text, ts_position& out) noexcept {
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out.position);
    if (ec == std::errc::invalid_argument) return codec_errc::malformed;
    if (ec != std::errc{} || out.position > ts_position::max) return codec_errc::out_of_range;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const std::size_t weight = text.empty() ? weight_letters.npos : weight_letters.find(text.front());
    if (weight == weight_letters.npos) return codec_errc::ok;
    out.weight = static_cast<ts_weight>(weight);
    text.remove_prefix(1);
    return codec_errc::ok;
}

codec_errc read_lexeme(std::string_view& text, lexeme& out) {
    if (!read_word(text, out.word)) return codec_errc::malformed;
    for (char separator = ':'; eat(text, separator); separator = ',') {
        const codec_errc result = read_position(text, out.positions.emplace_back());
        if (result != codec_errc::ok) return result;
    }
    return codec_errc::ok;
}

void write_lexeme(value_sink& out, const lexeme& value) {
    out.put_byte('\'');
    for (const char c : value.word) {
        if (c == '\'' || c == '\\') out.put_byte(c);
        out.put_byte(c);
    }
    out.put_byte('\'');
    char separator = ':';
    for (const ts_position& at : value.positions) {
        out.put_byte(std::exchange(separator, ','));
        out.put(std::string_view{std::to_string(at.position)});
        if (at.weight != ts_weight::d) out.put_byte(weight_letters[static_cast<std::size_t>(at.weight)]);
    }
}

bool before(const ts_position& a, const ts_position& b) noexcept {
    return a.position != b.position ? a.position < b.position : a.weight > b.weight;
}
bool same_place(const ts_position& a, const ts_position& b) noexcept { return a.position == b.position; }

void normalise_positions(std::vector<ts_position>& positions) {
    std::sort(positions.begin(), positions.end(), before);
    positions.erase(std::unique(positions.begin(), positions.end(), same_place), positions.end());
}

bool is_normal(const std::vector<lexeme>& lexemes) noexcept {
    const auto not_ascending = [](const auto& items, auto less) {
        return std::adjacent_find(items.begin(), items.end(),
                                  [&](const auto& a, const auto& b) { return !less(a, b); }) != items.end();
    };
    if (not_ascending(lexemes, [](const lexeme& a, const lexeme& b) { return a.word < b.word; }))
        return false;
    return std::none_of(lexemes.begin(), lexemes.end(), [&](const lexeme& one) {
        return not_ascending(one.positions, [](const ts_position& a, const ts_position& b) {
            return a.position < b.position;
        });
    });
}

} // namespace

tsvector::tsvector(std::vector<lexeme> lexemes) : lexemes_{std::move(lexemes)} { normalise(); }

void tsvector::normalise() {
    if (is_normal(lexemes_)) return; // what the server sends
    std::sort(lexemes_.begin(), lexemes_.end(),
              [](const lexeme& a, const lexeme& b) { return a.word < b.word; });
    std::size_t kept = 0;
    for (std::size_t i = 1; i < lexemes_.size(); ++i) {
        lexeme& last = lexemes_[kept];
        if (lexemes_[i].word == last.word)
            last.positions.insert(last.positions.end(), lexemes_[i].positions.begin(),
                                  lexemes_[i].positions.end());
        else if (++kept != i)
            lexemes_[kept] = std::move(lexemes_[i]);
    }
    lexemes_.resize(std::min(lexemes_.size(), kept + 1));
    for (lexeme& one : lexemes_) normalise_positions(one.positions);
}

const lexeme* tsvector::find(std::string_view word) const noexcept {
    const auto at = std::lower_bound(lexemes_.begin(), lexemes_.end(), word,
                                     [](const lexeme& a, std::string_view w) { return a.word < w; });
    return at != lexemes_.end() && at->word == word ? &*at : nullptr;
}

codec_errc tsvector::parse_into(std::string_view text, tsvector& out) {
    out.lexemes_.clear();
    if (text.find('\0') != text.npos) return codec_errc::malformed; // which no lexeme may have
    while (!text.empty()) {
        if (!out.empty() && !eat(text, ' ')) return codec_errc::malformed;
        const codec_errc result = read_lexeme(text, out.lexemes_.emplace_back());
        if (result != codec_errc::ok) return result;
    }
    out.normalise();
    return codec_errc::ok;
}

std::optional<tsvector> tsvector::parse(std::string_view text) {
    tsvector out;
    if (parse_into(text, out) != codec_errc::ok) return std::nullopt;
    return out;
}

std::string tsvector::to_string() const {
    value_sink out;
    codec<tsvector>::encode_text(out, oid::tsvector, *this);
    return {reinterpret_cast<const char*>(out.data()), out.size()};
}

// A count; of each lexeme its word and a zero byte, the number of positions, and the positions: two bits of
// weight and 14 of position.
codec_errc codec<tsvector>::decode_binary(oid_t, const std::byte* p, std::size_t n, tsvector& out) {
    constexpr std::size_t smallest_lexeme = 3;
    wire::body_reader in{{p, n}};
    out.lexemes_.clear();
    const auto count = in.get_int<std::uint32_t>();
    if (in.failed() || count > in.left() / smallest_lexeme) return codec_errc::malformed;
    for (std::uint32_t i = 0; i < count; ++i) {
        lexeme& one = out.lexemes_.emplace_back(std::string{in.get_cstring()});
        const std::size_t positions = in.get_int<std::uint16_t>();
        if (in.failed() || positions > in.left() / sizeof(std::uint16_t)) return codec_errc::malformed;
        one.positions.reserve(positions);
        for (std::size_t j = 0; j < positions; ++j) {
            const auto packed = in.get_int<std::uint16_t>();
            one.positions.push_back({static_cast<std::uint16_t>(packed & ts_position::max),
                                     static_cast<ts_weight>(packed >> weight_shift)});
        }
    }
    if (!in.finished()) return codec_errc::malformed;
    out.normalise();
    return codec_errc::ok;
}

codec_errc codec<tsvector>::encode_binary(value_sink& out, oid_t, const tsvector& value) {
    if (value.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
        return codec_errc::out_of_range;
    out.put_int(static_cast<std::int32_t>(value.size()));
    for (const lexeme& one : value) {
        if (one.word.find('\0') != one.word.npos ||
            one.positions.size() > std::numeric_limits<std::uint16_t>::max())
            return codec_errc::out_of_range;
        out.put(std::string_view{one.word});
        out.put_byte('\0');
        out.put_int(static_cast<std::uint16_t>(one.positions.size()));
        for (const ts_position& at : one.positions) {
            if (at.position > ts_position::max) return codec_errc::out_of_range;
            const unsigned weight = static_cast<unsigned>(at.weight) << weight_shift;
            out.put_int(static_cast<std::uint16_t>(weight | at.position));
        }
    }
    return codec_errc::ok;
}

codec_errc codec<tsvector>::encode_text(value_sink& out, oid_t, const tsvector& value) {
    bool first = true;
    for (const lexeme& one : value) {
        if (!std::exchange(first, false)) out.put_byte(' ');
        write_lexeme(out, one);
    }
    return codec_errc::ok;
}

} // namespace tusk
