#pragma once

#include <string_view>
#include <type_traits>
#include <vector>

#include <tusk/core/error.hpp>

/// Functions of a model that queries call. They are static members with exactly these signatures; another one
/// does not compile:
///
///     static tusk::failure before_insert(user& row, orm::hook_context& about);
///
/// A failure ends the call before anything is sent (the `before_…` ones) or comes out of it (the others).
namespace tusk::orm {

/// What a hook is told.
struct hook_context {
    std::string_view operation; ///< "insert", "select", "update", "delete"
    std::string_view table;
    void* user_data = nullptr; ///< Of `on(db).with(data)`.
};

namespace detail {

// A name of a base class hides behind one of a model: a lookup that is ambiguous found both.
#define TUSK_ORM_HOOK(hook)                                                                                  \
    struct name_of_##hook {                                                                                  \
        int hook;                                                                                            \
    };                                                                                                       \
    template <class T>                                                                                       \
    struct both_##hook : T, name_of_##hook {};                                                               \
    template <class T>                                                                                       \
    concept has_##hook = !requires { &both_##hook<T>::hook; };

TUSK_ORM_HOOK(before_insert)
TUSK_ORM_HOOK(after_insert)
TUSK_ORM_HOOK(before_update)
TUSK_ORM_HOOK(after_update)
TUSK_ORM_HOOK(before_delete)
TUSK_ORM_HOOK(after_delete)
TUSK_ORM_HOOK(before_select)
TUSK_ORM_HOOK(after_select)
#undef TUSK_ORM_HOOK

template <class T>
using row_hook = failure (*)(T&, hook_context&);
using query_hook = failure (*)(hook_context&);

template <class Wanted, class Found>
constexpr void check_hook(Found) {
    static_assert(
        std::is_same_v<Wanted, Found>,
        "tusk: a hook has another signature; before_insert, after_insert, before_update, after_update and "
        "after_select are static tusk::failure(T&, orm::hook_context&), before_select, before_delete and "
        "after_delete are static tusk::failure(orm::hook_context&)");
}

inline void throw_failed_hook(failure f, std::string_view name) {
    if (f) throw error{std::move(f.add_context(name))};
}

template <class T>
void call_before_insert(T& row, hook_context& about) {
    if constexpr (has_before_insert<T>) {
        check_hook<row_hook<T>>(&T::before_insert);
        throw_failed_hook(T::before_insert(row, about), "before_insert");
    }
}
template <class T>
void call_after_insert(T& row, hook_context& about) {
    if constexpr (has_after_insert<T>) {
        check_hook<row_hook<T>>(&T::after_insert);
        throw_failed_hook(T::after_insert(row, about), "after_insert");
    }
}
template <class T>
void call_before_update(T& row, hook_context& about) {
    if constexpr (has_before_update<T>) {
        check_hook<row_hook<T>>(&T::before_update);
        throw_failed_hook(T::before_update(row, about), "before_update");
    }
}
template <class T>
void call_after_update(T& row, hook_context& about) {
    if constexpr (has_after_update<T>) {
        check_hook<row_hook<T>>(&T::after_update);
        throw_failed_hook(T::after_update(row, about), "after_update");
    }
}
template <class T>
void call_before_delete(hook_context& about) {
    if constexpr (has_before_delete<T>) {
        check_hook<query_hook>(&T::before_delete);
        throw_failed_hook(T::before_delete(about), "before_delete");
    }
}
template <class T>
void call_after_delete(hook_context& about) {
    if constexpr (has_after_delete<T>) {
        check_hook<query_hook>(&T::after_delete);
        throw_failed_hook(T::after_delete(about), "after_delete");
    }
}
template <class T>
void call_before_select(hook_context& about) {
    if constexpr (has_before_select<T>) {
        check_hook<query_hook>(&T::before_select);
        throw_failed_hook(T::before_select(about), "before_select");
    }
}
template <class T>
void call_after_select(T& row, hook_context& about) {
    if constexpr (has_after_select<T>) {
        check_hook<row_hook<T>>(&T::after_select);
        throw_failed_hook(T::after_select(row, about), "after_select");
    }
}

template <class T>
inline constexpr bool selects_with_hooks = [] {
    if constexpr (std::is_void_v<T>)
        return false;
    else
        return has_before_select<T> || has_after_select<T>;
}();

} // namespace detail

} // namespace tusk::orm
