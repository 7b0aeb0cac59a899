#include <tusk/observe/detail/delivery.hpp>

#include <algorithm>

namespace tusk::observe::detail {

namespace {

bool may_be_repeated(int status) noexcept {
    return status == 429 || status == 502 || status == 503 || status == 504;
}

} // namespace

void delivery::begin(std::string body, std::size_t items, time_point now, time_point give_up) {
    body_ = std::move(body);
    items_ = items;
    attempts_ = 0;
    due_ = now;
    give_up_ = give_up;
}

delivery::duration delivery::pause() const {
    const auto full = std::min(first_pause * (1U << std::min(attempts_ - 1, 5U)), longest_pause);
    return full / 2 + std::chrono::duration_cast<duration>(full / 2 * random_());
}

delivered delivery::answered(const result<http_answer>& answer, time_point now) {
    ++attempts_;
    const bool taken = answer && answer->status >= 200 && answer->status < 300;
    if (taken || (answer && !may_be_repeated(answer->status))) {
        body_.reset();
        return taken ? delivered::taken : delivered::refused;
    }
    due_ = now + (answer && answer->retry_after ? duration{*answer->retry_after} : pause());
    if (due_ < give_up_) return delivered::again;
    body_.reset();
    return delivered::given_up;
}

} // namespace tusk::observe::detail
