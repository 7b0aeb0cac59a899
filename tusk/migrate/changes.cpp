#include <tusk/migrate/changes.hpp>

#include <algorithm>

#include <tusk/migrate/directory.hpp>

namespace tusk::migrate {

namespace fs = std::filesystem;

namespace {

failure failed_to(const std::string& what, const fs::path& file, const std::error_code& why) {
    return failure{errc::environment, "cannot " + what + " " + file.string() + ": " + why.message()};
}

result<directory> open_unchanged(std::string_view url) {
    auto dir = directory::open(url);
    if (!dir) return dir;
    if (auto f = dir->validate()) return failed<directory>(std::move(f));
    return dir;
}

failure write_sum_of(std::string_view url) {
    const auto dir = directory::open(url);
    return dir ? dir->write_sum() : dir.error();
}

/// One more, with the same number of characters. Errors: none is left.
result<std::string> successor(const std::string& version) {
    auto out = version;
    for (std::size_t i = out.size(); i-- > 0 && out[i] >= '0' && out[i] <= '9';) {
        if (out[i]++ != '9') return out;
        out[i] = '0';
    }
    return failed<std::string>(
        failure{errc::invalid_argument, "no version of the length of " + version +
                                            " is left behind it\nremedy: give all files longer versions"});
}

/// Behind all versions there are: the time, unless they are of another kind.
result<std::string> next_version(const directory& dir) {
    auto now = version_of(std::chrono::system_clock::now());
    if (dir.files().empty()) return now;
    const auto& last = dir.files().back().version();
    return now > last && now.size() == last.size() ? now : successor(last);
}

std::string file_name(const std::string& version, std::string_view name) {
    std::string out = version;
    if (!name.empty()) out += '_';
    for (const char c : name) {
        const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           c == '-' || static_cast<unsigned char>(c) >= 0x80;
        out += plain ? c : '_';
    }
    return out + ".sql";
}

const migration_file* find(const directory& dir, const std::string& what) {
    for (const auto& each : dir.files())
        if (each.version() == what || each.name() == what) return &each;
    return nullptr;
}

/// The file itself, and its way back when it has one.
template <class F>
failure for_both(const directory& dir, const std::string& name, F f) {
    std::error_code ec;
    if (fs::exists(dir.path() / "down" / name, ec))
        if (auto failed = f(dir.path() / "down" / name)) return failed;
    return f(dir.path() / name);
}

} // namespace

result<fs::path> new_file(std::string_view url, std::string_view name, std::string_view content,
                          std::string_view down) {
    const auto path = directory_path(url);
    if (!path) return path;
    std::error_code ec;
    fs::create_directories(*path, ec);
    if (ec) return failed<fs::path>(failed_to("make", *path, ec));
    const auto dir = open_unchanged(url);
    if (!dir) return failed<fs::path>(dir.error());
    const auto version = next_version(*dir);
    if (!version) return failed<fs::path>(version.error());
    const auto made = *path / file_name(*version, name);
    const auto back = *path / "down" / made.filename();
    auto f = write_whole(made, content);
    if (!f && !down.empty()) {
        fs::create_directories(back.parent_path(), ec);
        f = ec ? failed_to("make", back.parent_path(), ec) : write_whole(back, down);
    }
    if (!f) f = write_sum_of(url);
    if (!f) return made;
    // A file that the sum does not know would be somebody's edit.
    fs::remove(made, ec);
    if (!down.empty()) fs::remove(back, ec);
    return failed<fs::path>(std::move(f));
}

result<std::string> remove_file(std::string_view url, std::string_view version) {
    const auto dir = open_unchanged(url);
    if (!dir) return failed<std::string>(dir.error());
    const migration_file* file = dir->files().empty() ? nullptr : &dir->files().back();
    if (!version.empty()) file = find(*dir, std::string{version});
    if (file == nullptr)
        return failed<std::string>(
            failure{errc::invalid_argument, "there is no file of the version " + std::string{version}});
    auto f = for_both(*dir, file->name(), [](const fs::path& each) {
        std::error_code ec;
        fs::remove(each, ec);
        return ec ? failed_to("remove", each, ec) : failure{};
    });
    if (!f) f = write_sum_of(url);
    if (f) return failed<std::string>(std::move(f));
    return file->name();
}

result<std::vector<std::string>> rebase_files(std::string_view url, const std::vector<std::string>& files) {
    using names = std::vector<std::string>;
    const auto dir = open_unchanged(url);
    if (!dir) return failed<names>(dir.error());
    for (const auto& each : files)
        if (find(*dir, each) == nullptr)
            return failed<names>(failure{errc::invalid_argument, "there is no file " + each});
    // All versions are found before the first file is touched.
    names out;
    auto version = next_version(*dir);
    for (const auto& each : files) {
        if (!version) return failed<names>(version.error());
        out.push_back(file_name(*version, find(*dir, each)->description()));
        version = successor(*version);
    }
    for (std::size_t i = 0; i < files.size(); ++i) {
        const auto* file = find(*dir, files[i]);
        const auto& name = out[i];
        auto f = for_both(*dir, file->name(), [&](const fs::path& old) {
            std::error_code ec;
            fs::rename(old, old.parent_path() / name, ec);
            return ec ? failed_to("rename", old, ec) : failure{};
        });
        if (f) return failed<names>(std::move(f));
    }
    if (auto f = write_sum_of(url)) return failed<names>(std::move(f));
    return out;
}

} // namespace tusk::migrate
