#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include <tusk/client/blocking.hpp>
#include <tusk/core/error.hpp>

/// Transfers between accounts, each with a token of its own, and the clients' account of them.
/// Source: the bank test of Jepsen; FoundationDB's `commit_unknown_result`.
namespace bank {

constexpr int accounts = 20;
constexpr std::int64_t opening_balance = 1000;

/// What a client may say when its call is over.
enum class verdict { acknowledged, unknown, failed };

/// What a failure lets its caller say: that nothing happened, where the failure says so; else that it is not
/// known.
verdict verdict_of(const tusk::failure& f);

/// What the clients know. Safe from several threads.
class journal {
public:
    std::int64_t new_token() { return next_++; }
    void note(std::int64_t token, verdict v, std::string why);
    /// Compares with what the server has; fails the test where they differ.
    void compare(tusk::blocking::connection& with) const;
    std::size_t count(verdict v) const;
    /// Failures by their text, with how often each came.
    std::string summary() const;

private:
    struct entry {
        verdict what;
        std::string why;
    };
    std::atomic<std::int64_t> next_{1};
    mutable std::mutex mutex_;
    std::map<std::int64_t, entry> entries_;
};

/// The tables, and a function that makes a transfer in one statement.
const char* schema();

} // namespace bank
