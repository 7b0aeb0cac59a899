#include <tusk/testing/script_file.hpp>

#include <charconv>
#include <functional>
#include <map>
#include <optional>
#include <sstream>

namespace tusk::testing {

namespace {

namespace be = backend;
using words = std::vector<std::string>;

constexpr std::string_view blanks = " \t\r";

words split(std::string_view text) {
    words out;
    for (;;) {
        text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
        if (text.empty()) return out;
        if (text.front() == '\'') { // 'with blanks', quotes doubled
            std::string word;
            std::size_t i = 1;
            for (; i < text.size(); ++i) {
                if (text[i] == '\'' && (i + 1 == text.size() || text[i + 1] != '\'')) break;
                if (text[i] == '\'') ++i;
                word += text[i];
            }
            out.push_back(std::move(word));
            text.remove_prefix(std::min(i + 1, text.size()));
            continue;
        }
        const auto word = text.substr(0, text.find_first_of(blanks));
        out.emplace_back(word);
        text.remove_prefix(word.size());
    }
}

/// What follows the first `count` words, as it stands.
std::string rest_of(std::string_view line, std::size_t count) {
    for (std::size_t i = 0; i <= count; ++i) {
        line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
        if (i < count) line.remove_prefix(std::min(line.find_first_of(blanks), line.size()));
    }
    while (!line.empty() && blanks.find(line.back()) != std::string_view::npos) line.remove_suffix(1);
    return std::string{line};
}

template <class Number>
std::optional<Number> number_in(const std::string& text, int base = 10) {
    Number value{};
    const auto end = text.data() + text.size();
    const auto done = std::from_chars(text.data(), end, value, base);
    if (text.empty() || done.ec != std::errc{} || done.ptr != end) return std::nullopt;
    return value;
}

/// Bytes of a message, or nothing when the words make none.
using maker = std::function<std::optional<std::string>(const words&, std::string_view line)>;

std::optional<std::string> row_description(const words& w) {
    std::vector<be::column> columns;
    for (std::size_t i = 2; i < w.size(); ++i) {
        const auto colon = w[i].rfind(':');
        const auto type = colon == std::string::npos ? std::optional<std::uint32_t>{25}
                                                     : number_in<std::uint32_t>(w[i].substr(colon + 1));
        if (!type) return std::nullopt;
        columns.push_back({w[i].substr(0, colon), *type, 0});
    }
    return be::row_description(columns);
}

std::optional<std::string> data_row(const words& w) {
    std::vector<std::optional<std::string>> values;
    for (std::size_t i = 2; i < w.size(); ++i)
        values.push_back(w[i] == "NULL" ? std::nullopt : std::optional{w[i]});
    return be::data_row(values);
}

std::optional<std::string> hexadecimal(const words& w) {
    std::string out;
    for (std::size_t i = 2; i < w.size(); ++i) {
        const auto byte = number_in<std::uint8_t>(w[i], 16);
        if (!byte) return std::nullopt;
        out += static_cast<char>(*byte);
    }
    return out;
}

maker constant(std::string bytes) {
    return [bytes](const words& w, std::string_view) {
        return w.size() == 2 ? std::optional{bytes} : std::nullopt;
    };
}

const std::map<std::string, maker, std::less<>>& messages() {
    static const std::map<std::string, maker, std::less<>> all{
        {"authentication_ok", constant(be::authentication_ok())},
        {"parse_complete", constant(be::parse_complete())},
        {"bind_complete", constant(be::bind_complete())},
        {"close_complete", constant(be::close_complete())},
        {"no_data", constant(be::no_data())},
        {"portal_suspended", constant(be::portal_suspended())},
        {"empty_query_response", constant(be::empty_query_response())},
        {"ready_for_query",
         [](const words& w, std::string_view) -> std::optional<std::string> {
             if (w.size() > 3 || (w.size() == 3 && w[2].size() != 1)) return std::nullopt;
             return be::ready_for_query(w.size() == 3 ? w[2][0] : 'I');
         }},
        {"parameter_status",
         [](const words& w, std::string_view) -> std::optional<std::string> {
             if (w.size() != 4) return std::nullopt;
             return be::parameter_status(w[2], w[3]);
         }},
        {"row_description", [](const words& w, std::string_view) { return row_description(w); }},
        {"data_row", [](const words& w, std::string_view) { return data_row(w); }},
        {"command_complete",
         [](const words&, std::string_view line) {
             return std::optional{be::command_complete(rest_of(line, 2))};
         }},
        {"error",
         [](const words& w, std::string_view line) -> std::optional<std::string> {
             if (w.size() < 4) return std::nullopt;
             return be::error_response(w[2], rest_of(line, 3));
         }},
        {"fatal",
         [](const words& w, std::string_view line) -> std::optional<std::string> {
             if (w.size() < 4) return std::nullopt;
             return be::error_response(w[2], rest_of(line, 3), "FATAL");
         }},
        {"notice",
         [](const words&, std::string_view line) {
             return std::optional{be::notice_response(rest_of(line, 2))};
         }},
        {"notification",
         [](const words& w, std::string_view) -> std::optional<std::string> {
             if (w.size() != 4) return std::nullopt;
             return be::notification_response(1, w[2], w[3]);
         }},
        {"parameter_description",
         [](const words& w, std::string_view) -> std::optional<std::string> {
             std::vector<std::uint32_t> oids;
             for (std::size_t i = 2; i < w.size(); ++i) {
                 const auto oid = number_in<std::uint32_t>(w[i]);
                 if (!oid) return std::nullopt;
                 oids.push_back(*oid);
             }
             return be::parameter_description(oids);
         }},
        {"bytes", [](const words& w, std::string_view) { return hexadecimal(w); }},
    };
    return all;
}

/// The problem with a line, or nothing.
std::string add_send(server_script& to, const words& w, std::string_view line) {
    if (w.size() < 2) return "send needs a message";
    const auto found = messages().find(w[1]);
    if (found == messages().end()) return "there is no message `" + w[1] + "`";
    auto bytes = found->second(w, line);
    if (!bytes) return "`" + w[1] + "` does not take these words";
    to.send(*std::move(bytes));
    return {};
}

std::string add_expect(server_script& to, const words& w, std::string_view line) {
    if (w.size() < 2 || w[1].size() != 1) return "expect needs the type of a message, one letter";
    const auto text = rest_of(line, 2);
    if (text.empty())
        to.expect(w[1][0]);
    else
        to.expect(w[1][0], "a message with \"" + text + "\"",
                  [text](const received_message& m) { return m.body.find(text) != std::string::npos; });
    return {};
}

using adder = std::function<std::string(server_script&, const words&, std::string_view)>;

adder plain(server_script& (server_script::*step)()) {
    return [step](server_script& to, const words& w, std::string_view) -> std::string {
        if (w.size() != 1) return "`" + w[0] + "` takes no words";
        (to.*step)();
        return {};
    };
}

const std::map<std::string, adder, std::less<>>& steps() {
    static const std::map<std::string, adder, std::less<>> all{
        {"send", add_send},
        {"expect", add_expect},
        {"expect_all",
         [](server_script& to, const words& w, std::string_view) -> std::string {
             if (w.size() != 2) return "expect_all needs the types of messages: PBDES";
             to.expect_all(w[1]);
             return {};
         }},
        {"let_in",
         [](server_script& to, const words& w, std::string_view) -> std::string {
             const auto pid = w.size() == 2 ? number_in<std::int32_t>(w[1]) : std::optional{4711};
             if (w.size() > 2 || !pid) return "let_in takes a process id or nothing";
             to.let_in(*pid);
             return {};
         }},
        {"answer_ssl_request",
         [](server_script& to, const words& w, std::string_view) -> std::string {
             if (w.size() != 2) return "answer_ssl_request needs what to answer: N";
             to.answer_ssl_request(w[1]);
             return {};
         }},
        {"stall", plain(&server_script::stall)},
        {"release", plain(&server_script::release)},
        {"wait_for_hang_up", plain(&server_script::wait_for_hang_up)},
        {"half_close", plain(&server_script::half_close)},
        {"reset", plain(&server_script::reset)},
        {"close", plain(&server_script::close)},
    };
    return all;
}

} // namespace

result<std::vector<server_script>> read_scripts(std::string_view text, const std::string& name) {
    std::vector<server_script> out(1);
    bool any = false;
    std::istringstream lines{std::string{text}};
    std::size_t number = 0;
    for (std::string line; std::getline(lines, line);) {
        ++number;
        const auto w = split(line);
        if (w.empty() || w[0].starts_with('#')) continue;
        const auto wrong = [&](const std::string& why) {
            return failed<std::vector<server_script>>(
                failure{errc::invalid_argument, name + ":" + std::to_string(number) + ": " + why});
        };
        if (w[0] == "connection") {
            if (any) out.emplace_back();
            any = true;
            continue;
        }
        any = true;
        const auto step = steps().find(w[0]);
        if (step == steps().end()) return wrong("there is no step `" + w[0] + "`");
        if (const auto problem = step->second(out.back(), w, line); !problem.empty()) return wrong(problem);
    }
    return out;
}

} // namespace tusk::testing
