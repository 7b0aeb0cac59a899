#pragma once

#include <array>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tusk/orm/column.hpp>
#include <tusk/orm/naming.hpp>
#include <tusk/types/reflect.hpp>

/// How a plain struct is a table. A model says so by a member type:
///
///     struct user {
///         std::int64_t id = 0;
///         std::string name;
///         std::optional<std::string> email;
///         using tusk_table = orm::table<"users", "u", orm::col<&user::id, orm::pk, orm::identity>,
///                                       orm::col<&user::name>, orm::col<&user::email, orm::unique>>;
///     };
///
/// A struct without it is a model, too: the table is the plural of its name in snake_case, every member a
/// column. Nothing is registered, nothing is made at run time.
namespace tusk::orm {

/// One member and what is said about it.
template <auto Member, auto... Options>
struct col {};
/// The columns of a member that is a struct, with a prefix before their names.
template <auto Member, sql_text Prefix = "">
struct embed {};
/// What is read in place of the table: a view, or an expression in parentheses.
template <sql_text Source>
struct select_from {};
/// A table: its name (with a schema before a dot, or empty for the plural of the struct's name), its alias
/// (or empty for the struct's name), and its parts.
template <sql_text Name, sql_text Alias, class... Parts>
struct table {};

namespace detail {

template <class...>
struct type_list {};
template <class... Lists>
struct concatenated;
template <>
struct concatenated<> {
    using type = type_list<>;
};
template <class... A>
struct concatenated<type_list<A...>> {
    using type = type_list<A...>;
};
template <class... A, class... B, class... Rest>
struct concatenated<type_list<A...>, type_list<B...>, Rest...>
    : concatenated<type_list<A..., B...>, Rest...> {};

template <class>
struct member_of;
template <class Owner, class Field>
struct member_of<Field Owner::*> {
    using owner = Owner;
    using field = Field;
};
template <auto Member>
using owner_of = typename member_of<std::remove_cv_t<decltype(Member)>>::owner;
template <auto Member>
using field_of = typename member_of<std::remove_cv_t<decltype(Member)>>::field;

/// The ways to a field of a row.
template <auto Member>
struct by_member {
    using owner = owner_of<Member>;
    using field = field_of<Member>;
    static consteval std::string_view cpp_name() { return tusk::detail::name_of_pointer<Member>(); }
    static field& get(owner& row) noexcept { return row.*Member; }
};
template <class T, std::size_t I>
struct by_place {
    using owner = T;
    using field = std::remove_reference_t<std::tuple_element_t<I, tusk::detail::member_tuple<T>>>;
    static consteval std::string_view cpp_name() { return tusk::detail::member_names_v<T>[I]; }
    static field& get(owner& row) noexcept { return std::get<I>(tusk::detail::tie_members(row)); }
};
template <auto Outer, class Inner>
struct by_way_of {
    using owner = owner_of<Outer>;
    using field = typename Inner::field;
    static field& get(owner& row) noexcept { return Inner::get(row.*Outer); }
};

// Everything here is worked out anew for each column of each model: what costs the compiler little is a plain
// loop, a consteval function in place of a constant, and a symbol that is short.

template <class Getter>
inline constexpr made_name snake_name = underscore(Getter::cpp_name());
/// The member's name in snake_case.
template <class Getter>
consteval std::string_view member_column_name() {
    constexpr bool made = has_upper(Getter::cpp_name());
    if constexpr (made)
        return snake_name<Getter>.view();
    else
        return Getter::cpp_name();
}

template <class Getter>
void* field_at(void* row) noexcept {
    return &Getter::get(*static_cast<typename Getter::owner*>(row));
}

template <auto... Options>
consteval column_settings settings_of() {
    column_settings s;
    (Options.apply(s), ...);
    return s;
}

template <class Getter, class Name, auto... Options>
struct column_entry {
    using getter = Getter;
    using field = typename Getter::field;
    static consteval column_info info() {
        constexpr column_settings s = settings_of<Options...>();
        constexpr bool is_soft_delete = (s.flags & static_cast<std::uint32_t>(column_flag::soft_delete)) != 0;
        static_assert(!is_soft_delete || is_optional<field>,
                      "tusk: a soft_delete column has to be a std::optional");
        return {Name::view(),     s.type,  s.default_sql,
                s.unique_group,   s.flags, &operations_for<field>::value,
                &field_at<Getter>};
    }
};

template <class Getter, auto... Options>
struct own_name {
    static consteval std::string_view view() {
        constexpr auto said = settings_of<Options...>().name;
        if constexpr (said.size() == 0)
            return member_column_name<Getter>();
        else
            return said;
    }
};
template <sql_text Prefix, class Entry>
struct prefixed_name {
    static constexpr made_name value = [] {
        made_name out;
        out.put(Prefix.view());
        out.put(Entry::info().name);
        return out;
    }();
    static consteval std::string_view view() { return value.view(); }
};

template <class T>
struct entries_of;

/// The entries of an embedded struct, seen from outside.
template <auto Member, sql_text Prefix, class List>
struct embedded;
template <auto Member, sql_text Prefix, class Getter, class Name, auto... Options>
auto seen_from_outside(column_entry<Getter, Name, Options...>)
    -> column_entry<by_way_of<Member, Getter>, prefixed_name<Prefix, column_entry<Getter, Name, Options...>>,
                    Options...>;
template <auto Member, sql_text Prefix, class... Entries>
struct embedded<Member, Prefix, type_list<Entries...>> {
    using type = type_list<decltype(seen_from_outside<Member, Prefix>(Entries{}))...>;
};

template <class Part>
struct entries_of_part {
    using type = type_list<>;
};
template <auto Member, auto... Options>
struct entries_of_part<col<Member, Options...>> {
    using getter = by_member<Member>;
    using type = type_list<column_entry<getter, own_name<getter, Options...>, Options...>>;
};
template <auto Member, sql_text Prefix>
struct entries_of_part<embed<Member, Prefix>> {
    using type = typename embedded<Member, Prefix, typename entries_of<field_of<Member>>::type>::type;
};

template <class T>
concept described = requires { typename T::tusk_table; };

template <class Table>
struct table_parts;
template <sql_text Name, sql_text Alias, class... Parts>
struct table_parts<table<Name, Alias, Parts...>> {
    static constexpr auto name = Name;
    static constexpr auto alias = Alias;
    using entries = typename concatenated<typename entries_of_part<Parts>::type...>::type;

