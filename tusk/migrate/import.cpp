#include <tusk/migrate/import.hpp>

#include <algorithm>
#include <functional>
#include <optional>

#include <tusk/migrate/detail/refusal.hpp>
#include <tusk/migrate/directory.hpp>
#include <tusk/migrate/splitter.hpp>

namespace tusk::migrate {

namespace fs = std::filesystem;

namespace {

/// A migration of another tool.
struct foreign {
    std::string version;
    std::string name;
    std::string up;
    std::string down;     ///< Empty: none.
    bool outside = false; ///< No transaction.
    char kind = 'V';      ///< Of Flyway: V, B, U or R.
};

using migrations = std::vector<foreign>;

struct source_file {
    std::string name;
    std::string content;
};

result<std::vector<source_file>> read_all(const fs::path& folder, bool below) {
    using files = std::vector<source_file>;
    std::vector<fs::path> paths;
    std::error_code ec;
    for (fs::recursive_directory_iterator it{folder, ec}, end; !ec && it != end; it.increment(ec)) {
        if (it->is_directory(ec) && !below) it.disable_recursion_pending();
        if (it->path().extension() == ".sql" && it->is_regular_file(ec)) paths.push_back(it->path());
    }
    if (ec)
        return failed<files>(
            failure{errc::environment, "cannot read " + folder.string() + ": " + ec.message()});
    std::sort(paths.begin(), paths.end());
    files out;
    for (const auto& each : paths) {
        auto content = read_whole(each);
        if (!content) return failed<files>(content.error());
        out.push_back({each.filename().string(), std::move(*content)});
    }
    return out;
}

std::string without_suffix(std::string name, std::string_view suffix) {
    if (name.ends_with(suffix)) name.resize(name.size() - suffix.size());
    return name;
}

/// "12_add_users" → version and name.
foreign named(const std::string& stem, std::string_view border = "_") {
    const auto at = stem.find(border);
    foreign out;
    out.version = stem.substr(0, at);
    if (at != std::string::npos) out.name = stem.substr(at + border.size());
    return out;
}

/// Lines, and what the markers among them switch.
class sections {
public:
    /// `switch_to` answers the section that a line begins (0 for none of interest), or nothing.
    sections(const std::string& content,
             const std::function<std::optional<int>(std::string_view)>& switch_to) {
        int now = 0;
        std::string_view rest = content;
        while (!rest.empty()) {
            const auto end = rest.find('\n');
            const auto line = rest.substr(0, end == std::string_view::npos ? rest.size() : end + 1);
            rest.remove_prefix(line.size());
            if (const auto next = switch_to(trimmed(line)))
                now = *next;
            else
                text_[static_cast<std::size_t>(now)] += line;
        }
    }
    const std::string& up() const { return text_[1]; }
    const std::string& down() const { return text_[2]; }

private:
    std::string text_[3];
};

result<migrations> from_golang_migrate(const std::vector<source_file>& files) {
    migrations out;
    for (const auto& f : files) {
        if (f.name.ends_with(".down.sql")) continue;
        auto one = named(without_suffix(f.name, ".up.sql"));
        one.up = f.content;
        const auto down = without_suffix(f.name, ".up.sql") + ".down.sql";
        for (const auto& other : files)
            if (other.name == down) one.down = other.content;
        out.push_back(std::move(one));
    }
    return out;
}

result<migrations> from_goose(const std::vector<source_file>& files) {
    migrations out;
    for (const auto& f : files) {
        auto one = named(without_suffix(f.name, ".sql"));
        const sections parts{f.content, [&](std::string_view line) -> std::optional<int> {
                                 constexpr std::string_view mark = "-- +goose ";
                                 if (!line.starts_with(mark)) return std::nullopt;
                                 const auto word = lower(trimmed(line.substr(mark.size())));
                                 if (word == "no transaction") one.outside = true;
                                 if (word == "up") return 1;
                                 if (word == "down") return 2;
                                 // Our splitter needs no help with bodies of functions.
                                 return std::nullopt;
                             }};
        one.up = parts.up();
        one.down = parts.down();
        out.push_back(std::move(one));
    }
    return out;
}

result<migrations> from_dbmate(const std::vector<source_file>& files) {
    migrations out;
    for (const auto& f : files) {
        auto one = named(without_suffix(f.name, ".sql"));
        const sections parts{f.content, [&](std::string_view line) -> std::optional<int> {
                                 if (line.find("transaction:false") != std::string_view::npos &&
                                     line.starts_with("-- migrate:up"))
                                     one.outside = true;
                                 if (line.starts_with("-- migrate:up")) return 1;
                                 if (line.starts_with("-- migrate:down")) return 2;
                                 return std::nullopt;
                             }};
        one.up = parts.up();
        one.down = parts.down();
        out.push_back(std::move(one));
    }
    return out;
}

std::vector<std::string> parts_of(const std::string& version) {
    std::vector<std::string> out(1);
    for (const char c : version)
        if (c == '-')
            out.emplace_back();
        else
            out.back() += c;
    return out;
}

std::size_t digits_of(const std::string& part) {
    return std::min(part.find_first_not_of("0123456789"), part.size());
}

/// As many parts everywhere, and numbers of the same length, so that the texts sort as the numbers do.
void pad(migrations& all) {
    std::vector<std::size_t> widths;
    for (const auto& each : all) {
        const auto parts = parts_of(each.version);
        widths.resize(std::max(widths.size(), parts.size()), 1);
        for (std::size_t i = 0; i < parts.size(); ++i) widths[i] = std::max(widths[i], digits_of(parts[i]));
    }
    for (auto& each : all) {
        auto parts = parts_of(each.version);
        parts.resize(widths.size(), "0");
        each.version.clear();
        for (std::size_t i = 0; i < parts.size(); ++i)
            each.version += (i > 0 ? "-" : "") + std::string(widths[i] - digits_of(parts[i]), '0') + parts[i];
    }
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.version < b.version; });
}

