#include <tusk/migrate/directory.hpp>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <fstream>

#include <fcntl.h>
#include <unistd.h>

#include <tusk/migrate/sum_builder.hpp>

namespace tusk::migrate {

namespace fs = std::filesystem;

namespace {

constexpr std::uintmax_t largest_file = 64u << 20;

failure unreadable(const fs::path& what, const std::error_code& why) {
    return failure{errc::environment, "cannot read " + what.string() + ": " + why.message()};
}

std::error_code last_error() { return {errno, std::generic_category()}; }

/// The regular files of a folder that end in .sql, by name.
result<std::vector<fs::path>> sql_files(const fs::path& folder) {
    std::error_code ec;
    std::vector<fs::path> out;
    for (fs::directory_iterator it{folder, ec}, end; !ec && it != end; it.increment(ec))
        if (it->path().extension() == ".sql" && it->is_regular_file(ec)) out.push_back(it->path());
    if (ec) return failed<std::vector<fs::path>>(unreadable(folder, ec));
    std::sort(out.begin(), out.end(),
              [](const auto& a, const auto& b) { return a.filename().string() < b.filename().string(); });
    return out;
}

result<std::vector<migration_file>> read_files(const fs::path& folder) {
    using files = std::vector<migration_file>;
    const auto paths = sql_files(folder);
    if (!paths) return failed<files>(paths.error());
    files out;
    for (const auto& path : *paths) {
        auto content = read_whole(path);
        if (!content) return failed<files>(content.error());
        auto file = migration_file::parse(path.filename().string(), std::move(*content));
        if (!file) return failed<files>(file.error());
        out.push_back(std::move(*file));
    }
    return out;
}

failure read_sum(const fs::path& folder, std::optional<std::string>& into) {
    std::error_code ec;
    const auto path = folder / sum_file::file_name;
    if (!fs::exists(path, ec)) return {};
    auto text = read_whole(path);
    if (!text) return text.error();
    into = std::move(*text);
    return {};
}

sum_file sum_of(const std::vector<migration_file>& files) {
    sum_file::builder out;
    for (const auto& each : files) out.add(each.name(), each.content());
    return std::move(out).finish();
}

failure compare(const std::optional<std::string>& stored, const sum_file& now, const std::string& folder) {
    if (!stored && now.entries().empty()) return {};
    if (!stored)
        return failure{errc::invalid_argument,
                       folder + " has no atlas.sum\nremedy: `tusk migrate hash` writes it"};
    const auto parsed = sum_file::parse(*stored);
    auto f = parsed ? compare_sums(*parsed, now) : parsed.error();
    if (f) f.add_context(folder);
    return f;
}

/// Names and versions have to be in the same order, or it would depend on the reader which file is the
/// latest: "10_b.sql" comes before "9_a.sql".
failure check_order(const migration_file& before, const migration_file& after) {
    if (before.version() < after.version()) return {};
    const auto both = before.name() + " and " + after.name();
    if (before.version() == after.version())
        return failure{errc::invalid_argument,
                       both + " have the same version\nremedy: `tusk migrate rebase` gives one a new one"};
    return failure{errc::invalid_argument, both + " are sorted by their names in another order than by their "
                                                  "versions\nremedy: give all versions the same length, such "
                                                  "as 20240102150405 or 0001"};
}

failure sync(const fs::path& of, int flags) {
    const int fd = ::open(of.c_str(), flags | O_CLOEXEC);
    if (fd < 0) return unreadable(of, last_error());
    const bool done = ::fsync(fd) == 0;
    const auto why = last_error();
    ::close(fd);
    if (done) return {};
    return failure{errc::environment, "cannot flush " + of.string() + ": " + why.message()};
}

} // namespace

result<fs::path> directory_path(std::string_view url) {
    constexpr std::string_view scheme = "file://";
    if (url.starts_with(scheme)) {
        url.remove_prefix(scheme.size());
        url = url.substr(0, url.find('?'));
    } else if (url.find("://") != std::string_view::npos) {
        return failed<fs::path>(
            failure{errc::invalid_argument, "a migration directory is file://PATH, not " + std::string{url}});
    }
    if (url.empty())
        return failed<fs::path>(failure{errc::invalid_argument, "no migration directory is given"});
    return fs::path{url};
}

result<std::string> read_whole(const fs::path& file) {
    std::error_code ec;
    const auto size = fs::file_size(file, ec);
    if (ec) return failed<std::string>(unreadable(file, ec));
    if (size > largest_file)
        return failed<std::string>(failure{errc::environment, file.string() + " has " + std::to_string(size) +
                                                                  " bytes; a migration has 64 MiB at most"});
    std::ifstream in{file, std::ios::binary};
    std::string out(size, '\0');
    if (in) in.read(out.data(), static_cast<std::streamsize>(size));
    if (!in) return failed<std::string>(unreadable(file, last_error()));
    return out;
}

failure write_whole(const fs::path& file, std::string_view content) {
    auto other = file;
    other += ".tmp-" + std::to_string(::getpid());
    errno = 0;
    {
        std::ofstream out{other, std::ios::binary | std::ios::trunc};
        out << content;
        out.close();
        if (!out) {
            const auto why = last_error();
            std::error_code ignored;
            fs::remove(other, ignored);
            return failure{errc::environment, "cannot write " + file.string() + ": " + why.message()};
        }
    }
    auto f = sync(other, O_RDONLY);
    std::error_code ec;
    if (!f) fs::rename(other, file, ec);
    if (ec) f = failure{errc::environment, "cannot write " + file.string() + ": " + ec.message()};
    if (f) {
        std::error_code ignored;
        fs::remove(other, ignored);
        return f;
    }
    return sync(file.parent_path().empty() ? fs::path{"."} : file.parent_path(), O_RDONLY | O_DIRECTORY);
}

std::string version_of(std::chrono::system_clock::time_point now) {
    const auto seconds = std::chrono::system_clock::to_time_t(now);
    std::tm utc{};
    ::gmtime_r(&seconds, &utc);
    char text[32];
    return {text, std::strftime(text, sizeof text, "%Y%m%d%H%M%S", &utc)};
}

result<directory> directory::open(std::string_view url) {
    const auto path = directory_path(url);
    if (!path) return failed<directory>(path.error());
    directory out;
    out.path_ = *path;
    std::error_code ec;
    if (!fs::is_directory(out.path_, ec))
        return failed<directory>(
            failure{errc::environment, "there is no migration directory " + out.path_.string()});
    if (auto f = out.read_folder()) return failed<directory>(std::move(f));
    if (auto f = out.arrange()) return failed<directory>(std::move(f));
    return out;
}

result<directory> directory::of(std::vector<std::pair<std::string, std::string>> files) {
    directory out;
    std::sort(files.begin(), files.end());
    for (auto& [name, content] : files) {
        auto file = migration_file::parse(std::move(name), std::move(content));
        if (!file) return failed<directory>(file.error());
        out.files_.push_back(std::move(*file));
    }
    if (auto f = out.arrange()) return failed<directory>(std::move(f));
    return out;
}

directory directory::only(const std::function<bool(const migration_file&)>& keep) const {
    directory out;
    for (const auto& each : files_)
        if (keep(each)) out.files_.push_back(each);
    for (const auto& each : down_)
        if (std::any_of(out.files_.begin(), out.files_.end(),
                        [&](const auto& f) { return f.name() == each.name(); }))
            out.down_.push_back(each);
    out.sum_ = sum_of(out.files_);
    out.down_sum_ = sum_of(out.down_);
    return out;
}

directory directory::up_to(std::string_view version) const {
    return only([&](const migration_file& f) { return f.version() <= version; });
}

failure directory::read_folder() {
    auto files = read_files(path_);
    if (!files) return files.error();
    files_ = std::move(*files);
    if (auto f = read_sum(path_, stored_)) return f;
    const auto below = path_ / "down";
    std::error_code ec;
    if (!fs::is_directory(below, ec)) return {};
    auto down = read_files(below);
    if (!down) return down.error();
    down_ = std::move(*down);
    return read_sum(below, stored_down_);
}

failure directory::arrange() {
    for (std::size_t i = 1; i < files_.size(); ++i)
        if (auto f = check_order(files_[i - 1], files_[i])) return f;
    for (const auto& each : down_)
        if (std::none_of(files_.begin(), files_.end(),
                         [&](const auto& f) { return f.name() == each.name(); }))
            return failure{errc::invalid_argument,
                           "down/" + each.name() + " undoes nothing: there is no " + each.name()};
    sum_ = sum_of(files_);
    down_sum_ = sum_of(down_);
    return {};
}

const migration_file* directory::find(std::string_view version) const noexcept {
    const auto at =
        std::lower_bound(files_.begin(), files_.end(), version,
                         [](const migration_file& f, std::string_view v) { return f.version() < v; });
    return at == files_.end() || at->version() != version ? nullptr : &*at;
}

std::string directory::latest() const {
    for (auto it = files_.rbegin(); it != files_.rend(); ++it)
        if (!it->is_checkpoint()) return it->version();
    return files_.empty() ? std::string{} : files_.back().version();
}

failure directory::validate() const {
    if (path_.empty()) return {};
    if (auto f = compare(stored_, sum_, path_.string())) return f;
    return compare(stored_down_, down_sum_, (path_ / "down").string());
}

failure directory::write_sum() const {
    if (auto f = write_whole(path_ / sum_file::file_name, sum_.text())) return f;
    if (down_.empty() && !stored_down_) return {};
    return write_whole(path_ / "down" / sum_file::file_name, down_sum_.text());
}

const migration_file* directory::in_down(std::string_view name) const noexcept {
    for (const auto& each : down_)
        if (each.name() == name) return &each;
    return nullptr;
}

std::optional<result<std::vector<statement>>> directory::down_of(const migration_file& file) const {
    if (const auto* other = in_down(file.name())) return other->statements();
    return file.down();
}

const migration_file& directory::down_file_of(const migration_file& file) const {
    const auto* other = in_down(file.name());
    return other == nullptr ? file : *other;
}

} // namespace tusk::migrate
