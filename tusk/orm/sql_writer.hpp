#pragma once

#include <array>
#include <concepts>
#include <ranges>
#include <string>
#include <string_view>
#include <vector>

#include <tusk/core/error.hpp>
#include <tusk/orm/bound_value.hpp>
#include <tusk/orm/fragment.hpp>

/// SQL text that grows, with the arguments that belong to it.
namespace tusk::orm {

/// A name of a table, column, … that is only known at run time; quoted. Dots separate parts: `ident{"a.b"}`
/// is "a"."b"; `name{"a.b"}` is one name.
struct ident {
    using orm_argument = void;
    explicit ident(std::string_view text) : value{text} {}
    std::string value;
};
struct name {
    using orm_argument = void;
    explicit name(std::string_view text) : value{text} {}
    std::string value;
};
/// Text that goes into the statement as it is. Whatever comes from outside the program must not get here.
struct unsafe_sql {
    using orm_argument = void;
    explicit unsafe_sql(std::string_view text) : value{text} {}
    std::string value;
};

/// `$1, $2, $3`, or `NULL` for none. `= any(?)` with a vector needs no list, and is one statement for any
/// number of values.
template <class T>
struct list_argument {
    using orm_argument = void;
    std::vector<T> values;
    bool parentheses;
};
template <std::ranges::input_range R>
auto list(const R& values) {
    using T = tusk::detail::owned_argument_t<std::ranges::range_value_t<R>>;
    list_argument<T> out{{}, false};
    for (const auto& v : values) out.values.push_back(tusk::detail::own_argument<T>(v));
    return out;
}
/// `($1, $2, $3)`; of ranges or tuples `(($1, $2), ($3, $4))`.
template <std::ranges::input_range R>
auto tuple(const R& values) {
    using T = std::ranges::range_value_t<R>;
    return list_argument<T>{std::vector<T>(std::ranges::begin(values), std::ranges::end(values)), true};
}
/// NULL in place of the type's zero.
template <class T>
std::optional<T> null_if_zero(const T& value) {
    if (value == T{}) return std::nullopt;
    return value;
}

/// Text of a statement that is being built.
using sql_string = std::basic_string<char, std::char_traits<char>, recycled<char>>;

/// A statement, or a part of one: text with places for arguments. In the text of `unbound` parts the places
/// are marked; `finished` numbers them.
class sql_writer {
public:
    void text(std::string_view sql) { text_ += sql; }
    void value(bound_value v);
    /// The same argument once more.
    void again(std::size_t argument);
    /// One quoted name. Fails for an empty one, one with NUL, and one of more than 63 bytes.
    void quoted(std::string_view one_name);
    /// The parts between dots, each quoted; `*` as it is.
    void identifier(std::string_view dotted);
    /// `"a"."b"`; the first may be empty.
    void qualified(std::string_view a, std::string_view b);
    void append(const sql_writer& other);
    void fail(failure why) {
        if (!failure_) failure_ = std::move(why);
    }

    /// Makes room for a whole statement.
    void reserve_statement() {
        text_.reserve(500);
        places_.reserve(8);
        values_.reserve(8);
    }
    /// The text without what stands in the places.
    std::string_view bare_text() const noexcept { return text_; }
    bool empty() const noexcept { return text_.empty() && places_.empty(); }
    std::size_t argument_count() const noexcept { return values_.size(); }
    const failure& why() const noexcept { return failure_; }
    const value_list& values() const noexcept { return values_; }
    value_list take_values() { return std::move(values_); }

    /// The text for the server, `$n` in the places. `errc::too_many_parameters` past 65,535.
    result<sql_string> finished() const;
    /// With the values in the places, for reading: never sent.
    std::string literal() const;

private:
    struct place {
        std::size_t at;
        std::size_t argument;
    };
    template <class Text, class Put>
    Text filled(Put put) const;

