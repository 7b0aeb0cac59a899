#include <cli/output.hpp>

#include <algorithm>
#include <ostream>

#include <boost/json/serialize.hpp>

namespace tusk::cli {

namespace {

constexpr const char* bold = "\033[1m";
constexpr const char* red = "\033[1;31m";
constexpr const char* green = "\033[1;32m";
constexpr const char* cyan = "\033[1;36m";
constexpr const char* plain = "\033[0m";

bool is_on(const std::optional<std::string>& variable) { return variable && *variable != "0"; }

void put_row(std::string& text, const output::row& cells, const std::vector<std::size_t>& widths) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
        text += cells[i];
        if (i + 1 < cells.size()) text.append(widths[i] + 2 - cells[i].size(), ' ');
    }
}

} // namespace

bool wants_colour(colour_mode mode, bool is_terminal, const environment& variables) {
    if (mode != colour_mode::automatic) return mode == colour_mode::always;
    if (variables.variable("NO_COLOR")) return false;
    if (is_on(variables.variable("CLICOLOR_FORCE")) || is_on(variables.variable("FORCE_COLOR"))) return true;
    return is_terminal && variables.variable("TERM") != "dumb";
}

void output::colours(colour_mode mode, const environment& variables) {
    colour_out_ = wants_colour(mode, to_.out_is_terminal, variables);
    colour_err_ = wants_colour(mode, to_.err_is_terminal, variables);
}

void output::line(std::string_view text) { to_.out << text << '\n'; }
void output::text(std::string_view text) { to_.out << text; }
void output::object(const boost::json::object& answer) { to_.out << boost::json::serialize(answer) << '\n'; }

void output::table(const row& header, const std::vector<row>& rows) {
    std::vector<std::size_t> widths(header.size());
    for (std::size_t i = 0; i < header.size(); ++i) {
        widths[i] = header[i].size();
        for (const auto& cells : rows) widths[i] = std::max(widths[i], cells[i].size());
    }
    std::string text = colour_out_ ? bold : "";
    put_row(text, header, widths);
    if (colour_out_) text += plain;
    text += '\n';
    for (const auto& cells : rows) {
        put_row(text, cells, widths);
        text += '\n';
    }
    to_.out << text;
}

void output::labelled(const char* colour, std::string_view label, std::string_view text) {
    if (colour_err_)
        to_.err << colour << label << plain << ' ' << text << '\n';
    else
        to_.err << label << ' ' << text << '\n';
}

void output::note(std::string_view text) { labelled(cyan, "note:", text); }
void output::advice(std::string_view text) { to_.err << text; }

void output::report(const problem& what) {
    if (json_)
        object({{"schema", "tusk.error/1"},
                {"message", what.message()},
                {"remedy", what.remedy()},
                {"exit_code", static_cast<int>(what.status())}});
    labelled(red, "error:", what.message());
    labelled(green, "remedy:", what.remedy());
}

bool output::finish() {
    to_.out.flush();
    to_.err.flush();
    return !to_.out.fail();
}

} // namespace tusk::cli
