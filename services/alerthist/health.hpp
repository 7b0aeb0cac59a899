#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <tusk/pool/pool.hpp>

namespace tusk::alerthist {

/// One thing that has to be right for the service to be ready.
struct health_check {
    std::string name;
    bool ok = false;
    std::chrono::steady_clock::duration latency{};
    std::string message; ///< "ok", or what is wrong.
};

/// Whether the service can do its work. Safe from several threads.
class health {
public:
    /// `schema_lost` is called when tables that were there are gone (another database has taken the place of
    /// the first, say), so that somebody puts them there again. From any thread.
    health(pool& on, std::function<void()> schema_lost) : pool_{&on}, schema_lost_{std::move(schema_lost)} {}

    /// The tables are there.
    void schema_installed() noexcept { schema_installed_ = true; }
    /// They are not, and why.
    void schema_missing(std::string why);
    /// They were there and are gone.
    void schema_vanished(std::string why);
    /// The service goes down; from now on it is not ready.
    void begin_drain() noexcept { draining_ = true; }

    bool is_schema_installed() const noexcept { return schema_installed_; }

    /// Asks all: the pool answers `select 1` within a second, the schema has the expected version, nobody
    /// told the service to stop.
    boost::asio::awaitable<std::vector<health_check>> run();

private:
    boost::asio::awaitable<health_check> check_postgres();
    boost::asio::awaitable<health_check> check_schema();
    health_check check_shutdown() const;

    pool* pool_;
    std::function<void()> schema_lost_;
    std::atomic<bool> schema_installed_ = false;
    std::atomic<bool> draining_ = false;
    mutable std::mutex mutex_;
    std::string missing_because_ = "not installed yet"; // guarded by mutex_
};

bool all_ok(const std::vector<health_check>& checks) noexcept;

/// Lines as the Kubernetes API server writes them: "[+]postgres ok", "[-]schema failed: …", and a verdict.
std::string verbose_text(const std::vector<health_check>& checks);

/// `{"status":…,"checks":{name:{"status":…,"latency_ms":…,"message":…}},"version":…,"uptime_seconds":…}`.
std::string summary_json(const std::vector<health_check>& checks, std::string_view version,
                         std::chrono::steady_clock::duration uptime);

} // namespace tusk::alerthist