    sql_string text_;
    std::vector<place, recycled<place>> places_;
    value_list values_;
    failure failure_;
};

/// Something that writes itself into a statement: a query, a condition.
template <class A>
concept writes_itself = requires(const A& a, sql_writer& out) { a.write_to(out); };

namespace detail {

template <class T>
inline constexpr bool is_list = false;
template <class T>
inline constexpr bool is_list<list_argument<T>> = true;

template <class A>
void write_argument(sql_writer& out, const A& a);

template <class T>
void write_list(sql_writer& out, const std::vector<T>& values, bool parentheses) {
    if (parentheses) out.text("(");
    bool first = true;
    for (const auto& v : values) {
        if (!first) out.text(", ");
        first = false;
        if constexpr (tusk::detail::is_tuple<T>) {
            out.text("(");
            std::size_t i = 0;
            std::apply(
                [&](const auto&... e) { ((out.text(i++ == 0 ? "" : ", "), write_argument(out, e)), ...); },
                v);
            out.text(")");
        } else if constexpr (tusk::detail::is_array_type<T>) {
            write_list(out, std::vector<typename T::value_type>(v.begin(), v.end()), true);
        } else {
            write_argument(out, v);
        }
    }
    if (first) out.text("NULL");
    if (parentheses) out.text(")");
}

template <class A>
void write_argument(sql_writer& out, const A& a) {
    if constexpr (std::is_same_v<A, ident>)
        out.identifier(a.value);
    else if constexpr (std::is_same_v<A, name>)
        out.quoted(a.value);
    else if constexpr (std::is_same_v<A, unsafe_sql>)
        out.text(a.value);
    else if constexpr (is_list<A>)
        write_list(out, a.values, a.parentheses);
    else if constexpr (writes_itself<A>)
        a.write_to(out);
    else
        out.value(bound_value{a});
}

/// Where a fragment gets what its placeholders stand for.
class argument_source {
public:
    virtual void write(std::size_t index, sql_writer& out) = 0;
    /// False when there is no such name.
    virtual bool write(std::string_view argument_name, sql_writer& out) = 0;

protected:
    ~argument_source() = default;
};

/// Writes a fragment; `about` gives the model's own names and may be null.
void write_fragment(sql_writer& out, std::string_view sql, argument_source& arguments,
                    const table_info* about);

template <class... A>
class arguments_of final : public argument_source {
public:
    explicit arguments_of(const A&... args) noexcept : args_{args...} {}
    void write(std::size_t index, sql_writer& out) override {
        std::size_t i = 0;
        std::apply(
            [&](const auto&... a) {
                ((positional<std::remove_cvref_t<decltype(a)>> && i++ == index ? put(index, a, out) : void()),
                 ...);
            },
            args_);
    }
    bool write(std::string_view wanted, sql_writer& out) override {
        bool found = false;
        std::apply([&](const auto&... a) { ((found = found || by_name(wanted, a, out)), ...); }, args_);
        return found;
    }

private:
    template <class T>
    static constexpr bool positional = !tusk::detail::is_named<T> && !names_from_members<T>;
    template <class T>
    void put(std::size_t index, const T& a, sql_writer& out) {
        if (places_[index] != 0) return out.again(places_[index] - 1); // `?0` twice is one argument
        const auto before = out.argument_count();
        if constexpr (positional<T>) write_argument(out, a);
        if (out.argument_count() == before + 1) places_[index] = before + 1;
    }
    template <class T>
    static bool by_name(std::string_view wanted, const T& a, sql_writer& out) {
        if constexpr (tusk::detail::is_named<T>) {
            if (a.name() != wanted) return false;
            write_argument(out, a.value());
            return true;
        } else if constexpr (names_from_members<T>) {
            const auto fields = tusk::detail::tie_members(a.value);
            std::size_t i = 0;
            bool found = false;
            std::apply(
                [&](const auto&... f) {
                    ((tusk::detail::member_names_v<typename T::type>[i++] == wanted
                          ? (write_argument(out, f), found = true)
                          : false),
                     ...);
                },
                fields);
            return found;
        } else {
            return false;
        }
    }
    std::tuple<const A&...> args_;
    std::array<std::size_t, sizeof...(A)> places_{}; ///< Of single values: their number + 1.
};

template <class... A>
void write_fragment_with(sql_writer& out, std::string_view sql, const table_info* about, const A&... args) {
    arguments_of<A...> source{args...};
    write_fragment(out, sql, source, about);
}

} // namespace detail

/// The text of a query that can write itself.
template <class Query>
class query_text {
public:
    /// What is sent, `$1` for arguments. Throws what was wrong while the query was built.
    std::string sql() const {
        sql_writer out;
        static_cast<const Query&>(*this).write_to(out);
        auto text = out.finished();
        if (!text) throw error{text.error()};
        return std::string{*text};
    }
    /// With the values in the text: for logs and tests, never sent.
    std::string to_string() const {
        sql_writer out;
        static_cast<const Query&>(*this).write_to(out);
        return out.literal();
    }
};

} // namespace tusk::orm
