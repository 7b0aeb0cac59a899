#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/executor_work_guard.hpp>

#include <tusk/testing/detail/fault_connection.hpp>

namespace tusk::testing::detail {

/// What a fault_proxy is behind its handles: the listening socket, the connections, the rules, and the thread
/// that alone touches them.
class fault_core final : public fault_house {
public:
    /// Listens on a free port of 127.0.0.1, or on `<directory>/.s.PGSQL.5432`.
    fault_core(const host_address& server, const std::string& directory);
    ~fault_core() override;

    /// Runs this in the proxy's thread and waits until it has run; nothing once the proxy is gone.
    void ask(const std::function<void()>& what);
    /// Ends everything; the handles that are left do nothing from then on.
    void shut();

    /// The following ones are called in the thread.
    void arm(const std::shared_ptr<fault_rule>& rule);
    void change(direction way, const std::function<void(link_settings&)>& how);
    void seed(direction way, std::uint32_t value);
    void resume(direction way);
    void heal(direction way);
    void arrivals(arrival what);
    void cut();
    void hang_up();

    fault_counts counts() const;
    bool wait_for(const std::function<bool(const fault_counts&)>& holds,
                  std::chrono::milliseconds limit) const;
    const host_address& listens_on() const noexcept { return own_; }

private:
    using acceptor_type = boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol,
                                                             boost::asio::io_context::executor_type>;
    const link_settings& settings(direction way) const override { return settings_[index_of(way)]; }
    void note(const std::function<void(fault_counts&)>& change) override;
    void gone(std::uint64_t number) override;

    static std::size_t index_of(direction way) noexcept { return way == direction::to_server ? 0 : 1; }
    void listen();
    void accept();
    void welcome(fault_connection::socket_type client);
    void for_all(const std::function<void(fault_connection&)>& what);

    boost::asio::io_context loop_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{loop_.get_executor()};
    net::endpoint server_;
    host_address own_;
    net::endpoint own_endpoint_;
    /// Bound and not listening: keeps the port while nobody is let in.
    fault_connection::socket_type placeholder_{loop_};
    acceptor_type acceptor_{loop_};
    arrival arrival_ = arrival::forward;
    link_settings settings_[2];
    std::uint32_t seeds_[2] = {1, 1};
    std::vector<std::shared_ptr<fault_rule>> rules_;
    std::map<std::uint64_t, std::shared_ptr<fault_connection>> connections_;
    std::uint64_t next_number_ = 0;

    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    fault_counts counts_;
    bool shut_ = false;
    std::thread thread_;
};

} // namespace tusk::testing::detail
