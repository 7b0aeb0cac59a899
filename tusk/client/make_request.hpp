#pragma once

#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include <tusk/client/named_arguments.hpp>
#include <tusk/client/request.hpp>

namespace tusk::detail {

/// Arguments that were given in another order than the statement's.
template <class... Owned>
class named_arguments_of final : public deferred_arguments {
public:
    template <class... A>
    named_arguments_of(std::vector<std::size_t> order, const A&... args)
        : order_{std::move(order)}, values_{own_argument<Owned>(args)...} {}

    failure encode(parameters& out, const std::vector<oid_t>& types, call_types& known) override {
        if (types.size() != order_.size()) return argument_count_failure(types.size(), order_.size());
        out.clear();
        for (std::size_t i = 0; i < order_.size(); ++i) {
            auto f = encode_one(out, i, types[i], known, std::index_sequence_for<Owned...>{});
            if (f && !known.has_unknown()) return f;
        }
        return known.has_unknown() ? unknown_types_failure() : failure{};
    }

private:
    template <std::size_t... I>
    failure encode_one(parameters& out, std::size_t number, oid_t of, call_types& known,
                       std::index_sequence<I...>) {
        failure f;
        const auto encode = [&]<class T>(const T& value) {
            type_ref type = of;
            if constexpr (!ignores_type_info<parameter_type_t<T>>)
                if (of >= oid::first_assigned) type = known.scope().find(of);
            const auto code = encode_parameter(out, type, value);
            if (code != codec_errc::ok) f = argument_failure(code, number, type, cpp_type_name<T>());
        };
        static_cast<void>(((I == order_[number] ? (encode(std::get<I>(values_)), true) : false) || ...));
        return f;
    }

    std::vector<std::size_t> order_; ///< Which value is `$1`, `$2`, …
    std::tuple<Owned...> values_;
};

template <class T>
using named_value_t = std::remove_cvref_t<decltype(std::declval<const T&>().value())>;

/// The request of a verb's call. Arguments with names make the statement another text.
template <class Executor, class... A>
request make_request(Executor& on, const options& o, std::string_view sql, const A&... args) {
    if constexpr ((is_named<A> || ...)) {
        static_assert((is_named<A> && ...), "tusk: either all arguments of a call have names, or none");
        auto written = rewrite_named(sql);
        if (!written) return request::refused(on.intern(sql), o, written.error());
        auto order = match_named(*written, {args.name()...});
        if (!order) return request::refused(on.intern(sql), o, order.error());
        const auto count = order->size();
        using values = named_arguments_of<owned_argument_t<named_value_t<A>>...>;
        return request::deferred(on.intern(written->text), o,
                                 std::make_unique<values>(std::move(*order), args.value()...), count);
    } else {
        return request{on.intern(sql), o, args...};
    }
}

} // namespace tusk::detail
