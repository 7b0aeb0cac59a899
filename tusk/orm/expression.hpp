#pragma once

#include <concepts>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

#include <tusk/orm/conditions.hpp>

/// Conditions that are put together when the program runs, from parts that the compiler checks:
///
///     auto f = c<&user::id>.in(ids);
///     if (mail) f = f && c<&user::email> == *mail;
///     auto users = db.select<user>().where(f).all();
///
/// They write themselves into the query's text at once; what remains of the types is which models they are
/// about.
namespace tusk::orm {

namespace detail {

template <class List, class... More>
struct merged_models;
template <class... Models>
struct merged_models<type_list<Models...>> {
    using type = condition<Models...>;
};
template <class... Models, class First, class... Rest>
struct merged_models<type_list<Models...>, First, Rest...>
    : std::conditional_t<(std::is_same_v<Models, First> || ...), merged_models<type_list<Models...>, Rest...>,
                         merged_models<type_list<Models..., First>, Rest...>> {};
template <class... Models>
using condition_about = typename merged_models<type_list<>, Models...>::type;

} // namespace detail

template <class... Models>
class condition {
public:
    explicit condition(sql_writer sql) : sql_{std::move(sql)} {}
    void write_to(sql_writer& out) const { out.append(sql_); }
    std::string to_string() const { return sql_.literal(); }

    template <class... Others>
    detail::condition_about<Models..., Others...> operator&&(const condition<Others...>& other) const {
        return joined<Others...>(" AND ", other);
    }
    template <class... Others>
    detail::condition_about<Models..., Others...> operator||(const condition<Others...>& other) const {
        return joined<Others...>(" OR ", other);
    }
    condition operator!() const {
        sql_writer out;
        out.text("NOT (");
        out.append(sql_);
        out.text(")");
        return condition{std::move(out)};
    }

private:
    template <class... Others>
    detail::condition_about<Models..., Others...> joined(std::string_view how,
                                                         const condition<Others...>& other) const {
        sql_writer out;
        out.text("(");
        out.append(sql_);
        out.text(how);
        other.write_to(out);
        out.text(")");
        return detail::condition_about<Models..., Others...>{std::move(out)};
    }
    sql_writer sql_;
};

namespace detail {

template <class V>
inline constexpr bool is_column_expression = false;

/// A column in an expression; made by `c<&user::id>`.
template <auto Member>
class column_expression {
    using owner = owner_of<Member>;
    using value = typename tusk::detail::unwrap_optional<field_of<Member>>::type;

public:
    template <class V>
    auto operator==(const V& v) const {
        return compared(" = ", v);
    }
    template <class V>
    auto operator!=(const V& v) const {
        return compared(" <> ", v);
    }
    template <class V>
    auto operator<(const V& v) const {
        return compared(" < ", v);
    }
    template <class V>
    auto operator<=(const V& v) const {
        return compared(" <= ", v);
    }
    template <class V>
    auto operator>(const V& v) const {
        return compared(" > ", v);
    }
    template <class V>
    auto operator>=(const V& v) const {
        return compared(" >= ", v);
    }
    /// Equal, where NULL equals NULL; takes a `std::optional`.
    template <class V>
    condition<owner> is_not_distinct_from(const V& v) const {
        sql_writer out;
        write(out);
        out.text(" IS NOT DISTINCT FROM ");
        out.value(bound_value{v});
        return condition<owner>{std::move(out)};
    }
    /// One of these; never true for an empty range. One statement for any number of values.
    template <std::ranges::input_range R>
    condition<owner> in(const R& values) const {
        return among(" = ANY(", values);
    }
    template <std::ranges::input_range R>
    condition<owner> not_in(const R& values) const {
        return among(" <> ALL(", values);
    }
    template <class A, class B>
    condition<owner> between(const A& low, const B& high) const {
        return *this >= low && *this <= high;
    }
    condition<owner> like(std::string_view pattern) const { return matched(" LIKE ", pattern); }
    condition<owner> ilike(std::string_view pattern) const { return matched(" ILIKE ", pattern); }
    condition<owner> is_null() const { return tested(" IS NULL"); }
    condition<owner> is_not_null() const { return tested(" IS NOT NULL"); }

    static void write(sql_writer& out) { out.qualified(table_of<owner>.alias, column_of<Member>.name); }

private:
    template <class V>
    static auto compared(std::string_view how, const V& v) {
        sql_writer out;
        write(out);
        out.text(how);
        if constexpr (is_column_expression<V>) {
            static_assert(std::is_same_v<value, typename V::value>, "tusk: the columns have different types");
            V::write(out);
            return condition_about<owner, typename V::owner>{std::move(out)};
        } else {
            static_assert(!is_optional<V>,
                          "tusk: nothing equals NULL; take is_not_distinct_from(), or *value");
            static_assert(std::is_convertible_v<const V&, value>,
                          "tusk: the value does not convert to the column's type");
            out.value(bound_value{static_cast<value>(v)});
            return condition<owner>{std::move(out)};
        }
    }
    template <class R>
    static condition<owner> among(std::string_view how, const R& values) {
        static_assert(std::is_convertible_v<std::ranges::range_reference_t<const R&>, value>,
                      "tusk: the values do not convert to the column's type");
        std::vector<value> all;
        for (const auto& v : values) all.push_back(static_cast<value>(v));
        sql_writer out;
        write(out);
        out.text(how);
        out.value(bound_value{all});
        out.text(")");
        return condition<owner>{std::move(out)};
    }
    static condition<owner> matched(std::string_view how, std::string_view pattern) {
        static_assert(std::is_convertible_v<value, std::string_view>, "tusk: like() is for columns of text");
        sql_writer out;
        write(out);
        out.text(how);
        out.value(bound_value{pattern});
        return condition<owner>{std::move(out)};
    }
    static condition<owner> tested(std::string_view how) {
        sql_writer out;
        write(out);
        out.text(how);
        return condition<owner>{std::move(out)};
    }
    template <auto>
    friend class column_expression;
};

template <auto Member>
inline constexpr bool is_column_expression<column_expression<Member>> = true;

} // namespace detail

/// A column in a typed condition, under its model's own alias.
template <auto Member>
inline constexpr detail::column_expression<Member> c{};

} // namespace tusk::orm
