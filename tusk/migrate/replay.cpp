#include <tusk/migrate/replay.hpp>

#include <memory>

#include <tusk/migrate/detail/caught.hpp>
#include <tusk/migrate/run.hpp>

namespace tusk::migrate {

namespace {

/// The journal of a replay, where no migration looks.
constexpr const char* replay_schema = "tusk_replay";
constexpr int most_roles = 50;

failure apply_on(const directory& dir, const schema::scratch_database& place) {
    apply_options o;
    o.revisions_schema(replay_schema).allow_dirty().statement_lock_timeout(std::chrono::milliseconds{0});
    failure problem;
    for (int roles = 0; roles < most_roles; ++roles) {
        problem = run_apply(dir, place.config(), o).problem;
        if (!problem || !place.is_on_own_server()) break;
        auto db = place.connect();
        if (!schema::make_missing_role(db, problem)) break;
    }
    if (problem) problem.add_context("the directory cannot be replayed on a throwaway database");
    return problem;
}

} // namespace

schema::scope without_revisions(schema::scope of, const std::string& revisions_schema) {
    of.exclude("*.atlas_schema_revisions").exclude("schema:atlas_schema_revisions");
    if (!revisions_schema.empty() && revisions_schema != "public") of.exclude("schema:" + revisions_schema);
    return of;
}

result<schema::state> replay(const directory& dir, schema::state_reader& reader, const schema::scope& of,
                             const schema::state* begin) {
    return detail::caught([&]() -> result<schema::state> {
        const auto copied = begin == nullptr ? std::string{} : begin->loaded_in->name();
        auto place = std::make_shared<schema::scratch_database>(reader.scratch().create(copied));
        if (auto f = apply_on(dir, *place)) return failed<schema::state>(std::move(f));
        {
            auto db = place->connect();
            db.script(std::string{"drop schema if exists "} + replay_schema + " cascade");
        }
        return reader.read(std::move(place), of);
    });
}

} // namespace tusk::migrate
