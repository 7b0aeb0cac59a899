#include <tusk/embedded/detail/search.hpp>

#include <algorithm>
#include <charconv>

#include <unistd.h>

#include <tusk/embedded/detail/posix.hpp>
#include <tusk/embedded/detail/process.hpp>

namespace tusk::embedded::detail {

namespace fs = std::filesystem;

namespace {

constexpr int oldest_major = 11; // initdb --wal-segsize
constexpr int debian_major = 15; // what the remedy offers when no version is asked for
constexpr auto version_timeout = std::chrono::seconds{10};

std::optional<int> to_number(std::string_view text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::vector<fs::path> split_path(const std::optional<std::string>& list) {
    std::vector<fs::path> out;
    if (!list) return out;
    for (std::size_t at = 0; at <= list->size();) {
        const auto end = std::min(list->find(':', at), list->size());
        if (end > at) out.emplace_back(list->substr(at, end - at));
        at = end + 1;
    }
    return out;
}

/// `<root>/<major>/bin`, the highest major version first.
place versions_below(const fs::path& root) {
    place found{(root / "*/bin").string(), {}};
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator{root, ignored})
        if (const auto major = to_number(entry.path().filename().string()))
            found.candidates.push_back({entry.path() / "bin", *major, false});
    std::sort(found.candidates.begin(), found.candidates.end(),
              [](const candidate& a, const candidate& b) { return a.expected_major > b.expected_major; });
    return found;
}

/// `<root>/postgresql-<major>/native/bin`: packages of npm, as `scripts/setup --versions` unpacks them.
place packages_below(const fs::path& root) {
    constexpr std::string_view package = "postgresql-";
    place found{(root / "postgresql-*/native/bin").string(), {}};
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator{root, ignored}) {
        const auto name = entry.path().filename().string();
        if (!name.starts_with(package)) continue;
        if (const auto major = to_number(std::string_view{name}.substr(package.size())))
            found.candidates.push_back({entry.path() / "native/bin", *major, false});
    }
    std::sort(found.candidates.begin(), found.candidates.end(),
              [](const candidate& a, const candidate& b) { return a.expected_major > b.expected_major; });
    return found;
}

bool is_program(const fs::path& file) {
    std::error_code ignored;
    return fs::is_regular_file(file, ignored) && ::access(file.c_str(), X_OK) == 0;
}

place path_place(const std::optional<std::string>& path) {
    place found{"PATH", {}};
    for (const auto& dir : split_path(path))
        if (is_program(dir / "postgres")) found.candidates.push_back({dir, 0, false});
    return found;
}

place extra_place(const std::optional<std::string>& dirs) {
    place found{dirs ? "TUSK_PG_DIRS" : "TUSK_PG_DIRS (not set)", {}};
    for (const auto& dir : split_path(dirs)) {
        fs::path bin = dir;
        for (const auto& below : {dir / "bin", dir / "native/bin"})
            if (!is_program(bin / "postgres") && is_program(below / "postgres")) bin = below;
        found.candidates.push_back({bin, 0, false});
    }
    return found;
}

result<binaries> inspect(const fs::path& given) {
    std::error_code ignored;
    const auto dir = fs::absolute(given, ignored); // the server runs in another directory
    const binaries programs{dir, 0, {}};
    for (const auto& file : {programs.initdb(), programs.postgres()})
        if (!is_program(file))
            return failure{errc::environment,
                           "no executable " + file.filename().string() + " in " + dir.string()};
    const auto printed = run_command(exec_image{{programs.postgres().string(), "--version"}}, own_identity(),
                                     deadline::in(version_timeout));
    if (!printed) return printed.error();
    const auto version = parse_version(printed->text);
    if (!printed->succeeded() || !version)
        return failure{errc::environment,
                       programs.postgres().string() + " --version failed: " + printed->text};
    if (version->major < oldest_major)
        return failure{errc::environment, dir.string() + " has PostgreSQL " + version->text +
                                              ", older than " + std::to_string(oldest_major)};
    return binaries{dir, version->major, version->text};
}

std::string number_of(int major) { return std::to_string(major); }

failure nothing_found(const std::string& searched, int wanted) {
    const auto package = "postgresql-" + number_of(wanted == 0 ? debian_major : wanted);
    return failure{errc::environment, "no server programs (initdb, postgres) of PostgreSQL" +
                                          (wanted == 0 ? std::string{} : " " + number_of(wanted)) +
                                          " found; searched:" + searched + "\nremedy: `apt-get install " +
                                          package + "`, or set TUSK_PG_BIN to the directory that holds them"};
}

/// The search for one installation; keeps a note of every place for the error.
class search {
public:
    explicit search(int wanted) : wanted_{wanted} {}

