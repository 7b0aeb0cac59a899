#include <gtest/gtest.h>

#include <tusk/core/error.hpp>
#include <tusk/schema/plan.hpp>

namespace plan_test {

using namespace tusk;
using namespace tusk::schema;

object make(object_kind kind, std::string table, std::string name, object::field_map fields,
            std::vector<std::string> depends = {}) {
    object o;
    o.kind = kind;
    o.schema = "public";
    o.table = std::move(table);
    o.name = std::move(name);
    o.fields = std::move(fields);
    o.depends = std::move(depends);
    return o;
}

/// A table with the columns id and, perhaps, ref.
std::vector<object> table(const std::string& name, bool with_ref = false) {
    std::vector<object> out;
    out.push_back(make(object_kind::table, "", name, {}));
    out.push_back(make(object_kind::column, name, "id",
                       {{"type", "integer"}, {"not_null", "true"}, {"position", "1"}},
                       {"table:public." + name}));
    if (with_ref)
        out.push_back(make(object_kind::column, name, "ref", {{"type", "integer"}, {"position", "2"}},
                           {"table:public." + name}));
    out.push_back(make(object_kind::constraint, name, name + "_pkey",
                       {{"type", "primary key"}, {"definition", "PRIMARY KEY (id)"}},
                       {"column:public." + name + ".id"}));
    return out;
}

object foreign_key(const std::string& from, const std::string& to) {
    return make(
        object_kind::constraint, from, from + "_fk",
        {{"type", "foreign key"}, {"definition", "FOREIGN KEY (ref) REFERENCES public." + to + "(id)"}},
        {"column:public." + from + ".ref", "column:public." + to + ".id",
         "constraint:public." + to + "." + to + "_pkey"});
}

model of(std::vector<std::vector<object>> parts) {
    std::vector<object> all;
    for (auto& part : parts)
        for (auto& o : part) all.push_back(std::move(o));
    return {std::move(all), 150000};
}

std::size_t place_of(const plan& p, const std::string& text) {
    for (std::size_t i = 0; i < p.statements().size(); ++i)
        if (p.statements()[i].sql.find(text) != std::string::npos) return i;
    ADD_FAILURE() << text << " is not in\n" << p.sql();
    return 0;
}

TEST(plans, of_the_same_state_are_empty) {
    EXPECT_TRUE(make_plan(of({table("a")}), of({table("a")})).empty());
}

TEST(plans, make_tables_before_what_refers_to_them_even_in_a_circle) {
    const auto target =
        of({table("a", true), table("b", true), {foreign_key("a", "b"), foreign_key("b", "a")}});
    const auto there = make_plan(model{}, target);
    EXPECT_LT(place_of(there, "CREATE TABLE public.b"), place_of(there, "ADD CONSTRAINT a_fk"));
    EXPECT_LT(place_of(there, "CREATE TABLE public.a"), place_of(there, "ADD CONSTRAINT b_fk"));
    const auto back = make_plan(target, model{});
    EXPECT_LT(std::min(place_of(back, "DROP CONSTRAINT"), place_of(back, "DROP TABLE")),
              std::max(place_of(back, "DROP TABLE public.a"), place_of(back, "DROP TABLE public.b")));
    EXPECT_EQ(back.hazards().front(), hazard::deletes_data);
}

TEST(plans, drop_what_depends_before_what_it_needs) {
    const auto view =
        make(object_kind::view, "", "v",
             {{"definition", "SELECT id FROM public.a"}, {"columns", "id integer"}}, {"column:public.a.id"});
    const auto back = make_plan(of({table("a"), {view}}), model{});
    EXPECT_LT(place_of(back, "DROP VIEW public.v"), place_of(back, "DROP TABLE public.a"));
}

TEST(plans, recreate_views_around_a_change_of_type_and_keep_their_grants) {
    auto view = make(
        object_kind::view, "", "v",
        {{"definition", "SELECT id FROM public.a"}, {"columns", "id integer"}, {"privileges", "+app SELECT"}},
        {"column:public.a.id"});
    auto wide = table("a");
    wide[1].fields["type"] = "bigint";
    auto wide_view = view;
    wide_view.fields["columns"] = "id bigint";
    const auto p = make_plan(of({table("a"), {view}}), of({wide, {wide_view}}));
    EXPECT_LT(place_of(p, "DROP VIEW"), place_of(p, "TYPE bigint"));
    EXPECT_LT(place_of(p, "TYPE bigint"), place_of(p, "CREATE VIEW"));
    EXPECT_LT(place_of(p, "CREATE VIEW"), place_of(p, "GRANT SELECT ON TABLE public.v TO app"));
}

TEST(plans, build_indexes_of_existing_tables_outside_transactions) {
    const auto index =
        make(object_kind::index, "a", "a_id",
             {{"definition", "CREATE INDEX a_id ON public.a USING btree (id)"}}, {"column:public.a.id"});
    const auto p = make_plan(of({table("a")}), of({table("a"), {index}}));
    ASSERT_EQ(p.statements().size(), 1u);
    EXPECT_EQ(p.statements()[0].sql, "CREATE INDEX CONCURRENTLY a_id ON public.a USING btree (id)");
    EXPECT_FALSE(p.statements()[0].transactional);
    const auto locked = make_plan(of({table("a")}), of({table("a"), {index}}), plan_options{}.online(false));
    EXPECT_TRUE(locked.statements()[0].transactional);
}

TEST(plans, replace_an_enum_that_loses_a_value) {
    const auto type = [](const char* values) {
        return make(object_kind::enum_type, "", "e", {{"values", values}});
    };
    auto rows = table("a");
    rows.push_back(make(object_kind::column, "a", "e", {{"type", "public.e"}, {"position", "2"}},
                        {"enum_type:public.e", "table:public.a"}));
    const auto p = make_plan(of({rows, {type("x\x1ey\x1ez")}}), of({rows, {type("x\x1ez")}}));
    EXPECT_LT(place_of(p, "RENAME TO tusk_old_e"), place_of(p, "CREATE TYPE public.e AS ENUM ('x', 'z')"));
    EXPECT_LT(place_of(p, "CREATE TYPE"), place_of(p, "TYPE public.e USING e::text::public.e"));
    EXPECT_LT(place_of(p, "USING e::text"), place_of(p, "DROP TYPE public.tusk_old_e"));
}

TEST(plans, put_new_values_of_an_enum_in_their_place) {
    const auto type = [](const char* values) {
        return make(object_kind::enum_type, "", "e", {{"values", values}});
    };
    const auto p = make_plan(of({{type("x\x1ez")}}), of({{type("x\x1ey\x1ez")}}));
    ASSERT_EQ(p.statements().size(), 1u);
    EXPECT_EQ(p.statements()[0].sql, "ALTER TYPE public.e ADD VALUE 'y' BEFORE 'z'");
}

TEST(plans, leave_out_what_is_skipped_and_refuse_what_is_refused) {
    EXPECT_TRUE(make_plan(of({table("a")}), model{}, plan_options{}.skip("drop_table")).empty());
    EXPECT_THROW(make_plan(of({table("a")}), model{}, plan_options{}.refuse(hazard::deletes_data)), error);
}

TEST(plans, survive_their_file) {
    const auto p = make_plan(model{}, of({table("a")}));
    const auto read = plan_from_json(to_json(p));
    EXPECT_EQ(read.sql(), p.sql());
    EXPECT_EQ(read.from(), p.from());
    EXPECT_THROW(plan_from_json({{"schema", "other"}}), error);
}

TEST(snapshots, survive_their_file) {
    const auto state = of({table("a"), {make(object_kind::enum_type, "", "e", {{"values", "x\x1ey"}})}});
    const auto read = from_json(to_json(state));
    EXPECT_EQ(read.fingerprint(), state.fingerprint());
    EXPECT_TRUE(make_plan(state, read).empty());
    EXPECT_THROW(from_json({{"schema", "tusk.schema.snapshot/1"}}), error);
}

TEST(segments, end_where_a_statement_stands_alone) {
    std::vector<statement> all(4);
    all[1].transactional = false;
    all[3].alone = true;
    const plan p{all, "", ""};
    const auto segments = p.segments();
    ASSERT_EQ(segments.size(), 4u);
    all[1].transactional = true;
    EXPECT_EQ((plan{all, "", ""}.segments().size()), 2u);
}

} // namespace plan_test
