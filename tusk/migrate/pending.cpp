#include <tusk/migrate/pending.hpp>

#include <algorithm>

#include <tusk/migrate/detail/refusal.hpp>
#include <tusk/migrate/sum_builder.hpp>

namespace tusk::migrate {

namespace {

using files = std::vector<const migration_file*>;

const revision* find(const std::vector<revision>& in, const std::string& version) {
    const auto at = std::lower_bound(in.begin(), in.end(), version,
                                     [](const revision& r, const std::string& v) { return r.version < v; });
    return at == in.end() || at->version != version ? nullptr : &*at;
}

std::string names_of(const files& of) {
    std::string out;
    for (const auto* each : of) out += (out.empty() ? "" : ", ") + each->name();
    return out;
}

/// Everything from the last checkpoint, which stands for what is above it; not from one behind `target`.
files from_checkpoint(const directory& dir, const std::string& target) {
    const auto& all = dir.files();
    std::size_t begin = 0;
    for (std::size_t i = all.size(); i-- > 0 && begin == 0;)
        if (all[i].is_checkpoint() && (target.empty() || all[i].version() <= target)) begin = i;
    files out;
    for (std::size_t i = begin; i < all.size(); ++i)
        if (!all[i].is_checkpoint() || i == begin) out.push_back(&all[i]);
    return out;
}

files behind(const directory& dir, const std::string& version) {
    files out;
    for (const auto& each : dir.files())
        if (each.version() > version && !each.is_checkpoint()) out.push_back(&each);
    return out;
}

result<pending_set> first_run(const directory& dir, bool is_clean, const apply_options& o) {
    pending_set out;
    if (!o.baseline().empty()) {
        out.baseline = dir.find(o.baseline());
        if (out.baseline == nullptr)
            return failed<pending_set>(
                refused("no file has the version " + o.baseline() + " of the baseline"));
        out.files = behind(dir, o.baseline());
        return out;
    }
    if (!is_clean && !o.allow_dirty())
        return failed<pending_set>(refused(
            "the database is not empty, and no migration was applied to it\nremedy: --baseline VERSION "
            "when it has everything up to that version, --allow-dirty when the tables are somebody "
            "else's"));
    out.files = from_checkpoint(dir, o.to_version());
    return out;
}

/// Files between the first and the last revision that have none.
files added_below(const directory& dir, const std::vector<revision>& revisions) {
    files out;
    for (const auto& each : dir.files())
        if (each.version() > revisions.front().version && each.version() < revisions.back().version &&
            !each.is_checkpoint() && find(revisions, each.version()) == nullptr)
            out.push_back(&each);
    return out;
}

result<pending_set> later_run(const directory& dir, const std::vector<revision>& revisions,
                              const apply_options& o) {
    pending_set out;
    for (const auto& each : revisions) {
        if (!each.is_partial()) continue;
        const auto* file = dir.find(each.version);
        if (file == nullptr)
            return failed<pending_set>(
                refused("version " + each.version +
                        " is partly applied, and its file is gone\nremedy: bring the file "
                        "back, or `tusk migrate set` what the database has"));
        out.files.push_back(file);
    }
    out.out_of_order = added_below(dir, revisions);
    if (!out.out_of_order.empty() && o.order() == exec_order::linear)
        return failed<pending_set>(
            refused("files were added below the last one applied: " + names_of(out.out_of_order) +
                    "\nremedy: `tusk migrate rebase` puts them on top; --exec-order non-linear applies them "
                    "as they are, linear-skip leaves them out"));
    if (o.order() == exec_order::non_linear)
        out.files.insert(out.files.end(), out.out_of_order.begin(), out.out_of_order.end());
    const auto more = behind(dir, revisions.back().version);
    out.files.insert(out.files.end(), more.begin(), more.end());
    return out;
}

failure cut(pending_set& set, const directory& dir, const apply_options& o) {
    if (!o.to_version().empty()) {
        if (dir.find(o.to_version()) == nullptr) return refused("no file has the version " + o.to_version());
        std::erase_if(set.files, [&](const auto* f) { return f->version() > o.to_version(); });
    }
    if (o.amount() != 0 && set.files.size() > o.amount()) set.files.resize(o.amount());
    return {};
}

/// The sum of those files alone that `keep` takes.
template <class F>
sum_file sum_of(const directory& dir, F keep) {
    sum_file::builder out;
    for (const auto& each : dir.files())
        if (keep(each)) out.add(each.name(), each.content());
    return std::move(out).finish();
}

} // namespace

result<pending_set> compute_pending(const directory& dir, const std::vector<revision>& revisions,
                                    bool is_clean, const apply_options& o) {
    auto out = revisions.empty() ? first_run(dir, is_clean, o) : later_run(dir, revisions, o);
    if (!out) return out;
    if (auto f = cut(*out, dir, o)) return failed<pending_set>(std::move(f));
    return out;
}

std::vector<const migration_file*> edited_files(const directory& dir,
                                                const std::vector<revision>& revisions) {
    std::vector<const migration_file*> out;
    for (const auto& each : revisions) {
        const auto* file = dir.find(each.version);
        const auto now = file == nullptr ? std::string{} : dir.sum().hash_of(file->name());
        if (now.empty() || each.hash.empty() || each.is_partial() || now == each.hash) continue;
        // A file that came later changed the hashes of all behind it.
        const auto then = sum_of(dir, [&](const migration_file& f) {
            const auto* other = find(revisions, f.version());
            return other != nullptr && other->executed_at <= each.executed_at;
        });
        if (then.hash_of(file->name()) == each.hash) continue;
        out.push_back(file);
        break; // what comes behind it has another hash for its sake
    }
    return out;
}

std::size_t first_changed_statement(const revision& partial, const std::vector<std::string>& hashes) {
    const auto applied = static_cast<std::size_t>(std::max<std::int64_t>(partial.applied, 0));
    const auto stored = partial_hashes_of(partial);
    for (std::size_t i = 0; i < applied; ++i)
        if (i >= hashes.size() || i >= stored.size() || hashes[i] != stored[i]) return i;
    return applied;
}

} // namespace tusk::migrate
