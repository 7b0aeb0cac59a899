#include <services/common/readiness.hpp>

#include <algorithm>

#include <services/common/host.hpp>

namespace tusk::common {

namespace asio = boost::asio;

namespace {

constexpr auto patience = std::chrono::seconds{1};

readiness::check made(std::string name, std::string problem) {
    readiness::check out;
    out.name = std::move(name);
    out.problem = std::move(problem);
    return out;
}

} // namespace

void readiness::tables_missing(std::string why) {
    const std::lock_guard lock{mutex_};
    missing_because_ = std::move(why);
}

asio::awaitable<std::vector<readiness::check>> readiness::run() {
    std::vector<check> checks;
    auto database = co_await check_database();
    const bool reachable = database.empty();
    checks.push_back(made("postgres", std::move(database)));
    std::string tables = "not checked: the database does not answer";
    if (reachable) tables = co_await check_tables();
    checks.push_back(made("tables", std::move(tables)));
    checks.push_back(made("shutdown", draining_ ? "the service is shutting down" : ""));
    co_return checks;
}

asio::awaitable<std::string> readiness::check_database() {
    options call;
    call.timeout(patience);
    const auto answer = co_await pool_->try_one<int>(call, "select 1");
    co_return answer ? std::string{} : answer.error().message();
}

asio::awaitable<std::string> readiness::check_tables() {
    if (!installed_) {
        const std::lock_guard lock{mutex_};
        co_return missing_because_;
    }
    std::string problem;
    try {
        const auto found = co_await application_->check_tables(*pool_);
        if (found) problem = *found;
    } catch (const error& e) {
        problem = e.what();
    }
    co_return problem;
}

bool all_well(const std::vector<readiness::check>& checks) noexcept {
    return std::all_of(checks.begin(), checks.end(), [](const auto& one) { return one.problem.empty(); });
}

std::string verbose_text(const std::vector<readiness::check>& checks) {
    std::string out;
    for (const auto& one : checks)
        out += one.problem.empty() ? "[+]" + one.name + " ok\n"
                                   : "[-]" + one.name + " failed: " + one.problem + "\n";
    return out += all_well(checks) ? "readyz check passed\n" : "readyz check failed\n";
}

} // namespace tusk::common
