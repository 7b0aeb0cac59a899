#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <services/alerthist/policy.hpp>
#include <tusk/core/observer.hpp>

namespace tusk::alerthist {

/// Verdicts that were given lately, by fingerprint and status; the longest unused goes first. Safe from
/// several threads.
class classification_cache {
public:
    using time = std::chrono::steady_clock::time_point;

    classification_cache(std::size_t capacity, std::chrono::steady_clock::duration keep) noexcept
        : capacity_{capacity}, keep_{keep} {}

    /// `generation` is the policy's: verdicts of another one are not given.
    std::optional<classification> find(const std::string& key, std::uint64_t generation, time now);
    void put(const std::string& key, std::uint64_t generation, classification what, time now);
    std::size_t size() const;
    std::size_t capacity() const noexcept { return capacity_; }

private:
    struct entry {
        std::string key;
        std::uint64_t generation;
        time until;
        classification what;
    };
    const std::size_t capacity_;
    const std::chrono::steady_clock::duration keep_;
    mutable std::mutex mutex_;
    std::list<entry> entries_; // the first was used last
    std::unordered_map<std::string_view, std::list<entry>::iterator> by_key_;
};

/// Somebody else who classifies. One verdict for each alert, none where it does not know; throws when it
/// cannot be reached.
class classifier_backend {
public:
    virtual ~classifier_backend() = default;
    virtual boost::asio::awaitable<std::vector<std::optional<classification>>>
    classify(std::span<const alert* const> what) = 0;
    virtual breaker_state breaker() const = 0;
    virtual std::uint64_t requests() const noexcept = 0;
    virtual std::uint64_t failures() const noexcept = 0;
};

/// Classifies alerts: what was said lately, else the backend, else the rules. It always has a verdict. Safe
/// from several threads.
class classifier {
public:
    explicit classifier(std::size_t capacity = 10'000,
                        std::chrono::steady_clock::duration keep = std::chrono::minutes{5})
        : cache_{capacity, keep} {}

    /// Before the first call of `classify`.
    void use(std::unique_ptr<classifier_backend> backend) noexcept { backend_ = std::move(backend); }

    boost::asio::awaitable<std::vector<classification>> classify(const policy& by,
                                                                 std::span<const alert> what, instant now);

    /// ClassificationStats of the API.
    std::string stats_json() const;

private:
    boost::asio::awaitable<void> ask_backend(std::span<const alert> what,
                                             std::vector<std::optional<classification>>& out);
    void count(const classification& what) noexcept;

    classification_cache cache_;
    std::unique_ptr<classifier_backend> backend_;
    std::atomic<std::uint64_t> hits_ = 0;
    std::atomic<std::uint64_t> misses_ = 0;
    std::array<std::atomic<std::uint64_t>, 3> by_source_{};
    std::array<std::atomic<std::uint64_t>, 4> by_severity_{};
};

} // namespace tusk::alerthist