    template <sql_text Source>
    static constexpr std::string_view source_of(select_from<Source>) {
        return text_option<&column_settings::name, Source>::kept.view();
    }
    template <class Other>
    static constexpr std::string_view source_of(Other) {
        return {};
    }
    static constexpr std::string_view select_source = [] {
        std::string_view found;
        ((found = source_of(Parts{}).empty() ? found : source_of(Parts{})), ...);
        return found;
    }();
};

template <class T>
    requires described<T>
struct entries_of<T> {
    using type = typename table_parts<typename T::tusk_table>::entries;
};
template <class T, std::size_t... I>
auto entries_by_place(std::index_sequence<I...>)
    -> type_list<column_entry<by_place<T, I>, own_name<by_place<T, I>>>...>;
template <class T>
    requires(!described<T> && std::is_aggregate_v<T>)
struct entries_of<T> {
    using type = decltype(entries_by_place<T>(std::make_index_sequence<tusk::detail::member_count<T>()>{}));
};

template <class... Entries>
consteval auto columns_from(type_list<Entries...>) {
    static_assert(sizeof...(Entries) > 0, "tusk: a model needs at least one column");
    return std::array<column_info, sizeof...(Entries)>{Entries::info()...};
}

template <class T>
inline constexpr auto columns_of = columns_from(typename entries_of<T>::type{});

template <std::size_t I, class... Entries>
auto pick_entry(type_list<Entries...>) -> std::tuple_element_t<I, std::tuple<Entries...>>;
template <class T, std::size_t I>
using entry_at = decltype(pick_entry<I>(typename entries_of<T>::type{}));

template <std::size_t N>
consteval bool are_distinct(const std::array<column_info, N>& columns) {
    const column_info* all = columns.data();
    for (std::size_t i = 1; i < N; ++i) {
        const std::string_view name = all[i].name;
        const std::size_t size = name.size();
        for (std::size_t j = 0; j < i; ++j)
            if (all[j].name.size() == size && all[j].name == name) return false;
    }
    return true;
}

template <class T>
constexpr bool names_itself() {
    if constexpr (described<T>) {
        const std::string_view name = table_parts<typename T::tusk_table>::name.view();
        return name.size() != 0 && name.back() != '.';
    } else {
        return false;
    }
}
template <class T>
constexpr bool has_own_alias() {
    if constexpr (described<T>)
        return table_parts<typename T::tusk_table>::alias.view().size() != 0;
    else
        return false;
}

template <class T>
constexpr table_info make_table() {
    static_assert(are_distinct(columns_of<T>), "tusk: two columns of a model have the same name");
    table_info t{};
    t.type_name = bare_type_name<T>();
    if constexpr (described<T>) {
        using parts = table_parts<typename T::tusk_table>;
        std::string_view name = parts::name.view();
        if (const auto dot = place_of(name, '.'); dot != std::string_view::npos) {
            t.schema = name.substr(0, dot);
            name = name.substr(dot + 1);
        }
        t.name = name;
        t.alias = parts::alias.view();
        t.select_source = parts::select_source;
    }
    if constexpr (!names_itself<T>()) t.name = plural_name<T>.view();
    if constexpr (!has_own_alias<T>()) t.alias = singular_name<T>.view();
    t.columns = columns_of<T>;
    return t;
}

} // namespace detail

/// A plain struct that is a table, described or not.
template <class T>
concept model = std::is_class_v<T> && std::is_aggregate_v<T> && !tusk::detail::is_tuple<T>;

/// What the compiler knows about a model's table.
template <model T>
inline constexpr table_info table_of = detail::make_table<T>();

namespace detail {

template <class Getter, class List>
struct index_of_getter;
template <class Getter, class... Entries>
struct index_of_getter<Getter, type_list<Entries...>> {
    static constexpr std::size_t value = [] {
        constexpr bool same[] = {std::is_same_v<Getter, typename Entries::getter>...};
        for (std::size_t i = 0; i < sizeof...(Entries); ++i)
            if (same[i]) return i;
        return sizeof...(Entries);
    }();
};

/// The place of a member among a model's columns.
template <class T, auto Member>
constexpr std::size_t column_index() {
    static_assert(std::is_same_v<T, owner_of<Member>>, "tusk: the column belongs to another model");
    if constexpr (described<T>) {
        constexpr auto at = index_of_getter<by_member<Member>, typename entries_of<T>::type>::value;
        static_assert(at < table_of<T>.columns.size(), "tusk: the member is not a column of its model");
        return at;
    } else {
        constexpr auto names = tusk::detail::member_names_v<T>;
        constexpr auto wanted = tusk::detail::name_of_pointer<Member>();
        std::size_t at = 0;
        while (names[at] != wanted) ++at;
        return at;
    }
}

} // namespace detail

/// The column of a member: `column_of<&user::email>.name`.
template <auto Member>
inline constexpr const column_info& column_of =
    table_of<detail::owner_of<Member>>.columns[detail::column_index<detail::owner_of<Member>, Member>()];

} // namespace tusk::orm
