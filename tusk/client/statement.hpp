#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tusk/client/named_arguments.hpp>
#include <tusk/client/statement_info.hpp>
#include <tusk/types/codec.hpp>
#include <tusk/types/row.hpp>

namespace tusk {

/// A literal as a template argument.
template <std::size_t N>
struct sql_text {
    constexpr sql_text(const char (&text)[N]) noexcept { // NOLINT: meant to be implicit
        for (std::size_t i = 0; i < N; ++i) value[i] = text[i];
    }
    constexpr std::string_view view() const noexcept { return {value, N - 1}; }
    char value[N] = {};
};

/// What the author of a statement promises: columns that could be NULL, by their tables, are not.
struct never_null_t {};
inline constexpr never_null_t never_null{};

namespace detail {

/// The text for the server, and the names of its arguments, worked out by the compiler.
template <sql_text Text>
struct server_text {
    static constexpr std::size_t max_names = Text.view().size() / 3; // {x}

    struct outcome {
        char text[Text.view().size() * 2 + 1] = {}; // {x} may be the thousandth: $1000
        std::size_t size = 0;
        std::array<std::string_view, max_names + 1> names{};
        std::size_t name_count = 0;
        brace_error wrong = brace_error::none;
    };
    static constexpr auto original = Text;
    static constexpr outcome made = [] {
        outcome out;
        const auto put = [&](std::string_view part) {
            for (const char c : part) out.text[out.size++] = c;
        };
        const auto number_of = [&](std::string_view name) {
            for (std::size_t i = 0; i < out.name_count; ++i)
                if (out.names[i] == name) return i + 1;
            out.names[out.name_count] = name;
            return ++out.name_count;
        };
        out.wrong = rewrite_names(original.view(), put, number_of);
        return out;
    }();
    static_assert(made.wrong != brace_error::stray_brace,
                  "tusk: a brace in the statement is neither an argument ({name}) nor doubled ({{ or }})");
    static_assert(made.wrong != brace_error::unfinished,
                  "tusk: a string, a quoted name or a comment of the statement has no end");
    static_assert(made.wrong != brace_error::mixed,
                  "tusk: the statement has arguments by name ({name}) and by number ($1); choose one");
    /// The one address by which connections find the statement again.
    static constexpr std::string_view value{made.text, made.size};
};

/// The highest `$n` of a text, 0 when there is none.
constexpr std::size_t highest_number(std::string_view sql) {
    sql_lexer lexer{sql};
    sql_lexer::piece p;
    std::size_t most = 0;
    while (lexer.next(p)) {
        if (p.what != sql_lexer::kind::number) continue;
        std::size_t n = 0;
        for (const char c : p.text.substr(1)) n = n * 10 + static_cast<std::size_t>(c - '0');
        if (n > most) most = n;
    }
    return most;
}

/// Types of which the text form is the form.
constexpr bool takes_any_text(oid_t type) noexcept {
    return type == oid::text || type == oid::varchar || type == oid::bpchar || type == oid::name ||
           type == oid::json || type == oid::jsonb || type == oid::unknown;
}

template <class T>
argument_fit fit_of(oid_t type) {
    using plain = typename value_type_of<parameter_type_t<T>>::type;
    if (codec<plain>::binary_target(type) || takes_any_text(type)) return argument_fit::exact;
    if constexpr (std::is_default_constructible_v<plain>) {
        parameters scratch;
        if (encode_parameter(scratch, type, plain{}) == codec_errc::wrong_type) return argument_fit::refused;
    }
    return argument_fit::text;
}

template <class Row>
struct row_columns {
    using fields = field_tuple<Row>;
    static constexpr std::size_t count = std::tuple_size_v<fields>;
    template <std::size_t I>
    using field = std::remove_reference_t<std::tuple_element_t<I, fields>>;
    template <std::size_t I>
    static constexpr std::string_view name() {
        if constexpr (struct_row<Row>)
            return member_names_v<Row>[I];
        else
            return {};
    }
    template <std::size_t... I>
    static constexpr std::array<statement_column, count> make(std::index_sequence<I...>) {
        return {statement_column{name<I>(), cpp_type_name<field<I>>(), is_optional<field<I>>,
                                 &accepts_column<field<I>>}...};
    }
    static constexpr auto value = make(std::make_index_sequence<count>{});
};
template <>
struct row_columns<void> {
    static constexpr std::array<statement_column, 0> value{};
};

/// Mentioning it makes the object that it refers to.
template <auto&>
struct made_at_start {};

} // namespace detail

/// A statement of the program, with its types; made by `sql<…>`.
template <sql_text Text, class Signature, auto... Promises>
class typed_statement;

template <sql_text Text, class Row, class... A, auto... Promises>
class typed_statement<Text, Row(A...), Promises...> {
    using written = detail::server_text<Text>;

public:
    using row_type = Row;
    static constexpr std::size_t argument_count = sizeof...(A);
    static_assert(written::made.name_count == 0 || written::made.name_count == sizeof...(A),
                  "tusk: the signature has another number of arguments than the statement has names; a name "
                  "that stands there twice is one argument");
    static_assert(written::made.name_count != 0 || detail::highest_number(written::value) == sizeof...(A),
                  "tusk: the signature has another number of arguments than the statement ($1, $2, …)");
    static_assert(
        (has_codec<typename detail::value_type_of<detail::parameter_type_t<A>>::type> && ...),
        "tusk: an argument's type has no codec; specialise tusk::codec<T> (docs/types.md) or include "
        "the header that has it, such as <tusk/types/json.hpp>");
    static_assert((std::is_same_v<std::remove_cvref_t<decltype(Promises)>, never_null_t> && ...),
                  "tusk: the only promise that a statement can make is tusk::never_null");

