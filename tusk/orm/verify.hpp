#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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
/// What is different; nothing when all of it fits.
void compare_with_table(schema_problems& out, const table_info& model, const std::vector<live_column>& table);

class verify_steps final : public steps<schema_problems> {
public:
    explicit verify_steps(std::vector<const table_info*> models) : models_{std::move(models)} {}
    bool next(batch& b) override;
    schema_problems take() override;

private:
    std::vector<const table_info*> models_;
    std::vector<batch_result<std::vector<live_column>>> answers_;
};

} // namespace detail

/// Compares the tables of the server with these models, in one round trip: missing tables and columns, types
/// that do not convert, columns that may be NULL and members that cannot, NOT NULL without default that the
/// model does not fill, defaults that are not there. Answers everything that was found:
///
///     for (const auto& p : orm::verify_models<user, post>(db)) std::cerr << p.text() << '\n';
template <model... T, database_handle Db>
auto verify_models(Db& db) {
    static_assert(sizeof...(T) > 0, "tusk: which models? verify_models<user, post>(db)");
    std::unique_ptr<detail::steps<schema_problems>> work =
        std::make_unique<detail::verify_steps>(std::vector<const table_info*>{&table_of<T>...});
    return detail::drive(db, options{}, std::move(work));
}

} // namespace tusk::orm
