#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <tusk/core/deadline.hpp>
#include <tusk/testing/detail/conversation.hpp>

namespace tusk::testing::detail {

enum class fault_kind : std::uint8_t {
    drop,
    duplicate,
    swap,
    delay,
    replace,
    flip,
    insert,
    reset, ///< This and the following ones cut.
    close,
    stop,
};
inline bool cuts(fault_kind kind) noexcept { return kind >= fault_kind::reset; }

/// One rule: where it strikes, what it does. The streams of all connections share it.
class fault_rule {
public:
    enum class unit : std::uint8_t { byte, any_message, message };

    direction way{};
    unit counts = unit::byte;
    bool behind = false;        ///< Behind the unit instead of at it.
    char type = 0;              ///< Of `unit::message`.
    std::string holding;        ///< Only messages with these bytes in them.
    std::uint64_t position = 0; ///< Of a byte from 0, of a message from 1.
    std::optional<std::uint64_t> connection;
    std::uint64_t left = 1; ///< How often it may still strike.

    fault_kind kind = fault_kind::drop;
    std::string bytes;      ///< Of replace and insert.
    std::size_t offset = 0; ///< Of flip.
    std::uint8_t mask = 0;
    steady_clock::duration time{}; ///< Of delay.

    bool is_about(const message_head& m) const noexcept {
        return left > 0 && m.type != 0 &&
               (counts == unit::any_message || (counts == unit::message && type == m.type));
    }
};

/// What holds for every connection in one direction.
struct link_settings {
    steady_clock::duration latency{};
    steady_clock::duration jitter{};
    std::uint64_t bandwidth = 0;
    std::size_t piece = 0;
    steady_clock::duration pause{};
    steady_clock::duration window{};
    bool stopped = false;
};

/// One direction of one connection, without I/O: bytes go in, and come out as parcels that have a time; rules
/// strike in between. First those about messages, on what the sender sent; then those about bytes, on what is
/// to reach the receiver.
class fault_stream {
public:
    struct parcel {
        std::string bytes;
        steady_clock::time_point due;
        std::optional<fault_kind> cut; ///< Instead of bytes.
    };
    struct events {
        std::function<void(char type)> on_message;
        std::function<void()> on_fault;
    };

    fault_stream(direction way, std::uint64_t connection, conversation& talk, events e)
        : way_{way}, connection_{connection}, talk_{talk}, events_{std::move(e)} {}

    void arm(const std::shared_ptr<fault_rule>& rule);
    void forget_rules() { armed_.clear(); }
    void seed(std::uint32_t value) { random_.seed(value + static_cast<std::uint32_t>(connection_)); }

    void feed(std::string_view bytes, const link_settings& how, steady_clock::time_point now);
    /// The sender has no more to say: what was held back for a rule goes out.
    void finish(const link_settings& how, steady_clock::time_point now);
    /// The same, and then this cut.
    void end_with(fault_kind cut, const link_settings& how, steady_clock::time_point now);

    std::deque<parcel>& parcels() noexcept { return parcels_; }
    /// Bytes in the parcels.
    std::size_t queued() const noexcept { return queued_; }
    void took(std::size_t bytes) noexcept { queued_ -= bytes; }

private:
    struct armed {
        std::shared_ptr<fault_rule> rule;
        std::uint64_t seen = 0;
        bool struck_out = false; ///< A connection is cut once.
        bool counts_bytes() const noexcept {
            return rule->counts == fault_rule::unit::byte && rule->left > 0 && !struck_out;
        }
    };
    using rules = std::vector<std::shared_ptr<fault_rule>>;
    struct moment {
        const link_settings& how;
        steady_clock::time_point now;
    };

    void walk(const moment& m);
    bool wanted_whole(const message_head& head) const;
    void whole_message(std::string message, const moment& m);
    void message_over(const moment& m);
    void emit(std::string_view bytes, const moment& m);
    void single_byte(char byte, const moment& m);
    void cut_where_due(const moment& m);
    void strike(const rules& hits, std::string unit, std::string& waiting, const moment& m,
                const std::function<void(std::string_view)>& out);
    void hit(fault_rule& rule);
    void push(std::string_view bytes, const moment& m);
    void push_cut(fault_kind kind, const moment& m);
    steady_clock::time_point due(const moment& m);

    direction way_;
    std::uint64_t connection_;
    conversation& talk_;
    events events_;
    std::vector<armed> armed_;
    std::minstd_rand random_{1};
    std::string input_;                ///< The beginning of something.
    std::optional<message_head> head_; ///< The message that is going through.
    std::size_t passed_ = 0;           ///< So much of it went already.
    bool whole_ = false;               ///< It goes when all of it is there.
    std::string after_;                ///< Goes out behind the next message.
    std::string after_byte_;           ///< Behind the next byte.
    steady_clock::duration delay_{};
    steady_clock::time_point last_due_{};
    std::deque<parcel> parcels_;
    std::size_t queued_ = 0;
};

} // namespace tusk::testing::detail
