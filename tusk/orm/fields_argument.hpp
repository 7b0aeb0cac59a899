#pragma once

#include <cstddef>
#include <vector>

#include <tusk/core/recycled.hpp>
#include <tusk/types/array.hpp>

/// A column of rows as one argument, without a copy of its values.
namespace tusk {

namespace orm::detail {

/// The same member of many rows.
using field_pointers = std::vector<const void*, recycled<const void*>>;

/// Members of type F of many rows: an array that refers to them until it is encoded.
template <class F>
struct fields_argument {
    using shown_as = std::vector<F>; ///< In messages.

    class iterator {
    public:
        explicit iterator(const void* const* at) noexcept : at_{at} {}
        const F& operator*() const noexcept { return *static_cast<const F*>(*at_); }
        iterator& operator++() noexcept {
            ++at_;
            return *this;
        }
        friend bool operator==(iterator a, iterator b) noexcept { return a.at_ == b.at_; }

    private:
        const void* const* at_;
    };
    iterator begin() const noexcept { return iterator{fields.data()}; }
    iterator end() const noexcept { return iterator{fields.data() + fields.size()}; }

    field_pointers fields;
};

} // namespace orm::detail

/// Arguments only.
template <class F>
struct codec<orm::detail::fields_argument<F>> : detail::array_codec<F> {};

} // namespace tusk