/// "V1.2__name.sql": what it is, and the migration; "1.2" and "1_2" are the same version.
foreign flyway_file(const source_file& f) {
    auto out = named(without_suffix(f.name, ".sql").substr(1), "__");
    for (char& c : out.version)
        if (c == '.' || c == '_') c = '-';
    out.up = f.content;
    out.kind = f.name[0];
    return out;
}

/// Ways back go to what they undo; only the latest baseline counts, and what it stands for goes.
migrations flyway_versions(migrations all) {
    migrations out;
    const foreign* baseline = nullptr;
    for (const auto& each : all)
        if (each.kind == 'B') baseline = &each;
    for (const auto& each : all)
        if (&each == baseline ||
            (each.kind == 'V' && (baseline == nullptr || each.version > baseline->version)))
            out.push_back(each);
    for (const auto& undo : all)
        for (auto& each : out)
            if (undo.kind == 'U' && each.version == undo.version) each.down = undo.up;
    return out;
}

result<migrations> from_flyway(const std::vector<source_file>& files) {
    migrations versioned;
    migrations repeatable;
    for (const auto& f : files) {
        if (f.name.size() < 2) continue;
        auto one = flyway_file(f);
        if (one.kind == 'R')
            repeatable.push_back(std::move(one));
        else if (one.kind == 'V' || one.kind == 'B' || one.kind == 'U')
            versioned.push_back(std::move(one));
    }
    pad(versioned);
    auto out = flyway_versions(std::move(versioned));
    const auto last = out.empty() ? std::string{"0"} : out.back().version;
    // A small letter sorts behind the underscore that ends the version before it.
    for (std::size_t i = 0; i < repeatable.size(); ++i) {
        repeatable[i].version = last + "r" + std::to_string(i);
        out.push_back(repeatable[i]);
    }
    return out;
}

result<migrations> from_liquibase(const std::vector<source_file>& files) {
    migrations out;
    for (const auto& f : files) {
        if (!trimmed(f.content).starts_with("--liquibase formatted sql") &&
            !trimmed(f.content).starts_with("-- liquibase formatted sql"))
            return failed<migrations>(refused(f.name + ":1:1: not `--liquibase formatted sql`"));
        const sections parts{f.content, [&](std::string_view line) -> std::optional<int> {
                                 if (!line.starts_with("--")) {
                                     if (!out.empty()) out.back().up += std::string{line} + "\n";
                                     return std::nullopt;
                                 }
                                 const auto rest = trimmed(line.substr(2));
                                 if (rest.starts_with("changeset ")) {
                                     foreign one;
                                     one.version = std::to_string(out.size() + 1);
                                     one.name = rest.substr(10, rest.find_first_of(" \t", 10) - 10);
                                     std::replace_if(
                                         one.name.begin(), one.name.end(),
                                         [](char c) { return c == ':' || c == '/' || c == '.'; }, '_');
                                     one.outside =
                                         rest.find("runInTransaction:false") != std::string_view::npos;
                                     out.push_back(std::move(one));
                                 }
                                 if (rest.starts_with("rollback ") && !out.empty())
                                     out.back().down += std::string{rest.substr(9)} + "\n";
                                 return std::nullopt;
                             }};
    }
    return out;
}

