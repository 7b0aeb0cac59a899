#pragma once

#include <source_location>
#include <utility>

#include <tusk/orm/conditions.hpp>
#include <tusk/orm/run.hpp>

namespace tusk::orm {

/// A whole statement as it is written, with `?`, `?0` and `{name}` for its arguments. Made by
/// `on(db).raw(…)`.
template <class E>
class raw_query {
public:
    raw_query(detail::runner<E> by, sql_writer sql) : by_{by}, sql_{std::move(sql)} {}

    void write_to(sql_writer& out) const { out.append(sql_); }
    std::string to_string() const { return sql_.literal(); }
    std::string sql() const {
        auto text = sql_.finished();
        if (!text) throw error{text.error()};
        return std::string{*text};
    }
    auto exec(std::source_location where = std::source_location::current()) const {
        return detail::run_one(by_, sql_, tusk::detail::exec_sink{}, where);
    }
    template <class R>
    auto all(std::source_location where = std::source_location::current()) const {
        return detail::run_one(by_, sql_, tusk::detail::all_sink<R>{}, where);
    }
    template <class R>
    auto one(std::source_location where = std::source_location::current()) const {
        return detail::run_one(by_, sql_, tusk::detail::one_sink<R>{}, where);
    }
    template <class R>
    auto maybe(std::source_location where = std::source_location::current()) const {
        return detail::run_one(by_, sql_, tusk::detail::maybe_sink<R>{}, where);
    }

private:
    detail::runner<E> by_;
    sql_writer sql_;
};

/// A statement that belongs to no connection yet: a part of another one.
template <class... A>
raw_query<unbound> raw(std::type_identity_t<fragment<detail::scope<detail::anything>, A...>> sql,
                       const A&... args) {
    return raw_query<unbound>{{}, detail::written(query_state{}, sql.text(), args...)};
}

} // namespace tusk::orm
