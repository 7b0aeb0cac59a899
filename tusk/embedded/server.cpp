#include <tusk/embedded/server.hpp>

#include <tusk/embedded/detail/instance.hpp>
#include <tusk/embedded/detail/posix.hpp>

namespace tusk::embedded {

namespace {

result<void> to_result(failure problem) {
    if (problem) return problem;
    return {};
}

} // namespace

server::server(std::unique_ptr<detail::instance> running) noexcept : instance_{std::move(running)} {}
server::server(server&&) noexcept = default;
server& server::operator=(server&&) noexcept = default;
server::~server() = default;

result<server> server::start(const server_options& options) {
    if (auto problem = options.check()) return problem;
    auto made = std::make_unique<detail::instance>(options);
    if (auto problem = made->open()) return problem;
    return server{std::move(made)};
}

const std::string& server::url() const noexcept { return instance_->url(); }
const std::string& server::tcp_url() const noexcept { return instance_->tcp_url(); }
const std::filesystem::path& server::socket_dir() const noexcept { return instance_->where().socket_dir; }
const std::filesystem::path& server::ca_file() const noexcept { return instance_->ca_file(); }
std::uint16_t server::port() const noexcept { return instance_->where().port; }
pid_t server::pid() const noexcept { return instance_->pid(); }
const std::filesystem::path& server::data_dir() const noexcept { return instance_->where().data_dir; }
const std::filesystem::path& server::log_file() const noexcept { return instance_->log_file(); }
const embedded::binaries& server::binaries() const noexcept { return instance_->programs(); }

std::string server::log_tail(std::size_t lines) const { return detail::tail_of_file(log_file(), lines); }
bool server::is_running() const { return instance_->is_running_until(deadline{steady_clock::now()}); }

result<void> server::stop(stop_mode mode, std::chrono::milliseconds timeout) {
    return to_result(instance_->stop(mode, deadline::in(timeout, false)));
}
result<void> server::start_again() { return to_result(instance_->start_again()); }
result<void> server::restart(stop_mode mode) { return to_result(instance_->restart(mode)); }
result<void> server::kill9() { return to_result(instance_->kill9()); }

} // namespace tusk::embedded
