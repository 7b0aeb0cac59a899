#pragma once

#include <set>
#include <string>
#include <vector>

#include <tusk/schema/difference.hpp>
#include <tusk/schema/plan.hpp>
#include <tusk/schema/steps.hpp>

namespace tusk::schema::detail {

/// Writes the statements of steps.
class recipes {
public:
    recipes(const difference& all, const steps& order, const plan_options& how)
        : all_{all}, steps_{order}, how_{how} {}

    /// The statements of a step and its members.
    void write(const step& s);
    std::vector<statement> take() { return std::move(out_); }

private:
    statement& put(std::string sql);
    statement& put(std::string sql, std::initializer_list<hazard> hazards);

    void create(const step& s);
    void drop(const step& s);
    void alter(const step& s);
    void discard(const step& s);
    void attach(const change& c);
    void detach(const change& c);
    void step_aside(const object& type);
    void move_rows(const change& c);

    // recipe_table.cpp
    void create_table(const step& s);
    void create_column(const object& column, const object* with_default);
    void after_column(const object& column);
    void differ_from_parent(const object& column, const object* its_default);
    void drop_table(const step& s);
    void alter_table(const change& c);
    void alter_replica_identity(const object& table);
    void alter_clustering(const object& table);
    void mark_index(const object& index);
    void alter_options(const std::string& what, const std::string& before, const std::string& after,
                       const std::string& prefix = {});

    // recipe_column.cpp
    void alter_column(const change& c);
    void alter_column_type(const change& c, const std::string& table);
    void set_not_null(const object& column, const std::string& table);
    void alter_identity(const change& c, const std::string& table);
    bool is_retyped(const change& c) const;
    std::string converted(const change& c) const;
    std::string moved_column(const object& column) const;

    // recipe_index.cpp
    void create_constraint(const object& constraint);
    void create_constraint_online(const object& constraint);
    void alter_constraint(const change& c);
    void create_index(const object& index);
    void drop_index(const object& index);
    void alter_index(const change& c);
    void attach_index(const object& part);

    // recipe_type.cpp
    void create_type(const step& s);
    void alter_enum(const change& c);
    void alter_domain(const change& c);
    void alter_composite(const change& c);
    void create_sequence(const object& sequence);
    void alter_sequence(const change& c);

    // recipe_routine.cpp
    void create_view(const object& view, bool replace);
    void alter_view(const change& c);
    void create_policy(const object& policy);
    void alter_policy(const change& c);
    void create_event_trigger(const object& trigger);

    // recipe_others.cpp
    void create_other(const object& o);
    void alter_other(const change& c);
    void alter_foreign_options(const change& c);
    void alter_publication(const change& c);
    void column_statistics(const object& o, const std::string& before);

    // recipe_attributes.cpp: owner, comment, privileges, state
    void describe(const object& from_nothing);
    void alter_description(const change& c);
    void comment(const object& o);
    void index_comment(const object& o);
    void owner(const object& o);
    void privileges(const object& o, const std::string& before);
    void column_privileges(const object& o, const std::string& before);
    void default_privileges(const object& o, const std::string& before, const std::string& after);
    std::string inherited_privileges(const object& o) const;
    void enabled(const object& o);

    /// Whether the table is made by this plan, so that nobody uses it.
    bool is_new(const object& part) const;
    bool is_partitioned(const object& part) const;
    bool stays_with_parents(const object& part) const;
    bool is_made(const std::string& index_name, const object& table) const;
    std::string moved_value(const std::string& value, const std::string& from, const std::string& to,
                            int depth) const;
    bool is_online(const object& part) const { return how_.is_online() && !is_new(part); }

    const difference& all_;
    const steps& steps_;
    const plan_options& how_;
    const step* current_ = nullptr;
    std::vector<statement> out_;
};

/// How COMMENT ON, ALTER … OWNER TO and DROP call the object: `TABLE public.users`, `TRIGGER t ON
/// public.users`.
std::string with_kind(const object& o);
/// `fillfactor='70', autovacuum_enabled='false'` of a list of options.
std::string options_sql(const std::string& list, const std::string& prefix = {});
/// What a rebuilt table or a replaced type is called meanwhile.
std::string aside_name(const object& o);
/// `name type COLLATE … DEFAULT … NOT NULL` of a column.
std::string column_sql(const object& column, const object* its_default, bool as_partition);
/// `ADD COLUMN …`-able value for existing rows of a column that must not be NULL; empty when there is none.
std::string neutral_value(const object& column, const model& in);

} // namespace tusk::schema::detail
