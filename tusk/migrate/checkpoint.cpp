#include <tusk/migrate/checkpoint.hpp>

#include <algorithm>

#include <tusk/migrate/detail/caught.hpp>
#include <tusk/migrate/detail/refusal.hpp>
#include <tusk/migrate/diff.hpp>
#include <tusk/schema/difference.hpp>
#include <tusk/schema/transition.hpp>

namespace tusk::migrate {

namespace {

std::vector<std::string> tables_with_rows(const schema::state& of) {
    std::vector<std::string> out;
    auto db = of.loaded_in->connect();
    for (const auto& o : of.objects.objects()) {
        if (o.kind != schema::object_kind::table || o.has("partitioned")) continue;
        if (db.one<bool>("select exists (select from " + o.sql_name() + ")")) out.push_back(o.sql_name());
    }
    return out;
}

failure check_tag(const std::string& tag) {
    const bool plain = std::all_of(tag.begin(), tag.end(), [](char c) { return c > ' ' && c != 127; });
    return plain ? failure{} : refused("a tag is one word, not `" + tag + "`");
}

} // namespace

result<checkpoint_file> checkpoint(const directory& dir, const std::string& tag, const dev_options& dev) {
    if (auto f = check_tag(tag)) return failed<checkpoint_file>(std::move(f));
    if (auto f = dir.validate()) return failed<checkpoint_file>(std::move(f));
    if (dir.files().empty())
        return failed<checkpoint_file>(refused("there is nothing that a checkpoint could stand for"));
    return detail::caught([&]() -> result<checkpoint_file> {
        schema::state_reader reader{dev.dev_url()};
        const auto scope = without_revisions(dev.counts());
        const auto whole = replay(dir, reader, scope);
        if (!whole) return failed<checkpoint_file>(whole.error());
        const auto empty = reader.read("empty://", scope);
        const auto t = schema::plan_transition(empty, *whole, reader, schema::plan_options{}.online(false));
        checkpoint_file out;
        out.content = "-- atlas:checkpoint" + (tag.empty() ? "" : " " + tag) + "\n\n" + file_of(t.steps);
        out.with_rows = tables_with_rows(*whole);
        auto alone = directory::of({{"1_checkpoint.sql", out.content}});
        if (!alone) return failed<checkpoint_file>(alone.error());
        const auto after = replay(*alone, reader, scope);
        if (!after) return failed<checkpoint_file>(after.error());
        const schema::difference left{after->objects, whole->objects};
        if (!left.empty())
            return failed<checkpoint_file>(
                failure{errc::invalid_configuration,
                        "the checkpoint does not make what the files make; what differs first: " +
                            left.changes().front().either().id()});
        return out;
    });
}

} // namespace tusk::migrate
