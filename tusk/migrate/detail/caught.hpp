#pragma once

#include <tusk/core/error.hpp>
#include <tusk/core/outcome.hpp>

namespace tusk::migrate::detail {

/// What `f` returns (a `result`), or the `tusk::error` that it throws.
template <class F>
auto caught(F f) -> decltype(f()) {
    try {
        return f();
    } catch (const error& e) {
        return failed<typename decltype(f())::value_type>(e.as_failure());
    }
}

} // namespace tusk::migrate::detail
