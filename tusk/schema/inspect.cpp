#include <tusk/schema/inspect.hpp>

#include <algorithm>
#include <unordered_map>

#include <tusk/schema/catalog_queries.hpp>
#include <tusk/schema/identifier.hpp>
#include <tusk/schema/mentions.hpp>

namespace tusk::schema {

namespace {

/// A place in pg_depend.
struct place {
    std::uint32_t class_oid = 0;
    std::uint32_t oid = 0;
    std::int32_t sub = 0;
    friend bool operator==(const place&, const place&) = default;
};
struct place_hash {
    std::size_t operator()(const place& p) const noexcept {
        const auto whole = (static_cast<std::uint64_t>(p.class_oid) << 48) ^
                           (static_cast<std::uint64_t>(p.oid) << 12) ^ static_cast<std::uint64_t>(p.sub);
        return std::hash<std::uint64_t>{}(whole);
    }
};

template <class T>
T number(std::string_view text) {
    std::int64_t out = 0;
    const bool negative = !text.empty() && text[0] == '-';
    for (const char c : text.substr(negative ? 1 : 0)) out = out * 10 + (c - '0');
    return static_cast<T>(negative ? -out : out);
}

class reader {
public:
    explicit reader(blocking::transaction& tx) : tx_{tx} {}

    model read() {
        tx_.query("select set_config('search_path', '', true), set_config('datestyle', 'ISO, MDY', true), "
                  "set_config('intervalstyle', 'postgres', true), set_config('timezone', 'UTC', true), "
                  "set_config('extra_float_digits', '1', true), set_config('quote_all_identifiers', 'off', "
                  "true), set_config('jit', 'off', true)");
        const auto version =
            number<int>(tx_.query("select current_setting('server_version_num')")[0][0].text());
        for (const auto& each : detail::catalog_queries(version)) read_objects(each);
        read_aliases();
        read_dependencies();
        detail::find_mentions(objects_);
        return {std::move(objects_), version};
    }

private:
    void read_objects(const detail::catalog_query& from) {
        const auto rows = tx_.query(from.sql);
        for (const auto row : rows) {
            object o;
            place at;
            o.kind = from.kind;
            for (const auto& field : row) {
                const auto& name = field.name();
                const auto text = field.text();
                if (name == "schema")
                    o.schema = text;
                else if (name == "table")
                    o.table = text;
                else if (name == "name")
                    o.name = text;
                else if (name == "classid")
                    at.class_oid = number<std::uint32_t>(text);
                else if (name == "objid")
                    at.oid = number<std::uint32_t>(text);
                else if (name == "objsubid")
                    at.sub = number<std::int32_t>(text);
                else if (!text.empty())
                    o.fields.emplace(name, text);
            }
            places_.emplace(at, objects_.size());
            objects_.push_back(std::move(o));
        }
    }

    void read_aliases() {
        const auto rows = tx_.query(detail::alias_query());
        for (const auto row : rows) aliases_.emplace(place_in(row, 0), place_in(row, 3));
    }

    void read_dependencies() {
        const auto rows = tx_.query(detail::dependency_query());
        for (const auto row : rows) {
            const auto from = find(place_in(row, 0));
            const auto to = find(place_in(row, 3));
            if (from == npos || to == npos || from == to) continue;
            objects_[from].depends.push_back(objects_[to].id());
        }
        for (auto& o : objects_) {
            add_container(o);
            std::sort(o.depends.begin(), o.depends.end());
            o.depends.erase(std::unique(o.depends.begin(), o.depends.end()), o.depends.end());
        }
    }

    /// What pg_depend does not say: a column needs its table, a default its column.
    static void add_container(object& o) {
        if (o.kind == object_kind::column)
            o.depends.push_back(make_id(object_kind::table, o.schema, "", o.table));
        if (o.kind == object_kind::column_default)
            o.depends.push_back(make_id(object_kind::column, o.schema, o.table, o.name));
    }

    static place place_in(const row_view& row, std::size_t from) {
        return {number<std::uint32_t>(row[from].text()), number<std::uint32_t>(row[from + 1].text()),
                number<std::int32_t>(row[from + 2].text())};
    }

    static constexpr std::size_t npos = static_cast<std::size_t>(-1);
    std::size_t find(place at) const {
        for (int hops = 0; hops < 4; ++hops) {
            if (const auto found = places_.find(at); found != places_.end()) return found->second;
            if (const auto alias = aliases_.find(at); alias != aliases_.end())
                at = alias->second;
            else if (at.sub != 0)
                at.sub = 0;
            else
                return npos;
        }
        return npos;
    }

    blocking::transaction& tx_;
    std::vector<object> objects_;
    std::unordered_map<place, std::size_t, place_hash> places_;
    std::unordered_map<place, place, place_hash> aliases_;
};

bool fits(std::string_view pattern, std::string_view text) {
    std::size_t p = 0;
    std::size_t t = 0;
    std::size_t star = std::string_view::npos;
    std::size_t mark = 0;
    while (t < text.size()) {
        if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
            ++p;
            ++t;
        } else if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            mark = t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

bool fits_object(std::string_view pattern, const object& what) {
    if (const auto colon = pattern.find(':'); colon != std::string_view::npos) {
        if (pattern.substr(0, colon) != name_of(what.kind)) return false;
        pattern.remove_prefix(colon + 1);
    }
    const auto whole = what.schema + (what.schema.empty() ? "" : ".") + what.table +
                       (what.table.empty() ? "" : ".") + what.name;
    if (fits(pattern, whole)) return true;
    if (what.kind == object_kind::index && fits(pattern, what.schema + "." + what.name)) return true;
    return !what.table.empty() && fits(pattern, what.schema + "." + what.table);
}

} // namespace

bool scope::holds(const object& what) const {
    if (!schemas_.empty()) {
        const auto& schema = what.kind == object_kind::schema ? what.name
                             : what.schema.empty()            ? what.get("in_schema")
                                                              : what.schema;
        if (std::find(schemas_.begin(), schemas_.end(), schema) == schemas_.end()) return false;
    }
    const auto any = [&](const std::vector<std::string>& patterns) {
        return std::any_of(patterns.begin(), patterns.end(),
                           [&](const std::string& pattern) { return fits_object(pattern, what); });
    };
    return !any(excluded_) && (included_.empty() || what.kind == object_kind::schema || any(included_));
}

model restricted(const model& whole, const scope& to) {
    if (to.is_everything()) return whole;
    std::vector<object> kept;
    for (const auto& o : whole.objects())
        if (to.holds(o)) kept.push_back(o);
    const model found{std::move(kept), whole.server_version()};
    auto objects = found.objects();
    for (auto& o : objects) {
        const auto gone = [&](const std::string& id) { return found.find(id) == nullptr; };
        o.depends.erase(std::remove_if(o.depends.begin(), o.depends.end(), gone), o.depends.end());
        o.mentions.erase(std::remove_if(o.mentions.begin(), o.mentions.end(), gone), o.mentions.end());
    }
    return {std::move(objects), whole.server_version()};
}

model inspect(blocking::connection& on, const scope& of) {
    auto tx = on.begin(tx_options{}.repeatable_read().read_only());
    auto out = reader{tx}.read();
    tx.commit();
    return restricted(out, of);
}

std::vector<std::string> unmanaged(blocking::connection& on) {
    std::vector<std::string> out;
    for (const auto row : on.query("select w.n || ' ' || w.what from (" + detail::unmanaged_query() +
                                   ") w(what, n) where w.n > 0 order by 1"))
        out.emplace_back(row[0].text());
    return out;
}

} // namespace tusk::schema
