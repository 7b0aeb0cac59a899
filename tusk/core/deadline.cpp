#include <tusk/core/deadline.hpp>

namespace tusk {

namespace {

class real_clock_type final : public clock_source {
public:
    steady_clock::time_point now() const noexcept override { return steady_clock::now(); }
};

} // namespace

const clock_source& real_clock() noexcept {
    static const real_clock_type instance;
    return instance;
}

} // namespace tusk
