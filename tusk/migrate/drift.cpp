#include <tusk/migrate/drift.hpp>

#include <algorithm>

#include <tusk/migrate/detail/caught.hpp>
#include <tusk/migrate/detail/session.hpp>
#include <tusk/schema/difference.hpp>

namespace tusk::migrate {

namespace {

/// "column public.users.note is gone"; the change leads from what should be to what is.
std::string told(const schema::change& c) {
    const auto& id = c.either().id();
    const auto border = id.find(':');
    auto out = id.substr(0, border);
    std::replace(out.begin(), out.end(), '_', ' ');
    out += " " + id.substr(border + 1);
    if (c.kind == schema::change_kind::create) return out + " was added";
    if (c.kind == schema::change_kind::drop) return out + " is gone";
    out += " was changed";
    std::string fields;
    for (const auto& each : c.fields) fields += (fields.empty() ? "" : ", ") + each;
    return fields.empty() ? out : out + " (" + fields + ")";
}

/// Not what only stands in the way of a change.
bool is_a_difference(const schema::change& c) {
    return !c.fields.empty() || c.kind == schema::change_kind::create || c.kind == schema::change_kind::drop;
}

void compare(drift_report& out, const schema::model& should, const schema::model& is) {
    const schema::difference all{should, is};
    for (const auto& c : all.changes())
        if (is_a_difference(c)) out.differences.push_back(told(c));
    std::sort(out.differences.begin(), out.differences.end());
    if (!out.differences.empty())
        out.sql = schema::make_plan(is, should, schema::plan_options{}.online(false)).sql(false);
}

} // namespace

directory applied_part(const directory& dir, const std::vector<revision>& rows, const std::string& up_to) {
    return dir.only([&](const migration_file& f) {
        if (rows.empty() || f.version() > up_to) return false;
        if (f.version() < rows.front().version) return true;
        return std::any_of(rows.begin(), rows.end(),
                           [&](const revision& r) { return r.version == f.version(); });
    });
}

result<drift_report> drift(const directory& dir, const connect_config& target, const dev_options& dev,
                           const apply_options& o) {
    if (auto f = dir.validate()) return failed<drift_report>(std::move(f));
    const auto session = detail::session::open(target, o, true);
    if (!session) return failed<drift_report>(session.error());
    const auto rows = (*session)->journal().read();
    if (!rows) return failed<drift_report>(rows.error());
    return detail::caught([&]() -> result<drift_report> {
        drift_report out;
        for (const auto& each : *rows)
            if (each.is_partial())
                out.partial = true;
            else
                out.version = each.version;
        schema::state_reader reader{dev.dev_url()};
        const auto scope = without_revisions(dev.counts(), (*session)->journal().schema());
        const auto is = reader.read((*session)->db(), scope);
        const auto should = replay(applied_part(dir, *rows, out.version), reader, scope);
        if (!should) return failed<drift_report>(should.error());
        compare(out, should->objects, is.objects);
        return out;
    });
}

} // namespace tusk::migrate
