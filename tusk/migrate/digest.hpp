#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace tusk::migrate {

/// SHA-256 that goes on: `base64()` may be asked for after each `add`.
class digest {
public:
    digest();
    digest(digest&&) noexcept;
    digest& operator=(digest&&) noexcept;
    ~digest();

    digest& add(std::string_view bytes);
    /// Of everything so far, in standard base64.
    std::string base64() const;

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace tusk::migrate
