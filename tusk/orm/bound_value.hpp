#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <tusk/client/request.hpp>
#include <tusk/core/recycled.hpp>

namespace tusk::orm {

namespace detail {

/// Appends `text` as an SQL string constant: for reading, never for sending.
void append_quoted(std::string& out, std::string_view text);

/// The value as it would stand in the text of a statement.
template <class T>
void append_literal(std::string& out, const T& value) {
    using U = tusk::detail::parameter_type_t<T>;
    if constexpr (tusk::detail::is_null_literal<U>) {
        out += "NULL";
    } else if constexpr (is_optional<U>) {
        if (value)
            append_literal(out, *value);
        else
            out += "NULL";
    } else if constexpr (std::is_same_v<U, bool>) {
        out += value ? "TRUE" : "FALSE";
    } else {
        value_sink sink;
        static_cast<void>(codec<U>::encode_text(sink, codec<U>::natural, value));
        const auto bytes = sink.bytes();
        const std::string_view text{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
        const bool plain = std::is_arithmetic_v<U> && !text.empty() &&
                           text.find_first_not_of("0123456789+-.e") == std::string_view::npos;
        if (!plain) return append_quoted(out, text);
        if (text.front() == '-' && !out.empty() && out.back() == '-') out += ' '; // not a comment
        out += text;
    }
}

/// What error messages call an argument.
template <class T>
constexpr std::string_view shown_type() {
    if constexpr (requires { typename T::shown_as; })
        return tusk::detail::cpp_type_name<typename T::shown_as>();
    else
        return tusk::detail::cpp_type_name<T>();
}

} // namespace detail

/// One argument of a statement, of a type that is forgotten: what it can do is to be encoded for a parameter
/// and to be shown. Owns its value; small ones live inside.
class bound_value {
public:
    template <class T>
        requires(!std::is_same_v<std::remove_cvref_t<T>, bound_value>)
    explicit bound_value(const T& value) {
        using owned = tusk::detail::owned_argument_t<T>;
        static_assert(has_codec<typename tusk::detail::value_type_of<owned>::type> ||
                          tusk::detail::is_null_literal<owned>,
                      "tusk: an argument's type has no codec; specialise tusk::codec<T> (docs/types.md) or "
                      "include the header that has it, such as <tusk/types/json.hpp>");
        emplace(tusk::detail::own_argument<owned>(value));
    }
    bound_value(bound_value&& other) noexcept : ops_{other.ops_} { ops_->move(store_, other.store_); }
    bound_value(const bound_value& other) : ops_{other.ops_} { ops_->copy(store_, other.store_); }
    bound_value& operator=(bound_value&& other) noexcept {
        if (this != &other) {
            ops_->destroy(store_);
            ops_ = other.ops_;
            ops_->move(store_, other.store_);
        }
        return *this;
    }
    bound_value& operator=(const bound_value& other) {
        bound_value copy{other};
        return *this = std::move(copy);
    }
    ~bound_value() { ops_->destroy(store_); }

    codec_errc encode(parameters& out, type_ref type) const { return ops_->encode(out, type, store_); }
    std::string_view cpp_type() const noexcept { return ops_->cpp_type; }
    /// Encoding needs nothing of the catalog.
    bool ignores_type_info() const noexcept { return ops_->ignores_type_info; }
    /// The value as an SQL literal, for logs and tests.
    void append_literal(std::string& out) const { ops_->literal(out, store_); }

private:
    struct operations {
        codec_errc (*encode)(parameters&, type_ref, const void*);
        void (*literal)(std::string&, const void*);
        void (*copy)(void*, const void*);
        void (*move)(void*, void*) noexcept;
        void (*destroy)(void*) noexcept;
        std::string_view cpp_type;
        bool ignores_type_info;
    };
    static constexpr std::size_t inline_size = 40;
    template <class T>
    static constexpr bool fits = sizeof(T) <= inline_size && alignof(T) <= alignof(std::max_align_t) &&
                                 std::is_nothrow_move_constructible_v<T>;

    template <class T>
    static const T& at(const void* store) noexcept {
        if constexpr (fits<T>)
            return *std::launder(static_cast<const T*>(store));
        else
            return **std::launder(static_cast<T* const*>(store));
    }
    template <class T>
    static void put(void* store, T value) {
        if constexpr (fits<T>)
            ::new (store) T(std::move(value));
        else
            ::new (store) T*(new T(std::move(value)));
    }
    template <class T>
    static const operations* operations_of() noexcept {
        static constexpr operations all{
            [](parameters& out, type_ref type, const void* store) {
                return encode_parameter(out, type, at<T>(store));
            },
            [](std::string& out, const void* store) { detail::append_literal(out, at<T>(store)); },
            [](void* to, const void* from) { put<T>(to, T(at<T>(from))); },
            [](void* to, void* from) noexcept {
                if constexpr (fits<T>)
                    ::new (to) T(std::move(*std::launder(static_cast<T*>(from))));
                else
                    ::new (to) T*(std::exchange(*std::launder(static_cast<T**>(from)), nullptr));
            },
            [](void* store) noexcept {
                if constexpr (fits<T>)
                    std::launder(static_cast<T*>(store))->~T();
                else
                    delete *std::launder(static_cast<T**>(store));
            },
            detail::shown_type<T>(),
            tusk::detail::ignores_type_info<T>};
        return &all;
    }
    template <class T>
    void emplace(T value) {
        put<T>(store_, std::move(value));
        ops_ = operations_of<T>();
    }

    const operations* ops_;
    alignas(std::max_align_t) std::byte store_[inline_size];
};

/// The arguments of a statement that is being built.
using value_list = std::vector<bound_value, recycled<bound_value>>;

/// The arguments of a built statement, as requests and batches take them.
class bound_arguments final : public tusk::detail::deferred_arguments {
public:
    explicit bound_arguments(value_list values) noexcept : values_{std::move(values)} {}
    failure encode(parameters& out, const std::vector<oid_t>& types,
                   tusk::detail::call_types& known) override;
    /// Whether types of these parameters have to be looked up first.
    bool needs_catalog(const std::vector<oid_t>& types) const noexcept;

private:
    template <class Find>
    failure encode_all(parameters& out, const std::vector<oid_t>& types, Find find) const;
    value_list values_;
};

} // namespace tusk::orm