result<migrations> from_atlas(const std::vector<source_file>& files) {
    migrations out;
    for (const auto& f : files) {
        auto one = named(without_suffix(f.name, ".sql"));
        one.up = f.content;
        out.push_back(std::move(one));
    }
    return out;
}

/// Without BEGIN at its beginning and COMMIT at its end.
std::string without_transaction(std::string sql) {
    const auto all = split_statements(sql);
    if (!all || all->size() < 2) return sql;
    const auto& first = all->front();
    const auto& last = all->back();
    if (first.kind != statement_kind::transaction_control || last.kind != statement_kind::transaction_control)
        return sql;
    sql.erase(last.offset, last.text.size());
    sql.erase(first.offset, first.text.size());
    return sql;
}

bool has_outside(const std::string& sql) {
    const auto all = split_statements(sql);
    return all && std::any_of(all->begin(), all->end(), [](const statement& s) { return s.runs_outside(); });
}

failure write(const fs::path& folder, foreign& one, bool as_it_is, imported& done) {
    auto name = one.version + (one.name.empty() ? "" : "_" + one.name) + ".sql";
    std::replace(name.begin(), name.end(), ' ', '_');
    auto up = as_it_is ? one.up : without_transaction(one.up);
    if (!as_it_is && (one.outside || has_outside(up))) {
        up.insert(0, "-- atlas:txmode none\n\n");
        if (!one.outside)
            done.notes.push_back(name + " has statements that cannot run in a transaction: txmode none");
    }
    if (auto f = write_whole(folder / name, up)) return f;
    done.files.push_back(name);
    if (trimmed(one.down).empty()) return {};
    std::error_code ec;
    fs::create_directories(folder / "down", ec);
    return write_whole(folder / "down" / name, without_transaction(one.down));
}

using reader = result<migrations> (*)(const std::vector<source_file>&);

reader reader_of(std::string_view format) {
    if (format == "atlas") return from_atlas;
    if (format == "golang-migrate") return from_golang_migrate;
    if (format == "goose") return from_goose;
    if (format == "flyway") return from_flyway;
    if (format == "dbmate") return from_dbmate;
    return format == "liquibase" ? from_liquibase : nullptr;
}

} // namespace

result<imported> import_directory(std::string_view from, std::string_view to) {
    constexpr std::string_view mark = "?format=";
    const auto at = from.find(mark);
    const auto format = at == std::string_view::npos ? std::string_view{} : from.substr(at + mark.size());
    const auto read = reader_of(format);
    if (read == nullptr)
        return failed<imported>(
            refused("the format \"" + std::string{format} +
                    "\" is not known\nremedy: file://DIR?format=atlas, golang-migrate, goose, "
                    "flyway, dbmate or liquibase"));
    const auto source = directory_path(from.substr(0, at));
    const auto target = directory_path(to);
    if (!source) return failed<imported>(source.error());
    if (!target) return failed<imported>(target.error());
    std::error_code ec;
    fs::create_directories(*target, ec);
    if (ec || !fs::is_empty(*target, ec))
        return failed<imported>(refused(target->string() + " is not an empty directory"));
    const auto files = read_all(*source, format == "flyway");
    if (!files) return failed<imported>(files.error());
    auto all = read(*files);
    if (!all) return failed<imported>(all.error());
    if (format != "atlas" && format != "flyway") pad(*all);
    imported done;
    for (auto& each : *all)
        if (auto f = write(*target, each, format == "atlas", done)) return failed<imported>(std::move(f));
    const auto made = directory::open(target->string());
    if (!made) return failed<imported>(made.error());
    if (auto f = made->write_sum()) return failed<imported>(std::move(f));
    return done;
}

} // namespace tusk::migrate
