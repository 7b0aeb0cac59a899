#include <tusk/migrate/sum.hpp>

#include <algorithm>

#include <tusk/migrate/directive.hpp>
#include <tusk/migrate/sum_builder.hpp>
#include <tusk/migrate/text.hpp>

namespace tusk::migrate {

namespace {

constexpr std::string_view mark = "h1:";

failure malformed(std::size_t line, const char* what) {
    return failure{errc::invalid_argument,
                   std::string{sum_file::file_name} + ":" + std::to_string(line) + ": " + what};
}

bool has(const sum_file& in, const std::string& name) {
    return std::any_of(in.entries().begin(), in.entries().end(),
                       [&](const auto& each) { return each.name == name; });
}

failure differs(std::size_t index, const std::string& name, const char* how) {
    return failure{errc::invalid_argument,
                   std::string{sum_file::file_name} + ":" + std::to_string(index + 2) + ": " + name +
                       " was " + how +
                       " since the sum file was written\nremedy: see what happened to "
                       "it; when it was meant, `tusk migrate hash` writes the sum anew"};
}

} // namespace

sum_file::builder& sum_file::builder::add(std::string_view name, std::string_view content) {
    running_.add(name);
    bool ignored = false;
    if (first_line_directive(content, "sum", ignored) == "ignore" && ignored) return *this;
    running_.add(content);
    sum_.entries_.push_back({std::string{name}, running_.base64()});
    return *this;
}

result<sum_file> sum_file::parse(std::string_view text) {
    sum_file out;
    std::string total;
    for (std::size_t line = 1; !text.empty(); ++line) {
        const auto end = text.find('\n');
        const auto now = trimmed(text.substr(0, end));
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
        const auto at = now.find(mark);
        if (at == std::string_view::npos && now.empty() && line > 1) continue;
        if (at == std::string_view::npos) return failed<sum_file>(malformed(line, "no hash (h1:…)"));
        if (line == 1)
            total = now.substr(at + mark.size());
        else
            out.entries_.push_back(
                {std::string{trimmed(now.substr(0, at))}, std::string{now.substr(at + mark.size())}});
    }
    if (total != out.total())
        return failed<sum_file>(malformed(
            1,
            "the first line does not belong to the others\nremedy: after a merge, `tusk migrate hash` writes "
            "it anew"));
    return out;
}

std::string sum_file::total() const {
    digest all;
    for (const auto& each : entries_) all.add(each.name).add(each.hash);
    return all.base64();
}

std::string sum_file::text() const {
    std::string out{mark};
    out += total() + '\n';
    for (const auto& each : entries_) out += each.name + ' ' + std::string{mark} + each.hash + '\n';
    return out;
}

std::string sum_file::hash_of(std::string_view name) const {
    const auto at = std::lower_bound(entries_.begin(), entries_.end(), name,
                                     [](const entry& e, std::string_view n) { return e.name < n; });
    return at == entries_.end() || at->name != name ? std::string{} : std::string{mark} + at->hash;
}

failure compare_sums(const sum_file& stored, const sum_file& computed) {
    const auto& old = stored.entries();
    const auto& now = computed.entries();
    for (std::size_t i = 0; i < old.size(); ++i) {
        if (i < now.size() && old[i] == now[i]) continue;
        if (!has(computed, old[i].name)) return differs(i, old[i].name, "removed");
        if (i < now.size() && now[i].name == old[i].name) return differs(i, old[i].name, "edited");
        if (i < now.size() && !has(stored, now[i].name)) return differs(i, now[i].name, "added");
        return differs(i, old[i].name, "moved");
    }
    if (now.size() > old.size()) return differs(old.size(), now[old.size()].name, "added");
    return {};
}

} // namespace tusk::migrate
