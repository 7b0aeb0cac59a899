#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <services/common/instant.hpp>

namespace tusk::common {

/// Appends `text`, which must be UTF-8, as a JSON string.
void append_json_string(std::string& to, std::string_view text);

/// Writes one object; documents that are already JSON are passed through without being parsed.
class json_object {
public:
    json_object& text(std::string_view key, std::string_view value) {
        append_json_string(open(key), value);
        return *this;
    }
    /// `json` is a finished JSON value.
    json_object& raw(std::string_view key, std::string_view json) {
        open(key) += json;
        return *this;
    }
    json_object& number(std::string_view key, std::int64_t value) { return raw(key, std::to_string(value)); }
    json_object& time(std::string_view key, std::optional<instant> at) {
        return at ? text(key, format_instant(*at)) : raw(key, "null");
    }

    std::string finish() {
        out_ += '}';
        return std::move(out_);
    }

private:
    std::string& open(std::string_view key) {
        if (out_.size() > 1) out_ += ',';
        append_json_string(out_, key);
        return out_ += ':';
    }

    std::string out_ = "{";
};

} // namespace tusk::common
