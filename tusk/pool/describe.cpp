#include <tusk/pool/describe.hpp>

namespace tusk {

std::string_view to_string(pool_description::connection_state s) noexcept {
    using state = pool_description::connection_state;
    switch (s) {
    case state::idle: return "idle";
    case state::leased: return "leased";
    case state::shared: return "shared";
    case state::looked_after: return "looked_after";
    }
    return "";
}

std::string_view to_string(breaker_state s) noexcept {
    switch (s) {
    case breaker_state::closed: return "closed";
    case breaker_state::open: return "open";
    case breaker_state::half_open: return "half_open";
    case breaker_state::forced_open: return "forced_open";
    case breaker_state::disabled: return "disabled";
    }
    return "";
}

} // namespace tusk
