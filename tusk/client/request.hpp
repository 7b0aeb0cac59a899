#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tusk/client/options.hpp>
#include <tusk/client/type_lookup.hpp>
#include <tusk/protocol/pipeline.hpp>
#include <tusk/protocol/statement_cache.hpp>
#include <tusk/types/basic.hpp>
#include <tusk/types/codec.hpp>
#include <tusk/types/row.hpp>

namespace tusk {

namespace detail {

/// What an argument is kept as until the statement is described: views become owners.
template <class T>
struct owned_argument {
    using type = std::remove_cvref_t<T>;
};
template <>
struct owned_argument<std::string_view> {
    using type = std::string;
};
template <class T>
concept kept_by_codec = requires { typename codec<T>::owned; };
/// A codec of a view type names its owner as `owned` (a span's is a vector).
template <kept_by_codec T>
struct owned_argument<T> {
    using type = typename codec<T>::owned;
};
template <class T>
struct owned_argument<std::optional<T>> {
    using type = std::optional<typename owned_argument<T>::type>;
};
template <class... T>
struct owned_argument<std::tuple<T...>> {
    using type = std::tuple<typename owned_argument<parameter_type_t<T>>::type...>;
};
template <class A, class B>
struct owned_argument<std::pair<A, B>> {
    using type = std::pair<typename owned_argument<parameter_type_t<A>>::type,
                           typename owned_argument<parameter_type_t<B>>::type>;
};
template <class T>
using owned_argument_t = typename owned_argument<parameter_type_t<T>>::type;

template <class Owned, class T>
Owned own_argument(const T& value) {
    if constexpr (std::is_constructible_v<Owned, const T&>)
        return Owned(value);
    else if constexpr (is_optional<Owned>)
        return value ? Owned{own_argument<typename Owned::value_type>(*value)} : Owned{};
    else
        return Owned(value.begin(), value.end());
}

failure argument_failure(codec_errc code, std::size_t index, type_ref type, std::string_view cpp_type);
failure argument_count_failure(std::size_t wanted, std::size_t given);

/// Whether arguments of these types can be encoded without the catalog.
template <class... A, std::size_t... I>
bool need_no_look_up(const std::vector<oid_t>& types, std::index_sequence<I...>) noexcept {
    if (types.size() != sizeof...(A)) return true; // an error either way
    return ((ignores_type_info<parameter_type_t<A>> || types[I] < oid::first_assigned) && ...);
}

/// `find(type)` gives what is known about a parameter's type.
template <class Find, class... A, std::size_t... I>
failure encode_arguments(parameters& out, const std::vector<oid_t>& types, Find find,
                         std::index_sequence<I...>, const A&... args) {
    if (types.size() != sizeof...(A)) return argument_count_failure(types.size(), sizeof...(A));
    out.clear();
    failure f;
    [[maybe_unused]] const auto encode = [&]<class T>(std::size_t i, const T& value) {
        type_ref type = types[i];
        if constexpr (!ignores_type_info<parameter_type_t<T>>) type = find(types[i]);
        const auto code = encode_parameter(out, type, value);
        if (code == codec_errc::ok) [[likely]]
            return true;
        f = argument_failure(code, i, type, cpp_type_name<T>());
        return false;
    };
    static_cast<void>((encode(I, args) && ...));
    return f;
}

/// The same with what the call knows. A failure when types have to be looked up first.
template <class... A>
failure encode_arguments(parameters& out, const std::vector<oid_t>& types, call_types& known,
                         const A&... args) {
    using indices = std::index_sequence_for<A...>;
    if (need_no_look_up<A...>(types, indices{}))
        return encode_arguments(out, types, [](oid_t type) { return type_ref{type}; }, indices{}, args...);
    auto& scope = known.scope();
    const auto encode = [&] {
        return encode_arguments(out, types, [&](oid_t type) { return scope.find(type); }, indices{}, args...);
    };
    auto f = encode();
    if (f && f.code() == errc::type_mismatch && known.renew()) f = encode();
    return scope.unknown().empty() ? f : unknown_types_failure();
}

/// Arguments of a statement that nobody has described yet.
class deferred_arguments {
public:
    virtual ~deferred_arguments() = default;
    virtual failure encode(parameters& out, const std::vector<oid_t>& types, call_types& known) = 0;
};

template <class... Owned>
class deferred_arguments_of final : public deferred_arguments {
public:
    template <class... A>
    explicit deferred_arguments_of(std::in_place_t, const A&... args)
        : values_{own_argument<Owned>(args)...} {}
    failure encode(parameters& out, const std::vector<oid_t>& types, call_types& known) override {
        return std::apply([&](const auto&... v) { return encode_arguments(out, types, known, v...); },
                          values_);
    }

private:
    std::tuple<Owned...> values_;
};

} // namespace detail

/// One call of a verb: statement, arguments, options. The arguments are encoded when it is made, if the
/// statement is known and its parameters are of built-in types; otherwise they are copied, and encoded once
/// the server has described the types.
/// Nothing that the caller passed is referred to afterwards.
class request {
public:
    template <class... A>
    request(protocol::known_statement statement, const options& o, const A&... args)
        : known_{std::move(statement)}, options_{o}, count_{sizeof...(A)} {
        static_assert(sizeof...(A) <= 65535, "tusk: a statement takes at most 65,535 arguments");
        if (o.undescribed()) known_.description = nullptr;
        using indices = std::index_sequence_for<A...>;
        const bool now =
            known_.description && detail::need_no_look_up<A...>(known_.description->parameters, indices{});
        if (now) {
            failure_ = detail::encode_arguments(
                arguments_, known_.description->parameters, [](oid_t type) { return type_ref{type}; },
                indices{}, args...);
            encoded_for_ = known_.description.get();
        }
        if constexpr (sizeof...(A) > 0)
            if (!now)
                deferred_ = std::make_unique<detail::deferred_arguments_of<detail::owned_argument_t<A>...>>(
                    std::in_place, args...);
    }
    /// A call that fails before anything is sent.
    static request refused(protocol::known_statement statement, const options& o, failure why) {
        auto out = deferred(std::move(statement), o, nullptr, 0);
        out.failure_ = std::move(why);
        return out;
    }
    /// With arguments that are encoded when the server's types are known.
    static request deferred(protocol::known_statement statement, const options& o,
                            std::unique_ptr<detail::deferred_arguments> arguments, std::size_t count) {
        auto description = std::exchange(statement.description, nullptr);
        request out{std::move(statement), o};
        out.known_.description = std::move(description);
        out.deferred_ = std::move(arguments);
        out.count_ = count;
        return out;
    }
    /// The same, encoded at once when the statement is known and its parameters are of built-in types.
    /// `Arguments` are `detail::deferred_arguments` that say `needs_catalog(types)`.
    template <class Arguments>
    static request with(protocol::known_statement statement, const options& o, Arguments arguments,
                        std::size_t count) {
        auto out = deferred(std::move(statement), o, nullptr, count);
        const auto* d = out.known_.description.get();
        if (d == nullptr || o.undescribed() || arguments.needs_catalog(d->parameters)) {
            out.deferred_ = std::make_unique<Arguments>(std::move(arguments));
        } else {
            detail::call_types nothing;
            out.failure_ = arguments.encode(out.arguments_, d->parameters, nothing);
            out.encoded_for_ = d;
        }
        return out;
    }
    request(request&&) noexcept = default;
    request& operator=(request&&) noexcept = default;

