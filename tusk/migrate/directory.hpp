#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tusk/core/error.hpp>
#include <tusk/migrate/file.hpp>
#include <tusk/migrate/sum.hpp>

namespace tusk::migrate {

/// The migrations of a project: all `*.sql` of one folder in the order of their names' bytes, and
/// `atlas.sum`. A folder `down` in it may hold the way back of each file, under the same name, with a sum
/// file of its own.
class directory {
public:
    /// Reads everything. Takes a path or a URL (`file://migrations`). Errors: `errc::environment` for what
    /// cannot be read or is larger than 64 MiB, `errc::invalid_argument` for files that make no sense and for
    /// two of the same version. The sum is not looked at: see `validate`.
    static result<directory> open(std::string_view url);
    /// Files that come from elsewhere: names and contents. Their sum is what they are.
    static result<directory> of(std::vector<std::pair<std::string, std::string>> files);

    /// The files that `keep` takes, with their ways back, as a directory from memory.
    directory only(const std::function<bool(const migration_file&)>& keep) const;
    /// The files up to a version.
    directory up_to(std::string_view version) const;

    /// Empty when it does not come from a folder.
    const std::filesystem::path& path() const noexcept { return path_; }
    const std::vector<migration_file>& files() const noexcept { return files_; }
    const migration_file* find(std::string_view version) const noexcept;
    /// The version of the last file that is no checkpoint; empty when there is none.
    std::string latest() const;

    /// The sum of the files as they are.
    const sum_file& sum() const noexcept { return sum_; }
    /// Nothing changed since the sum file was written. Errors: `errc::invalid_argument` naming the first line
    /// and file that differ; a sum file that is missing although there are files.
    failure validate() const;
    /// Writes the sum file, of `down` too. Errors: `errc::environment`.
    failure write_sum() const;

    /// The statements that undo a file: its archive's `down.sql`, or the file of `down` with its name;
    /// nothing when neither is there.
    std::optional<result<std::vector<statement>>> down_of(const migration_file& file) const;
    /// The file that holds them, for places in it.
    const migration_file& down_file_of(const migration_file& file) const;

private:
    failure read_folder();
    failure arrange();
    const migration_file* in_down(std::string_view name) const noexcept;

    std::filesystem::path path_;
    std::vector<migration_file> files_;
    std::vector<migration_file> down_;
    sum_file sum_;
    sum_file down_sum_;
    std::optional<std::string> stored_; ///< Text of the sum file.
    std::optional<std::string> stored_down_;
};

/// The path of `file://migrations`, `file:///srv/migrations` or a plain path. Errors:
/// `errc::invalid_argument` for another scheme.
result<std::filesystem::path> directory_path(std::string_view url);

/// Writes a file so that it is there as a whole or as it was before: to another name, flushed, renamed.
failure write_whole(const std::filesystem::path& file, std::string_view content);
/// Reads a file of at most 64 MiB.
result<std::string> read_whole(const std::filesystem::path& file);

/// A new version: UTC, `20240102150405`.
std::string version_of(std::chrono::system_clock::time_point now);

} // namespace tusk::migrate