    /// The first candidate that fits; a failure only when a demanded one is no server.
    result<std::optional<binaries>> look_at(const place& where) {
        notes_ += "\n  " + where.name + ":";
        if (where.candidates.empty()) notes_ += " nothing there";
        std::string_view separator = " ";
        for (const auto& next : where.candidates) {
            notes_ += separator;
            separator = "; ";
            if (wanted_ != 0 && next.expected_major != 0 && next.expected_major != wanted_) {
                notes_ += "version " + number_of(next.expected_major);
                continue;
            }
            auto found = inspect(next.dir);
            if (found && (wanted_ == 0 || found->major == wanted_)) return std::optional{*std::move(found)};
            if (!found && next.demanded) return failure{found.error()}.add_context(where.name);
            notes_ += found ? next.dir.string() + " has version " + found->version
                            : std::string{found.error().text()};
        }
        return std::optional<binaries>{};
    }

    const std::string& notes() const noexcept { return notes_; }

private:
    int wanted_;
    std::string notes_;
};

} // namespace

search_context search_context::from_environment() {
    search_context context;
    context.pg_bin = environment("TUSK_PG_BIN");
    context.path = environment("PATH");
    context.pg_dirs = environment("TUSK_PG_DIRS");
    std::error_code ignored;
    context.program_dir = fs::read_symlink("/proc/self/exe", ignored).parent_path();
    return context;
}

std::vector<place> places_of(const search_context& context) {
    std::vector<place> places;
    places.push_back({context.pg_bin ? "TUSK_PG_BIN" : "TUSK_PG_BIN (not set)", {}});
    if (context.pg_bin) places.back().candidates.push_back({*context.pg_bin, 0, true});
    places.push_back(versions_below(context.system_dir));
    places.push_back(path_place(context.path));
    if (!context.program_dir.empty())
        for (const char* below : {"../../deps/postgresql/usr/lib/postgresql", "../lib/tusk/postgresql"})
            places.push_back(versions_below((context.program_dir / below).lexically_normal()));
    if (!context.program_dir.empty())
        places.push_back(packages_below((context.program_dir / "../../deps").lexically_normal()));
    places.push_back(extra_place(context.pg_dirs));
    return places;
}

result<binaries> find_in(const search_context& context, const find_options& options) {
    search looking{options.version()};
    std::vector<place> places;
    if (options.bin_dir().empty())
        places = places_of(context);
    else
        places.push_back({"the given directory", {{options.bin_dir(), 0, true}}});
    for (const auto& where : places) {
        auto found = looking.look_at(where);
        if (!found) return found.error();
        if (*found) return **std::move(found);
    }
    return nothing_found(looking.notes(), options.version());
}

std::vector<binaries> list_in(const search_context& context) {
    std::vector<binaries> found;
    std::vector<fs::path> seen;
    for (const auto& where : places_of(context)) {
        for (const auto& next : where.candidates) {
            std::error_code ignored;
            const auto real = fs::weakly_canonical(next.dir / "postgres", ignored);
            if (std::find(seen.begin(), seen.end(), real) != seen.end()) continue;
            seen.push_back(real);
            if (auto programs = inspect(next.dir)) found.push_back(*std::move(programs));
        }
    }
    return found;
}

std::optional<server_version> parse_version(std::string_view printed) {
    constexpr std::string_view product = "(PostgreSQL) ";
    const auto at = printed.find(product);
    if (at == std::string_view::npos) return std::nullopt;
    printed.remove_prefix(at + product.size());
    const auto text = printed.substr(0, printed.find_first_of(" \t\r\n"));
    const auto major = to_number(text.substr(0, text.find_first_not_of("0123456789")));
    if (!major || *major == 0) return std::nullopt;
    return server_version{*major, std::string{text}};
}

} // namespace tusk::embedded::detail