    /// What is sent, `$1` in place of names.
    static constexpr std::string_view text() noexcept { return written::value; }
    constexpr operator std::string_view() const noexcept { return text(); } // NOLINT: it is its text
    static const statement_info& info() noexcept { return info_; }

    /// The arguments of a call, as what the signature says: `f(args...)` is called with them.
    template <class F, class... Given>
    static decltype(auto) with_arguments(F&& f, const Given&... given) {
        static_assert(sizeof...(Given) == sizeof...(A),
                      "tusk: the statement takes another number of arguments");
        if constexpr (sizeof...(Given) == sizeof...(A)) return std::forward<F>(f)(converted<A>(given)...);
    }

private:
    /// Numbers keep their type, and are checked against the server's when they are encoded: nothing is cut
    /// off silently.
    template <class To, class From>
    static constexpr bool goes_as_it_is =
        std::is_same_v<To, From> || (std::is_arithmetic_v<typename detail::value_type_of<To>::type> &&
                                     std::is_arithmetic_v<typename detail::value_type_of<From>::type>);

    template <class To, class From>
    static decltype(auto) converted(const From& from) {
        using to = std::remove_cvref_t<To>;
        static_assert(std::is_convertible_v<const From&, to>,
                      "tusk: an argument does not convert to the type that the statement's signature has");
        static_assert(!(std::is_integral_v<typename detail::value_type_of<to>::type> &&
                        std::is_floating_point_v<typename detail::value_type_of<From>::type>),
                      "tusk: an argument with a fraction was given where the statement's signature has an "
                      "integer; round it first");
        if constexpr (goes_as_it_is<to, From>)
            return static_cast<const From&>(from);
        else
            return static_cast<to>(from);
    }

    template <std::size_t... I>
    static constexpr std::array<statement_argument, sizeof...(A)> make_arguments(std::index_sequence<I...>) {
        return {
            statement_argument{written::made.name_count == 0 ? std::string_view{} : written::made.names[I],
                               detail::cpp_type_name<A>(), &detail::fit_of<A>}...};
    }
    static constexpr bool by_name() {
        if constexpr (std::is_void_v<Row>)
            return false;
        else
            return struct_row<Row>;
    }

    static constexpr auto arguments_ = make_arguments(std::index_sequence_for<A...>{});
    static constexpr statement_info info_{text(),
                                          detail::cpp_type_name<Row>(),
                                          by_name(),
                                          sizeof...(Promises) > 0,
                                          std::span<const statement_column>{detail::row_columns<Row>::value},
                                          std::span<const statement_argument>{arguments_}};
    static inline const detail::statement_registration registered_{info_};
    using registers = detail::made_at_start<registered_>;
};

namespace detail {
template <class T>
inline constexpr bool is_typed_statement = false;
template <sql_text Text, class Signature, auto... Promises>
inline constexpr bool is_typed_statement<typed_statement<Text, Signature, Promises...>> = true;
} // namespace detail

/// Something made by `sql<…>`.
template <class T>
concept statement_of_program = detail::is_typed_statement<T>;

namespace detail {
template <class S>
concept statement_with_rows = statement_of_program<S> && !std::is_void_v<typename S::row_type>;
} // namespace detail

/// A statement that is written once, with the types of its row and its arguments:
///
///     inline constexpr auto find_by_email =
///         tusk::sql<"select id, email, name from users where email = {email}", user(std::string_view)>;
///     inline constexpr auto touch = tusk::sql<"update users set seen = now() where id = $1",
///     void(std::int64_t)>;
///
///     std::optional<user> u = co_await db.maybe(find_by_email, mail);
///     co_await db.exec(touch, u->id);
///
/// Number and types of the arguments are checked by the compiler; text, columns and the server's types by
/// `verify_statements` (docs/statements.md). The arguments of `{name}`s are given in the order in which the
/// names appear first. A statement that may bring NULLs by its tables' definitions, and does not by what it
/// says, is marked: `tusk::sql<"…", row(), tusk::never_null>`. Source: sqlx's `query!`.
template <sql_text Text, class Signature, auto... Promises>
inline constexpr typed_statement<Text, Signature, Promises...> sql{};

} // namespace tusk
