#pragma once

#include <cstdint>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tusk/orm/conditions.hpp>
#include <tusk/orm/relation.hpp>
#include <tusk/orm/run.hpp>

/// Tables and indexes of models, for tests, tools and small programs; what a service's schema becomes over
/// time belongs to migrations. Source: the builders of Bun.
namespace tusk::orm {

/// A statement that defines something: its text, and verbs.
template <class Self>
class definition : public query_text<Self> {
public:
    template <database_handle Db>
    auto exec(Db& db, std::source_location where = std::source_location::current()) const {
        sql_writer out;
        self().write_to(out);
        return detail::run_one(detail::runner<Db>{&db, {}, nullptr}, std::move(out),
                               tusk::detail::exec_sink{}, where);
    }

private:
    const Self& self() const noexcept { return static_cast<const Self&>(*this); }
};

/// CREATE TABLE of a model: its columns with types, defaults, NOT NULL, keys and unique constraints.
class create_table_statement : public definition<create_table_statement> {
public:
    explicit create_table_statement(const table_info& of) : table_{&of} {}
    create_table_statement& if_not_exists() { return set(if_not_exists_, true); }
    create_table_statement& temporary() { return set(temporary_, true); }
    /// The length of VARCHAR columns whose type was not said; it has to be positive.
    create_table_statement& varchar(std::int32_t length);
    /// One more part, as it is written: `part("check (age >= 0)")`.
    create_table_statement& part(fragment<detail::scope<detail::anything>> sql) {
        parts_.emplace_back(sql.text());
        return *this;
    }
    /// `foreign_key("(user_id) references users (id) on delete cascade")`
    create_table_statement& foreign_key(fragment<detail::scope<detail::anything>> sql) {
        parts_.emplace_back("FOREIGN KEY " + std::string{sql.text()});
        return *this;
    }
    /// The foreign key of a relation `belongs_to`: `foreign_key<&post::author>("on delete cascade")`.
    template <auto Relation>
    create_table_statement& foreign_key(fragment<detail::scope<detail::anything>> actions = "") {
        using relation = detail::relation_of<Relation>;
        static_assert(detail::is_belongs_to<relation>,
                      "tusk: the key of this relation is in the other model's table; name a belongs_to");
        references(relation::local::columns(), table_of<typename relation::child>,
                   relation::foreign::columns(), actions.text());
        return *this;
    }
    /// `partition_by("range (created_at)")`
    create_table_statement& partition_by(fragment<detail::scope<detail::anything>> sql) {
        partition_ = sql.text();
        return *this;
    }
    create_table_statement& tablespace(std::string_view name) {
        tablespace_ = name;
        return *this;
    }
    void write_to(sql_writer& out) const;

private:
    create_table_statement& set(bool& what, bool to) {
        what = to;
        return *this;
    }
    void write_column(sql_writer& out, const column_info& c) const;
    void write_keys(sql_writer& out) const;
    void references(const std::vector<const column_info*>& here, const table_info& other,
                    const std::vector<const column_info*>& there, std::string_view actions);
    const table_info* table_;
    std::vector<std::string> parts_;
    std::string partition_;
    std::string tablespace_;
    std::int32_t varchar_ = 0;
    bool bad_varchar_ = false;
    bool if_not_exists_ = false;
    bool temporary_ = false;
};

class drop_table_statement : public definition<drop_table_statement> {
public:
    explicit drop_table_statement(const table_info& of) : table_{&of} {}
    drop_table_statement& if_exists() {
        if_exists_ = true;
        return *this;
    }
    drop_table_statement& cascade() {
        cascade_ = true;
        return *this;
    }
    void write_to(sql_writer& out) const;

private:
    const table_info* table_;
    bool if_exists_ = false;
    bool cascade_ = false;
};

class truncate_statement : public definition<truncate_statement> {
public:
    explicit truncate_statement(const table_info& of) : table_{&of} {}
    /// Identity columns go on counting.
    truncate_statement& continue_identity() {
        restart_ = false;
        return *this;
    }
    truncate_statement& cascade() {
        cascade_ = true;
        return *this;
    }
    void write_to(sql_writer& out) const;

private:
    const table_info* table_;
    bool restart_ = true;
    bool cascade_ = false;
};

/// ALTER TABLE, one or several changes.
class alter_table_statement : public definition<alter_table_statement> {
    using text_fragment = fragment<detail::scope<detail::anything>>;

public:
    explicit alter_table_statement(const table_info& of) : table_{&of} {}
    /// `add_column("age int4 not null default 0")`
    alter_table_statement& add_column(text_fragment column) { return change("ADD COLUMN ", column.text()); }
    alter_table_statement& drop_column(std::string_view column) { return change("DROP COLUMN ", {}, column); }
    alter_table_statement& set_type(std::string_view column, text_fragment type) {
        return change("ALTER COLUMN ", {}, column, " SET DATA TYPE ", type.text());
    }
    alter_table_statement& set_default(std::string_view column, text_fragment value) {
        return change("ALTER COLUMN ", {}, column, " SET DEFAULT ", value.text());
    }
    alter_table_statement& drop_default(std::string_view column) {
        return change("ALTER COLUMN ", {}, column, " DROP DEFAULT");
    }
    alter_table_statement& set_not_null(std::string_view column) {
        return change("ALTER COLUMN ", {}, column, " SET NOT NULL");
    }
    alter_table_statement& drop_not_null(std::string_view column) {
        return change("ALTER COLUMN ", {}, column, " DROP NOT NULL");
    }
    alter_table_statement& add_identity(std::string_view column) {
        return change("ALTER COLUMN ", {}, column, " ADD GENERATED BY DEFAULT AS IDENTITY");
    }
    alter_table_statement& drop_constraint(std::string_view name) {
        return change("DROP CONSTRAINT ", {}, name);
    }
    /// `add("primary key (director, genre)")`
    alter_table_statement& add(text_fragment what) { return change("ADD ", what.text()); }
    void write_to(sql_writer& out) const;

private:
    alter_table_statement& change(std::string_view before, std::string_view text, std::string_view name = {},
                                  std::string_view after = {}, std::string_view end = {});
    const table_info* table_;
    std::vector<sql_writer> changes_;
};

class create_index_statement : public definition<create_index_statement> {
    using text_fragment = fragment<detail::scope<detail::anything>>;

public:
    create_index_statement(const table_info& of, std::string_view name) : table_{&of}, name_{name} {}
    create_index_statement& unique() {
        unique_ = true;
        return *this;
    }
    create_index_statement& concurrently() {
        concurrently_ = true;
        return *this;
    }
    create_index_statement& if_not_exists() {
        if_not_exists_ = true;
        return *this;
    }
    /// `btree`, `gin`, …
    create_index_statement& method(std::string_view name) {
        method_ = name;
        return *this;
    }
    template <auto... Members>
    create_index_statement& columns() {
        (columns_.emplace_back(column_of<Members>.name), ...);
        return *this;
    }
    /// `expression("lower(name) desc")`
    create_index_statement& expression(text_fragment text) {
        expressions_.emplace_back(text.text());
        return *this;
    }
    template <auto... Members>
    create_index_statement& include() {
        (included_.emplace_back(column_of<Members>.name), ...);
        return *this;
    }
    create_index_statement& where(text_fragment text) {
        where_ = text.text();
        return *this;
    }
    void write_to(sql_writer& out) const;

private:
    const table_info* table_;
    std::string name_;
    std::string method_;
    std::vector<std::string> columns_;
    std::vector<std::string> expressions_;
    std::vector<std::string> included_;
    std::string where_;
    bool unique_ = false;
    bool concurrently_ = false;
    bool if_not_exists_ = false;
};

class drop_index_statement : public definition<drop_index_statement> {
public:
    explicit drop_index_statement(std::string_view name) : name_{name} {}
    drop_index_statement& concurrently() {
        concurrently_ = true;
        return *this;
    }
    drop_index_statement& if_exists() {
        if_exists_ = true;
        return *this;
    }
    drop_index_statement& cascade() {
        cascade_ = true;
        return *this;
    }
    void write_to(sql_writer& out) const;

private:
    std::string name_;
    bool concurrently_ = false;
    bool if_exists_ = false;
    bool cascade_ = false;
};

template <model T>
create_table_statement create_table() {
    return create_table_statement{table_of<T>};
}
template <model T>
drop_table_statement drop_table() {
    return drop_table_statement{table_of<T>};
}
template <model T>
truncate_statement truncate_table() {
    return truncate_statement{table_of<T>};
}
template <model T>
alter_table_statement alter_table() {
    return alter_table_statement{table_of<T>};
}
template <model T>
create_index_statement create_index(std::string_view name) {
    return {table_of<T>, name};
}
inline drop_index_statement drop_index(std::string_view name) { return drop_index_statement{name}; }

} // namespace tusk::orm
