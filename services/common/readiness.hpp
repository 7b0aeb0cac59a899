#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <tusk/pool/pool.hpp>

namespace tusk::common {

class application;

/// Whether a service can do its work. Safe from several threads.
class readiness {
public:
    readiness(application& of, pool& on) : application_{&of}, pool_{&on} {}

    class check {
    public:
        std::string name;
        std::string problem; ///< Empty when all is well.
    };

    void tables_installed() noexcept { installed_ = true; }
    void tables_missing(std::string why);
    void begin_drain() noexcept { draining_ = true; }

    /// Asks all; the database has a second for each answer.
    boost::asio::awaitable<std::vector<check>> run();

private:
    boost::asio::awaitable<std::string> check_database();
    boost::asio::awaitable<std::string> check_tables();

    application* application_;
    pool* pool_;
    std::atomic<bool> installed_ = false;
    std::atomic<bool> draining_ = false;
    std::mutex mutex_;
    std::string missing_because_ = "not installed yet"; // guarded by mutex_
};

bool all_well(const std::vector<readiness::check>& checks) noexcept;
/// Lines as the Kubernetes API server writes them: "[+]postgres ok", "[-]tables failed: …", and a verdict.
std::string verbose_text(const std::vector<readiness::check>& checks);

} // namespace tusk::common
