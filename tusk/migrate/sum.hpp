#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tusk/core/error.hpp>

namespace tusk::migrate {

/// `atlas.sum`, byte for byte as Atlas writes it: a line for each file with a hash of everything up to it,
/// and a first line with a hash of those. Whatever is edited, added, removed or renamed shows, and two
/// branches that both add a file get a merge conflict.
class sum_file {
public:
    static constexpr const char* file_name = "atlas.sum";

    struct entry {
        std::string name;
        std::string hash; ///< Base64, without "h1:".

        friend bool operator==(const entry&, const entry&) = default;
    };

    sum_file() = default;

    /// Reads a file's text. Errors: `errc::invalid_argument` when it is none, or its first line does not
    /// belong to the others.
    static result<sum_file> parse(std::string_view text);

    /// Adds the next file, in the order of the directory. A file whose first line says `atlas:sum ignore` has
    /// no entry, but its name counts.
    class builder;

    const std::vector<entry>& entries() const noexcept { return entries_; }
    /// The hash of a file with "h1:"; empty when it has no entry.
    std::string hash_of(std::string_view name) const;
    /// As it stands on disk.
    std::string text() const;

    friend bool operator==(const sum_file&, const sum_file&) = default;

private:
    std::string total() const;
    std::vector<entry> entries_;
};

/// Where a stored sum file and the files differ first: "L2: 20240102_b.sql was edited"; success when they do
/// not. `computed` is of the files as they are.
failure compare_sums(const sum_file& stored, const sum_file& computed);

} // namespace tusk::migrate
