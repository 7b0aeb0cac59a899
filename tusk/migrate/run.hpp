#pragma once

#include <optional>
#include <string>

#include <tusk/migrate/directory.hpp>
#include <tusk/migrate/options.hpp>
#include <tusk/migrate/replay.hpp>
#include <tusk/migrate/report.hpp>
#include <tusk/net/conninfo.hpp>

namespace tusk::migrate {

/// Where the statements of a way back come from.
enum class way_back : std::uint8_t {
    either,   ///< The written ones where every file has one, else computed (the default).
    written,  ///< `down.sql` of archives, files in the folder `down`.
    computed, ///< From what the database has now and what the directory makes at the target.
};

/// How migrations are taken back.
class down_options {
public:
    /// That many files, the last one first. Default 1.
    down_options& amount(std::size_t files) {
        amount_ = files;
        return *this;
    }
    /// All files behind this version instead; "0" is all there are.
    down_options& to_version(std::string version) {
        to_version_ = std::move(version);
        return *this;
    }
    /// All files behind the checkpoint with this tag instead.
    down_options& to_tag(std::string tag) {
        to_tag_ = std::move(tag);
        return *this;
    }
    down_options& way(way_back w) {
        way_ = w;
        return *this;
    }
    /// Throwaway databases for ways back that are computed, and what of the schema counts.
    down_options& dev(dev_options o) {
        dev_ = std::move(o);
        return *this;
    }
    /// Tables and columns that hold something may be dropped.
    down_options& allow_data_loss(bool on = true) {
        allow_data_loss_ = on;
        return *this;
    }
    /// Time limits, events, dry run and where the revisions are; what says what to apply has no meaning here.
    down_options& run(apply_options o) {
        run_ = std::move(o);
        return *this;
    }

    std::size_t amount() const noexcept { return amount_; }
    const std::string& to_version() const noexcept { return to_version_; }
    const std::string& to_tag() const noexcept { return to_tag_; }
    way_back way() const noexcept { return way_; }
    const dev_options& dev() const noexcept { return dev_; }
    bool allow_data_loss() const noexcept { return allow_data_loss_; }
    const apply_options& run() const noexcept { return run_; }

private:
    std::size_t amount_ = 1;
    std::string to_version_;
    std::string to_tag_;
    way_back way_ = way_back::either;
    dev_options dev_;
    bool allow_data_loss_ = false;
    apply_options run_;
};

/// What these do is told at `blocking::migrator`; what went wrong is in the report or the result.
apply_report run_apply(const directory& dir, const connect_config& target, const apply_options& o);
apply_report run_down(const directory& dir, const connect_config& target, const down_options& o);
result<status_report> run_status(const directory& dir, const connect_config& target, const apply_options& o);
failure run_set(const directory& dir, const connect_config& target, const std::optional<std::string>& version,
                const apply_options& o);

} // namespace tusk::migrate