    const protocol::statement_ptr& text() const noexcept { return known_.text; }
    const protocol::description_ptr& known_description() const noexcept { return known_.description; }
    const options& call_options() const noexcept { return options_; }
    /// Tightens the deadline: part of the time is already spent.
    void limit(deadline until) noexcept { options_.until(until); }
    std::uint16_t argument_count() const noexcept { return static_cast<std::uint16_t>(count_); }
    /// What went wrong while encoding, before anything was sent.
    failure take_failure() { return std::exchange(failure_, failure{}); }
    /// The encoded arguments for a statement described like this.
    failure arguments_for(const protocol::description_ptr& description, wire::bound_values& out,
                          detail::call_types& types);
    failure arguments_for(const protocol::description_ptr& description, wire::bound_values& out) {
        detail::call_types nothing;
        return arguments_for(description, out, nothing);
    }
    /// The arguments as text, for a statement that nobody describes.
    failure text_arguments(wire::bound_values& out);

private:
    protocol::known_statement known_;
    options options_;
    parameters arguments_;
    const protocol::statement_description* encoded_for_ = nullptr;
    protocol::description_ptr keep_alive_; ///< Of `encoded_for_`: another one must not get its address.
    std::unique_ptr<detail::deferred_arguments> deferred_;
    failure failure_;
    std::size_t count_ = 0;
};

/// A sink that chooses result formats for what it makes of the rows.
class client_sink : public protocol::reply_sink {
public:
    /// Called with the statement's description before anything is bound.
    virtual failure prepare(const protocol::description_ptr& description,
                            std::span<const std::int16_t>& formats) = 0;
    /// The result was not described before: it comes as text.
    void on_columns(const std::vector<wire::column_description>& columns) final;
    /// What the call knows about types, for `prepare`; outlives it. A sink around another one passes it on.
    void use_types(detail::call_types* types) noexcept { types_ = types; }
    void on_complete(const wire::command_tag& tag) override;
    failure take_failure() override { return std::exchange(failure_, failure{}); }
    /// Forgets what came: the statement is executed once more. False when something cannot be undone.
    virtual bool restart() { return false; }
    /// Affected or returned rows, by the command tag.
    std::uint64_t row_count() const noexcept { return rows_; }
    /// First word of the command tag.
    std::string_view command() const noexcept { return {command_, command_size_}; }

protected:
    bool has_failed() const noexcept { return static_cast<bool>(failure_); }
    failure failure_; ///< The first thing that went wrong on this side; rows are ignored from then on.
    detail::call_types* types() const noexcept { return types_; }

private:
    detail::call_types* types_ = nullptr;
    protocol::description_ptr text_description_; ///< Of the result that comes as text.
    std::uint64_t rows_ = 0;
    char command_[16] = {};
    std::size_t command_size_ = 0;
};

} // namespace tusk
