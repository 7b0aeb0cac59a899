#include <tusk/testing/fault_command.hpp>

#include <charconv>
#include <optional>
#include <sstream>
#include <vector>

namespace tusk::testing {

namespace {

using words = std::vector<std::string>;
using std::chrono::milliseconds;

failure wrong(const std::string& why) { return failure{errc::invalid_argument, why}; }

std::optional<std::uint64_t> number_in(std::string_view text, int base = 10) {
    std::uint64_t value = 0;
    const auto end = text.data() + text.size();
    const auto done = std::from_chars(text.data(), end, value, base);
    if (text.empty() || done.ec != std::errc{} || done.ptr != end) return std::nullopt;
    return value;
}

/// "20ms", "2s", "20"
std::optional<milliseconds> time_in(std::string_view text) {
    milliseconds unit{1};
    if (text.ends_with("ms")) {
        text.remove_suffix(2);
    } else if (text.ends_with("s")) {
        text.remove_suffix(1);
        unit = milliseconds{1000};
    }
    const auto value = number_in(text);
    if (!value || *value > 86'400'000) return std::nullopt;
    return unit * static_cast<std::int64_t>(*value);
}

/// "100", "64KB", "2MB"
std::optional<std::uint64_t> size_in(std::string_view text) {
    std::uint64_t unit = 1;
    for (const auto& [suffix, size] : {std::pair{"KB", 1000U}, std::pair{"MB", 1'000'000U}})
        if (text.ends_with(suffix)) {
            text.remove_suffix(2);
            unit = size;
        }
    const auto value = number_in(text);
    return value ? std::optional{*value * unit} : std::nullopt;
}

/// What is to happen at a place: the words after it.
failure strike(fault_cut& at, const words& w, std::size_t i) {
    const std::string verb = i < w.size() ? w[i] : "";
    if (verb == "reset" || verb == "cut")
        at.reset();
    else if (verb == "close" || verb == "half_close")
        at.close();
    else if (verb == "stop")
        at.stop();
    else
        return wrong("what is to happen is one of reset, close, stop");
    return {};
}

failure strike(fault_point& at, const words& w, std::size_t i) {
    const std::string verb = i < w.size() ? w[i] : "";
    const std::string more = i + 1 < w.size() ? w[i + 1] : "";
    if (verb == "drop")
        at.drop();
    else if (verb == "duplicate")
        at.duplicate();
    else if (verb == "swap")
        at.swap_with_next();
    else if (verb == "delay") {
        const auto time = time_in(more);
        if (!time) return wrong("delay needs a time: 20ms");
        at.delay(*time);
    } else if (verb == "corrupt" || verb == "flip") {
        const auto mask = more.empty() ? std::optional<std::uint64_t>{0xff} : number_in(more, 16);
        if (!mask || *mask > 0xff) return wrong("corrupt takes the bits to flip in hexadecimal: ff");
        at.flip(static_cast<std::uint8_t>(*mask));
    } else if (verb == "reset" || verb == "cut" || verb == "close" || verb == "half_close" ||
               verb == "stop") {
        return strike(static_cast<fault_cut&>(at), w, i);
    } else {
        return wrong("what is to happen is one of reset, close, stop, drop, duplicate, swap, delay TIME, "
                     "corrupt [BITS]");
    }
    return {};
}

/// `at_message C [k] …`, `after_message C [k] …`: with the number, or without.
failure at_message(fault_link& link, const words& w, std::size_t i) {
    if (i + 1 >= w.size() || w[i + 1].size() != 1)
        return wrong(w[i] + " needs a type of messages, one letter");
    const char type = w[i + 1][0];
    std::size_t next = i + 2;
    std::uint64_t k = 1;
    if (next < w.size())
        if (const auto number = number_in(w[next])) {
            k = *number;
            ++next;
        }
    if (w[i] == "after_message") {
        auto place = link.after_message(type, k);
        return strike(place, w, next);
    }
    auto place = link.at_message(type, k);
    return strike(place, w, next);
}

failure on_link(fault_link link, const words& w, std::size_t i) {
    const auto& verb = w[i];
    const std::string first = i + 1 < w.size() ? w[i + 1] : "";
    const std::string second = i + 2 < w.size() ? w[i + 2] : "";
    if (verb == "latency") {
        const auto time = time_in(first);
        const auto jitter = second.empty() ? std::optional{milliseconds{0}} : time_in(second);
        if (!time || !jitter) return wrong("latency needs a time and may have a jitter: latency 20ms 5ms");
        link.latency(*time, *jitter);
    } else if (verb == "bandwidth") {
        const auto size = size_in(first);
        if (!size) return wrong("bandwidth needs bytes a second: bandwidth 64KB");
        link.bandwidth(*size);
    } else if (verb == "pieces") {
        const auto size = size_in(first);
        const auto pause = second.empty() ? std::optional{milliseconds{0}} : time_in(second);
        if (!size || !pause) return wrong("pieces needs a size and may have a pause: pieces 7 1ms");
        link.pieces(static_cast<std::size_t>(*size), *pause);
    } else if (verb == "merge") {
        const auto window = time_in(first);
        if (!window) return wrong("merge needs a time: merge 5ms");
        link.merge(*window);
    } else if (verb == "stop" || verb == "blackhole") {
        link.stop();
    } else if (verb == "resume") {
        link.resume();
    } else if (verb == "heal") {
        link.heal();
    } else if (verb == "at_byte") {
        const auto offset = size_in(first);
        if (!offset) return wrong("at_byte needs a number and what is to happen: at_byte 100 reset");
        auto place = link.at_byte(*offset);
        return strike(place, w, i + 2);
    } else if (verb == "at_message" || verb == "after_message") {
        return at_message(link, w, i);
    } else {
        return wrong("there is no command `" + verb +
                     "`: latency, bandwidth, pieces, merge, stop, resume, heal, at_byte, at_message, "
                     "after_message, arrivals, cut, hang_up");
    }
    return {};
}

failure set_arrivals(fault_proxy& proxy, const std::string& how) {
    for (const auto& [name, what] : {std::pair{"forward", arrival::forward},
                                     std::pair{"refuse", arrival::refuse}, std::pair{"close", arrival::close},
                                     std::pair{"reset", arrival::reset}, std::pair{"hold", arrival::hold}})
        if (how == name) {
            proxy.arrivals(what);
            return {};
        }
    return wrong("arrivals is one of forward, refuse, close, reset, hold");
}

failure obey_words(fault_proxy& proxy, const words& w) {
    if (w.empty()) return {};
    if (w[0] == "to_client" || w[0] == "to_server") {
        if (w.size() < 2) return wrong(w[0] + " needs a command");
        return on_link(w[0] == "to_client" ? proxy.to_client() : proxy.to_server(), w, 1);
    }
    if (w[0] == "arrivals") return set_arrivals(proxy, w.size() == 2 ? w[1] : "");
    if (w[0] == "refuse") return set_arrivals(proxy, "refuse");
    if (w[0] == "cut") return proxy.cut(), failure{};
    if (w[0] == "hang_up") return proxy.hang_up(), failure{};
    if (w[0] == "heal") return proxy.heal(), failure{};
    if (auto problem = on_link(proxy.to_server(), w, 0)) return problem;
    return on_link(proxy.to_client(), w, 0);
}

std::string link_as_json(const link_counts& link) {
    std::string messages;
    for (const auto& [type, count] : link.messages)
        messages += (messages.empty() ? "\"" : ",\"") + std::string(1, type) + "\":" + std::to_string(count);
    return "{\"received\":" + std::to_string(link.received) +
           ",\"forwarded\":" + std::to_string(link.forwarded) +
           ",\"hang_ups\":" + std::to_string(link.hang_ups) + ",\"messages\":{" + messages + "}}";
}

} // namespace

result<void> apply_fault(fault_proxy& proxy, std::string_view command) {
    std::istringstream in{std::string{command}};
    words w;
    for (std::string word; in >> word;) w.push_back(word);
    if (auto problem = obey_words(proxy, w)) return problem;
    return {};
}

std::string counts_as_json(const fault_counts& counts) {
    return "{\"connections\":" + std::to_string(counts.connections) +
           ",\"open\":" + std::to_string(counts.open) +
           ",\"unreachable\":" + std::to_string(counts.unreachable) +
           ",\"faults\":" + std::to_string(counts.faults) +
           ",\"to_server\":" + link_as_json(counts.to_server) +
           ",\"to_client\":" + link_as_json(counts.to_client) + "}";
}

} // namespace tusk::testing
