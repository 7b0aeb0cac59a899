#pragma once

#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <tusk/client/request.hpp>
#include <tusk/client/verify.hpp>
#include <tusk/protocol/statement_cache.hpp>

/// What `verify_statements` decides, without a server. Private to the part.
namespace tusk::detail {

/// Takes a statement's description and stops before anything is executed.
class describing_sink final : public client_sink {
public:
    failure prepare(const protocol::description_ptr& d, std::span<const std::int16_t>& formats) override {
        described_ = d;
        formats = {};
        return failure{errc::canceled, "the statement was only to be described"};
    }
    protocol::flow on_row(std::span<const std::byte>) override { return protocol::flow::proceed; }
    /// Null when the server refused the statement.
    const protocol::description_ptr& described() const noexcept { return described_; }

private:
    protocol::description_ptr described_;
};

/// A column of a table: its OID and number.
using table_column = std::pair<std::int64_t, std::int64_t>;

class verification {
public:
    explicit verification(std::vector<const statement_info*> which) : all_{std::move(which)} {}

    const std::vector<const statement_info*>& statements() const noexcept { return all_; }
    /// The server refused the statement.
    void refused(const statement_info& s, const failure& why);
    void described(const statement_info& s, const protocol::statement_description& d);
    /// Which columns of tables have to be looked up; two lists of the same length.
    bool asks_for_tables() const noexcept { return !questions_.empty(); }
    std::vector<std::int64_t> tables() const;
    std::vector<std::int64_t> attributes() const;
    /// Columns that may be NULL, of those that were asked for: `nullable_sql`.
    void nullable(const std::vector<std::tuple<std::int64_t, std::int64_t>>& columns);
    statement_problems take() { return std::move(problems_); }

    static constexpr std::string_view nullable_sql =
        "select a.attrelid::int8, a.attnum::int8 "
        "from rows from (pg_catalog.unnest($1::int8[]), pg_catalog.unnest($2::int8[])) as u(r, n) "
        "join pg_catalog.pg_attribute a on a.attrelid = u.r::oid and a.attnum = u.n "
        "join pg_catalog.pg_class c on c.oid = a.attrelid join pg_catalog.pg_type t on t.oid = a.atttypid "
        "where not a.attnotnull and not t.typnotnull and c.relkind in ('r', 'p', 'f')";

private:
    struct question {
        const statement_info* statement;
        std::string column;
        std::string member;
        std::string cpp_type;
        table_column of;
    };
    void add(statement_problem::severity s, const statement_info& of, std::string message,
             std::string remedy);
    void check_arguments(const statement_info& s, const std::vector<std::uint32_t>& types);
    void check_columns(const statement_info& s, const std::vector<wire::column_description>& columns);
    void check_column(const statement_info& s, const statement_column& wanted,
                      const wire::column_description& column);

    std::vector<const statement_info*> all_;
    std::vector<question> questions_;
    statement_problems problems_;
};

} // namespace tusk::detail
