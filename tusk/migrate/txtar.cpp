#include <tusk/migrate/txtar.hpp>

#include <tusk/migrate/text.hpp>

namespace tusk::migrate {

namespace {

/// The name in a line `-- name --`; empty when it is none.
std::string_view marked_name(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.starts_with("-- ") || !line.ends_with(" --") || line.size() < 7) return {};
    return trimmed(line.substr(3, line.size() - 6));
}

} // namespace

std::vector<archived_file> archived_files(std::string_view archive) {
    std::vector<archived_file> out;
    for (std::size_t begin = 0; begin < archive.size();) {
        auto end = archive.find('\n', begin);
        end = end == std::string_view::npos ? archive.size() : end + 1;
        auto line = archive.substr(begin, end - begin);
        if (line.ends_with('\n')) line.remove_suffix(1);
        if (const auto name = marked_name(line); !name.empty()) {
            if (!out.empty())
                out.back().content = archive.substr(out.back().offset, begin - out.back().offset);
            out.push_back({std::string{name}, archive.substr(end), end});
        }
        begin = end;
    }
    return out;
}

} // namespace tusk::migrate
