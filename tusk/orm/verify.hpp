#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tusk/client/verify.hpp>
#include <tusk/orm/relation.hpp>
#include <tusk/orm/run.hpp>

/// Whether the tables of a server are what the models say.
namespace tusk::orm {

/// Something about a model that does not fit its table.
struct schema_problem {
    enum class severity : std::uint8_t {
        error,   ///< Queries of the model fail.
        warning, ///< Some may fail: with a NULL, or with an empty value.
    };
    severity how_bad = severity::error;
    std::string table;
    std::string column; ///< Empty when it is about the table.
    std::string message;

    bool is_error() const noexcept { return how_bad == severity::error; }
    /// `error: users.email: …`
    std::string text() const;
};
using schema_problems = std::vector<schema_problem>;

namespace detail {

/// A column, as the server has it.
struct live_column {
    std::string name;
    std::int64_t type = 0; ///< Of a domain: what it is made of.
    std::string type_name;
    bool not_null = false;
    bool has_default = false;
};
/// A key of a table, as the server has it.
struct live_key {
    std::string kind; ///< "p" primary, "u" unique, "f" foreign; "t" for a table that can have keys.
    std::vector<std::string> columns;
    std::string table; ///< That a foreign key refers to, as `regclass` writes it.
    std::vector<std::string> referred;
};

/// A foreign key that a `belongs_to` expects.
struct expected_reference {
    std::vector<const column_info*> columns;
    const table_info* table;
    std::vector<const column_info*> referred;
};
/// A model, and what its relations say about keys.
struct verified_model {
    const table_info* table;
    std::vector<expected_reference> references;
};

template <class Relation>
void add_reference(std::vector<expected_reference>& out) {
    if constexpr (is_belongs_to<Relation>)
        out.push_back(
            {Relation::local::columns(), &table_of<typename Relation::child>, Relation::foreign::columns()});
}
template <class... Relations>
void add_references(std::vector<expected_reference>& out, type_list<Relations...>) {
    (add_reference<Relations>(out), ...);
}
template <class T>
verified_model verified() {
    verified_model out{&table_of<T>, {}};
    if constexpr (has_relations<T>) add_references(out.references, typename T::rels::list{});
    return out;
}

/// What is different; nothing when all of it fits.
void compare_with_table(schema_problems& out, const table_info& model, const std::vector<live_column>& table);
void compare_keys(schema_problems& out, const verified_model& model, const std::vector<live_key>& keys);

class verify_steps final : public steps<schema_problems> {
public:
    explicit verify_steps(std::vector<verified_model> models) : models_{std::move(models)} {}
    bool next(batch& b) override;
    schema_problems take() override;

private:
    struct answer {
        batch_result<std::vector<live_column>> columns;
        batch_result<std::vector<live_key>> keys;
    };
    std::vector<verified_model> models_;
    std::vector<answer> answers_;
};

} // namespace detail

/// Compares the tables of the server with these models, in one round trip: missing tables and columns, types
/// that do not convert, columns that may be NULL and members that cannot, NOT NULL without default that the
/// model does not fill, defaults that are not there; primary keys and unique constraints that the table does
/// not have, and foreign keys of `belongs_to` relations. Answers everything that was found:
///
///     for (const auto& p : orm::verify_models<user, post>(db)) std::cerr << p.text() << '\n';
template <model... T, database_handle Db>
auto verify_models(Db& db) {
    static_assert(sizeof...(T) > 0, "tusk: which models? verify_models<user, post>(db)");
    std::unique_ptr<detail::steps<schema_problems>> work =
        std::make_unique<detail::verify_steps>(std::vector<detail::verified_model>{detail::verified<T>()...});
    return detail::drive(db, options{}, std::move(work));
}

namespace detail {
statement_problems as_statement_problems(const schema_problems& all);
}

/// `tusk::handle_verify()` of a program with models: `tusk verify <program>` checks its statements and these
/// models.
///
///     if (const auto status = orm::handle_verify<user, post>()) return *status;
template <model... T>
std::optional<int> handle_verify() {
    return tusk::handle_verify(
        [](blocking::connection& db) { return detail::as_statement_problems(verify_models<T...>(db)); });
}

} // namespace tusk::orm
