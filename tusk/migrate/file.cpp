#include <tusk/migrate/file.hpp>

#include <tusk/migrate/splitter.hpp>
#include <tusk/migrate/txtar.hpp>

namespace tusk::migrate {

namespace {

constexpr std::string_view sql_suffix = ".sql";
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

failure wrong(const std::string& where, const std::string& what) {
    return failure{errc::invalid_argument, where + ": " + what};
}

/// `\n`, `\r` and `\t` of a delimiter.
std::string unescaped(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char next = text[i] == '\\' && i + 1 < text.size() ? text[i + 1] : '\0';
        const char meant = next == 'n' ? '\n' : next == 'r' ? '\r' : next == 't' ? '\t' : '\0';
        if (meant != '\0') ++i;
        out += meant != '\0' ? meant : text[i];
    }
    return out;
}

failure check_text(const std::string& name, const std::string& content) {
    if (content.starts_with(byte_order_mark))
        return wrong(name + ":1:1", "a byte order mark: save the file as UTF-8 without one");
    auto at = find_invalid_utf8(content);
    const char* what = "not UTF-8";
    if (const auto nul = content.find('\0'); nul < at) {
        at = nul;
        what = "a NUL byte";
    }
    if (at == std::string::npos) return {};
    return wrong(place(name, position_of(content, at)), what);
}

bool has_one_of(const std::vector<directive>& of) {
    for (const auto& d : of)
        if (d.name == "assert" && d.arguments == "oneof") return true;
    return false;
}

} // namespace

std::string_view to_string(tx_mode mode) noexcept {
    return mode == tx_mode::file ? "file" : mode == tx_mode::all ? "all" : "none";
}

std::optional<tx_mode> parse_tx_mode(std::string_view word) noexcept {
    for (const auto each : {tx_mode::file, tx_mode::all, tx_mode::none})
        if (word == to_string(each)) return each;
    return std::nullopt;
}

result<migration_file> migration_file::parse(std::string name, std::string content) {
    if (auto f = check_text(name, content)) return failed<migration_file>(std::move(f));
    migration_file out;
    out.name_ = std::move(name);
    out.content_ = std::move(content);
    std::string_view stem = out.name_;
    if (stem.ends_with(sql_suffix)) stem.remove_suffix(sql_suffix.size());
    const auto border = stem.find('_');
    out.version_ = stem.substr(0, border);
    if (border != std::string_view::npos) out.description_ = stem.substr(border + 1);
    if (out.version_.empty())
        return failed<migration_file>(wrong(
            out.name_, "no version: a name is VERSION_description.sql, as `tusk migrate new` makes it"));
    if (auto f = out.read_directives()) return failed<migration_file>(std::move(f));
    return out;
}

failure migration_file::read_directives() {
    directives_ = file_directives(content_);
    for (const auto& d : directives_) {
        if (d.name == "txmode") {
            if (auto f = read_mode(d)) return f;
        } else if (d.name == "checkpoint") {
            is_checkpoint_ = true;
            tag_ = d.arguments;
        } else if (d.name == "delimiter") {
            delimiter_ = unescaped(d.arguments);
        } else if (d.name == "txtar") {
            is_archive_ = true;
        }
    }
    if (delimiter_.empty()) return wrong(place_of(0), "the directive `delimiter` needs a delimiter");
    return {};
}

failure migration_file::read_mode(const directive& d) {
    if (mode_) return wrong(place_of(0), "more than one directive `txmode`");
    mode_ = parse_tx_mode(d.arguments);
    if (mode_ == tx_mode::all)
        return wrong(place_of(0), "the directive `txmode all` is for a whole run, not for one of its files");
    if (!mode_)
        return wrong(place_of(0), "the directive `txmode` takes none or file, not \"" + d.arguments + "\"");
    return {};
}

result<std::vector<statement>> migration_file::split(std::string_view text, std::size_t offset) const {
    auto out = split_statements(text, delimiter_, offset);
    if (out) return out;
    // The place is that of the text, which in an archive is another one than the file's.
    auto message = std::string{out.error().text()};
    const auto end = message.find(": ");
    const auto colon = message.find(':');
    auto line = std::stoul(message.substr(0, colon));
    line += position_of(content_, offset).line - 1;
    return failed<std::vector<statement>>(
        failure{errc::invalid_argument, name_ + ":" + std::to_string(line) +
                                            message.substr(colon, end - colon) + message.substr(end)});
}

result<std::vector<statement>> migration_file::statements() const {
    if (!is_archive_) return split(content_, 0);
    for (const auto& each : archived_files(content_))
        if (each.name == "migration.sql") return split(each.content, each.offset);
    return failed<std::vector<statement>>(wrong(place_of(0), "an archive (txtar) without a migration.sql"));
}

result<std::vector<pre_check>> migration_file::checks() const {
    std::vector<pre_check> out;
    if (!is_archive_) return out;
    for (const auto& each : archived_files(content_)) {
        if (each.name != "checks.sql" &&
            !(each.name.starts_with("checks/") && each.name.ends_with(sql_suffix)))
            continue;
        auto statements = split(each.content, each.offset);
        if (!statements) return failed<std::vector<pre_check>>(statements.error());
        pre_check one;
        one.name = each.name;
        one.one_of = has_one_of(file_directives(each.content));
        one.statements = std::move(*statements);
        out.push_back(std::move(one));
    }
    return out;
}

std::optional<result<std::vector<statement>>> migration_file::down() const {
    if (!is_archive_) return std::nullopt;
    for (const auto& each : archived_files(content_))
        if (each.name == "down.sql") return split(each.content, each.offset);
    return std::nullopt;
}

} // namespace tusk::migrate
