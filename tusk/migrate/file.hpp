#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tusk/core/error.hpp>
#include <tusk/migrate/directive.hpp>
#include <tusk/migrate/statement.hpp>
#include <tusk/migrate/text.hpp>

namespace tusk::migrate {

/// What a transaction holds.
enum class tx_mode : std::uint8_t {
    file, ///< One file (the default).
    all,  ///< All files of a run.
    none, ///< One statement; the only one in which CREATE INDEX CONCURRENTLY and its like can run.
};

/// Queries that have to answer true before a file runs: every one, or at least one.
struct pre_check {
    std::string name; ///< Of the archived file, "checks.sql".
    bool one_of = false;
    std::vector<statement> statements;
};

/// A file of a migration directory: `20240102150405_add_users.sql`. Its version is what stands before the
/// first underscore, its description what stands behind it. Source: Atlas's directory format.
class migration_file {
public:
    /// Reads the directives. Errors: `errc::invalid_argument`, beginning with the place, for text that is not
    /// UTF-8, a byte order mark, a directive that makes no sense.
    static result<migration_file> parse(std::string name, std::string content);

    const std::string& name() const noexcept { return name_; }
    const std::string& content() const noexcept { return content_; }
    const std::string& version() const noexcept { return version_; }
    const std::string& description() const noexcept { return description_; }

    /// `-- atlas:txmode none|file`; nothing when the file leaves it to the run.
    std::optional<tx_mode> mode() const noexcept { return mode_; }
    /// `-- atlas:checkpoint [tag]`
    bool is_checkpoint() const noexcept { return is_checkpoint_; }
    const std::string& tag() const noexcept { return tag_; }
    /// Directives of the whole file.
    const std::vector<directive>& directives() const noexcept { return directives_; }
    /// It has line ends of Windows somewhere: another check-out of it may have another hash.
    bool has_crlf() const noexcept { return content_.find("\r\n") != std::string::npos; }

    /// What is to be executed. Errors begin with the place: "shop_2.sql:3:14: …".
    result<std::vector<statement>> statements() const;
    /// Of an archive (`-- atlas:txtar`); else none.
    result<std::vector<pre_check>> checks() const;
    /// The way back, when the archive has a `down.sql`.
    std::optional<result<std::vector<statement>>> down() const;

    /// "shop_2.sql:3:14" of a byte of the content.
    std::string place_of(std::size_t offset) const { return place(name_, position_of(content_, offset)); }

private:
    failure read_directives();
    failure read_mode(const directive& d);
    result<std::vector<statement>> split(std::string_view text, std::size_t offset) const;

    std::string name_;
    std::string content_;
    std::string version_;
    std::string description_;
    std::vector<directive> directives_;
    std::optional<tx_mode> mode_;
    std::string delimiter_ = ";";
    std::string tag_;
    bool is_checkpoint_ = false;
    bool is_archive_ = false;
};

/// "file", "all", "none"
std::string_view to_string(tx_mode mode) noexcept;
std::optional<tx_mode> parse_tx_mode(std::string_view word) noexcept;

} // namespace tusk::migrate
