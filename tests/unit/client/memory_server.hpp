#pragma once

#include <tusk/protocol/action.hpp>
#include <tusk/protocol/session.hpp>
#include <tusk/testing/scripted_server.hpp>

#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace memory {

namespace be = tusk::testing::backend;

/// What one message of the server's suffers on its way.
class damage {
public:
    enum class kind : std::uint8_t { none, drop, duplicate, swap, flip, truncate };
    kind what = kind::none;
    std::size_t at = 0;     ///< Number of the message, or of the byte for `truncate`.
    std::size_t offset = 0; ///< Of `flip`, in the message: 0 is its type, 1 to 4 its length.
    unsigned char mask = 0;
    bool truncates() const noexcept { return what == kind::truncate; }
};

/// The way from the server to the client.
class wire {
public:
    explicit wire(damage d) : damage_{d} {}
    void add(std::string message) {
        const bool hit = damage_.at == count_++ && !damage_.truncates();
        types += message[0];
        switch (hit ? damage_.what : damage::kind::none) {
        case damage::kind::drop: message.clear(); break;
        case damage::kind::duplicate: message += std::string{message}; break;
        case damage::kind::flip:
            message[damage_.offset] =
                static_cast<char>(static_cast<unsigned char>(message[damage_.offset]) ^ damage_.mask);
            break;
        case damage::kind::swap: held_ = message; return;
        case damage::kind::truncate:
        case damage::kind::none: break;
        }
        bytes_ += message + std::exchange(held_, {});
    }
    /// What may be received now.
    std::string take() {
        if (damage_.truncates()) {
            bytes_.resize(std::min(bytes_.size(), damage_.at - passed_));
            closed = passed_ + bytes_.size() == damage_.at;
        }
        passed_ += bytes_.size();
        return std::exchange(bytes_, {});
    }
    bool closed = false;
    std::string types; ///< Of the messages, as the server sent them.
    std::size_t passed() const noexcept { return passed_; }

private:
    damage damage_;
    std::size_t count_ = 0;
    std::size_t passed_ = 0;
    std::string held_;
    std::string bytes_;
};

/// As much of a PostgreSQL server as the tests here need: it answers every message of a client as the real
/// one does, for a few statements that it knows.
class server {
public:
    explicit server(wire& out) : out_{out} {}
    void take(std::string_view bytes);

    char status = 'I';
    int commits = 0;
    std::string copied;

private:
    void on_message(char type, std::string_view body);
    void on_query(std::string_view sql);
    void on_bind(std::string_view body);
    void describe(const std::string& sql);
    void execute();
    void fail(std::string_view sqlstate, std::string_view what);

    wire& out_;
    std::string input_;
    bool started_ = false;
    bool skipping_ = false; ///< Until the next Sync.
    bool copying_ = false;
    std::map<std::string, std::string> statements_;
    std::string bound_;
    std::int32_t argument_ = 0;
};

/// Runs machines against the server. What never comes becomes a deadline that passes.
class driver {
public:
    explicit driver(damage d) : way{d} { session.mode = tusk::protocol::exec_mode::cache_statement; }
    tusk::failure run(tusk::protocol::machine& m);

    wire way;
    server peer{way};
    tusk::protocol::session session;
    bool turned_in_circles = false;

private:
    tusk::protocol::event transfer(bool waiting);
    bool cancel_pending_ = false;
};

} // namespace memory
