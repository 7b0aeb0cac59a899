#pragma once

#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include <cli/problem.hpp>
#include <tusk/net/conninfo_environment.hpp>

namespace tusk::cli {

/// What `--color` says.
enum class colour_mode { automatic, always, never };

/// Whether to colour what goes to a stream. The option counts before NO_COLOR, that before CLICOLOR_FORCE and
/// FORCE_COLOR, those before TERM=dumb; then a terminal gets colours and nothing else does.
/// Sources: no-color.org, bixense.com/clicolors.
bool wants_colour(colour_mode mode, bool is_terminal, const environment& variables);

/// Where the program writes.
struct streams {
    std::ostream& out;
    std::ostream& err;
    bool out_is_terminal = false;
    bool err_is_terminal = false;
};

/// Everything that commands print: data goes to the standard output, everything else to the standard error.
class output {
public:
    using row = std::vector<std::string>;

    explicit output(const streams& to) : to_{to} {}
    void colours(colour_mode mode, const environment& variables);

    /// `--json` is bound to this.
    bool& json() noexcept { return json_; }
    bool is_json() const noexcept { return json_; }

    /// A line of data.
    void line(std::string_view text);
    /// Data as it is.
    void text(std::string_view text);
    /// The answer of a command with `--json`: one object in one line. Its first field is its `schema`, such
    /// as "tusk.db.up/1"; the number changes when a field goes or changes its meaning, not when one is added.
    void object(const boost::json::object& answer);
    /// Columns, aligned. The last one may hold anything, the others ASCII.
    void table(const row& header, const std::vector<row>& rows);

    /// Something worth knowing besides the data.
    void note(std::string_view text);
    /// Help for somebody who did not ask for it.
    void advice(std::string_view text);
    /// `error: …` and `remedy: …`; with `--json` an object `tusk.error/1` on the standard output too.
    void report(const problem& what);

    /// Flushes; false when something could not be written (a full disk).
    bool finish();

private:
    void labelled(const char* colour, std::string_view label, std::string_view text);

    streams to_;
    bool json_ = false;
    bool colour_out_ = false;
    bool colour_err_ = false;
};

} // namespace tusk::cli
