#include <gtest/gtest.h>

#include <boost/json.hpp>

#include <services/alerthist/common.hpp>

namespace log_test {

using namespace tusk::alerthist;
using namespace std::chrono_literals;

const std::chrono::system_clock::time_point noon{std::chrono::sys_days{std::chrono::year{2026} / 1 / 31} +
                                                 12h};

std::string line(log_format format, std::string_view message, const log_fields& fields) {
    return format_log_line(format, noon, log_level::warn, message, fields);
}

TEST(log_line, is_logfmt_with_quotes_where_they_are_needed) {
    log_fields fields;
    fields.add("method", "GET")
        .add("status", 200)
        .add("duration_ms", 1500us)
        .add("empty", "")
        .add("q", "a=\"b\" c");
    EXPECT_EQ(line(log_format::logfmt, "request", fields),
              "ts=2026-01-31T12:00:00.000000Z level=warn msg=request method=GET status=200 duration_ms=1.500 "
              "empty=\"\" "
              "q=\"a=\\\"b\\\" c\"");
}

TEST(log_line, cannot_be_forged_by_a_value) {
    log_fields fields;
    fields.add("target", "/x\nlevel=error msg=forged").add("esc", "\x1b[31m");
    for (const auto format : {log_format::logfmt, log_format::json}) {
        const auto text = line(format, "request", fields);
        EXPECT_EQ(text.find('\n'), std::string::npos);
        EXPECT_EQ(text.find('\x1b'), std::string::npos);
    }
}

TEST(log_line, is_one_json_object) {
    log_fields fields;
    fields.add("status", 200).add("duration_ms", 1500us).add("target", "/\"\\\t");
    const auto object = boost::json::parse(line(log_format::json, "re\nquest", fields)).as_object();
    EXPECT_EQ(object.at("ts").as_string(), "2026-01-31T12:00:00.000000Z");
    EXPECT_EQ(object.at("level").as_string(), "warn");
    EXPECT_EQ(object.at("msg").as_string(), "re\nquest");
    EXPECT_EQ(object.at("status").as_int64(), 200);
    EXPECT_DOUBLE_EQ(object.at("duration_ms").as_double(), 1.5);
    EXPECT_EQ(object.at("target").as_string(), "/\"\\\t");
}

} // namespace log_test
