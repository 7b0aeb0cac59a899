#include <tusk/client/notification.hpp>

#include <algorithm>
#include <string>

namespace tusk {

void gap::absorb(gap&& later) {
    if (later.cause_ == cause::connection_lost) cause_ = cause::connection_lost;
    since_ = std::min(since_, later.since_);
    reason_ = std::move(later.reason_);
    dropped_ += later.dropped_;
}

namespace detail {

failure check_channel(std::string_view channel) {
    const auto wrong = [](std::string what) { return failure{errc::invalid_argument, std::move(what)}; };
    if (channel.empty()) return wrong("a notification channel needs a name");
    if (channel.size() > max_channel_size)
        return wrong("the channel name \"" + std::string{channel.substr(0, 20)} + "…\" has " +
                     std::to_string(channel.size()) + " bytes; at most 63 are possible");
    if (channel.find('\0') != std::string_view::npos) return wrong("a channel name holds no NUL");
    return {};
}

failure check_notification(std::string_view channel, std::string_view payload) {
    if (auto f = check_channel(channel)) return f;
    if (payload.size() > max_payload_size)
        return failure{errc::invalid_argument,
                       "the notification for \"" + std::string{channel} + "\" has a payload of " +
                           std::to_string(payload.size()) +
                           " bytes; at most 7,999 are possible: store the data and send its key"};
    return {};
}

} // namespace detail

} // namespace tusk
