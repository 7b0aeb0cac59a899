#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <tusk/migrate/directory.hpp>
#include <tusk/migrate/measure.hpp>
#include <tusk/migrate/text.hpp>

namespace tusk::migrate {

enum class lint_severity : std::uint8_t { warning, error };

/// Something that a migration does, and that its author should know before the server does.
struct lint_finding {
    std::string code;     ///< Atlas's: "DS102"; docs/migrate.md lists them.
    std::string analyzer; ///< "destructive", "data_depend", …
    lint_severity severity = lint_severity::warning;
    std::string file;
    text_position where; ///< Of the statement.
    std::string message; ///< What happens.
    std::string remedy;  ///< What to do instead.
    std::string excerpt; ///< The line, and a caret.
};

struct lint_report {
    std::vector<std::string> files; ///< Those that were looked at.
    std::vector<lint_finding> findings;
    /// "file:line:column: why" of statements that the parser (PostgreSQL 15's) does not know: not analysed.
    std::vector<std::string> not_analysed;

    /// What the statements did to a throwaway database, when that was measured.
    std::vector<measured_statement> measured;

    bool has_errors() const noexcept;
};

/// What a name may be about.
enum class named_thing : std::uint8_t { schema, table, column, index, foreign_key, check };
std::optional<named_thing> parse_named_thing(std::string_view word) noexcept;

/// What to look at and how grave it is.
class lint_options {
public:
    /// Only the last files; 0 is all.
    lint_options& latest(std::size_t n) {
        latest_ = n;
        return *this;
    }
    /// Only these files, by name, instead.
    lint_options& only(std::set<std::string> names) {
        only_ = std::move(names);
        return *this;
    }
    /// Reports files that were added below others which are not looked at: databases that have those would
    /// need `non-linear`.
    lint_options& in_order(bool on = true) {
        in_order_ = on;
        return *this;
    }
    /// New names have to fit this regular expression (ECMAScript) as a whole. Throws `tusk::error`
    /// (`errc::invalid_argument`) when it is none.
    lint_options& naming(named_thing of, const std::string& expression);
    /// A code or an analyzer that is an error. By default those of "destructive" are.
    lint_options& error(std::string what) {
        errors_.insert(std::move(what));
        return *this;
    }
    /// A code or an analyzer that is not reported.
    lint_options& ignore(std::string what) {
        ignored_.insert(std::move(what));
        return *this;
    }

    std::size_t latest() const noexcept { return latest_; }
    const std::optional<std::set<std::string>>& only() const noexcept { return only_; }
    bool is_in_order() const noexcept { return in_order_; }
    const std::map<named_thing, std::string>& names() const noexcept { return naming_; }
    const std::set<std::string>& errors() const noexcept { return errors_; }
    const std::set<std::string>& ignored() const noexcept { return ignored_; }

private:
    std::size_t latest_ = 0;
    std::optional<std::set<std::string>> only_;
    bool in_order_ = false;
    std::map<named_thing, std::string> naming_;
    std::set<std::string> errors_{"destructive"};
    std::set<std::string> ignored_;
};

/// The files that are looked at.
std::vector<const migration_file*> chosen_files(const directory& dir, const lint_options& o);

/// Reads the parse tree of every statement; needs no server. With `measured` (see `measure`), what statements
/// did there is reported too. `-- atlas:nolint [codes, analyzers…]` (or
/// `tusk:nolint`) above a statement or at the top of a file leaves findings out. Errors: files that cannot be
/// split.
result<lint_report> lint(const directory& dir, const lint_options& o = {},
                         const measurement* measured = nullptr);

/// For tools: one JSON object; SARIF 2.1.0.
std::string to_json(const lint_report& r);
std::string to_sarif(const lint_report& r);

} // namespace tusk::migrate
