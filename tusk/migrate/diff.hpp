#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tusk/migrate/replay.hpp>

namespace tusk::migrate {

/// The next migration: what a directory lacks to make a state.
struct next_migration {
    /// The directory makes that state already.
    bool is_synced() const noexcept { return content.empty(); }
    std::string content; ///< Of the file; empty when there is nothing to do.
    std::string down;    ///< Of its way back; empty when none was asked for.
    std::vector<std::string> statements;
    std::vector<schema::hazard> hazards;
    /// What was left out, because the options skip it; ids of objects.
    std::vector<std::string> left_out;
};

/// What `diff` is to do.
class diff_options {
public:
    /// The state to reach, as `schema::state_reader` takes it: `file://schema.sql`, a directory of SQL files,
    /// a snapshot, `postgres://…`, `empty://`.
    diff_options& to(std::string source) {
        to_ = std::move(source);
        return *this;
    }
    /// Plans the way back too.
    diff_options& with_down(bool on = true) {
        with_down_ = on;
        return *this;
    }
    diff_options& dev(dev_options o) {
        dev_ = std::move(o);
        return *this;
    }

    const std::string& to() const noexcept { return to_; }
    bool plans_down() const noexcept { return with_down_; }
    const dev_options& dev() const noexcept { return dev_; }

private:
    std::string to_;
    bool with_down_ = false;
    dev_options dev_;
};

/// Replays the directory on a throwaway database, compares what it makes with the wanted state, and plans the
/// next file. The file is tried on a copy of that database: it has to lead to the wanted state, and rows have
/// to keep their values. It begins with `txmode none` when it has statements that no transaction can hold, or
/// that shall not hold their locks until the end. Writes nothing. Errors: what is wrong with a source,
/// `errc::invalid_configuration` for a plan that has a refused hazard or did not hold.
result<next_migration> diff(const directory& dir, const diff_options& o);

/// Writes what `diff` found to a directory (`file://…`, made when it is not there) and its sum; the path of
/// the file.
result<std::filesystem::path> write_next(std::string_view url, std::string_view name,
                                         const next_migration& what);

/// A plan as the content of a migration file: a comment on each statement, and the transaction mode it needs.
std::string file_of(const schema::plan& steps);

} // namespace tusk::migrate
