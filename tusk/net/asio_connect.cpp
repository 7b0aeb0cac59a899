#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <tusk/net/asio_core.hpp>
#include <tusk/net/socket_options.hpp>
#include <tusk/net/tls.hpp>
#include <tusk/protocol/query.hpp>

namespace tusk::net {

using boost::system::error_code;
using protocol::event_kind;

namespace {

using tcp = asio::ip::tcp;

constexpr std::chrono::milliseconds goodbye_time{100};

std::vector<endpoint> endpoints_of(const tcp::resolver::results_type& list, const host_address& of) {
    std::vector<endpoint> out;
    for (const auto& entry : list) {
        endpoint e;
        const auto address = entry.endpoint();
        std::memcpy(&e.address, address.data(), address.size());
        e.length = static_cast<socklen_t>(address.size());
        e.display = of.display();
        out.push_back(std::move(e));
    }
    return out;
}

/// A name being resolved, with a limit of time: getaddrinfo cannot be interrupted, so the one who waits is
/// let go and the answer is dropped when it comes. Whichever handler runs first completes.
struct name_query {
    explicit name_query(const asio::any_io_executor& executor) : resolver{executor}, timer{executor} {}
    tcp::resolver resolver;
    asio::steady_timer timer;
    std::mutex mutex;
    completion done;
    error_code error;
    tcp::resolver::results_type list;

    template <class Store>
    void finish(Store store) {
        completion h;
        {
            const std::lock_guard lock{mutex};
            if (!done) return;
            store();
            h = std::move(done);
        }
        timer.cancel();
        h.complete(timer.get_executor());
    }
};

asio::awaitable<void> wait_for_name(std::shared_ptr<name_query> asked, std::string host, std::string port,
                                    deadline until) {
    return asio::async_initiate<decltype(asio::use_awaitable), void()>(
        [held = std::move(asked), host = std::move(host), port = std::move(port), until](auto h) {
            // Once it is under way, another thread may end it, and this closure, before we return.
            const auto q = held;
            const auto name = host;
            const auto service = port;
            q->done = completion::of(std::move(h));
            if (auto slot = q->done.cancellation_slot(); slot.is_connected())
                slot.assign([weak = std::weak_ptr{q}](asio::cancellation_type) {
                    const auto waiting = weak.lock();
                    if (waiting) // not at once: the caller must not be resumed inside of its own cancellation
                        asio::post(waiting->timer.get_executor(), [waiting] {
                            waiting->finish([&] { waiting->error = asio::error::operation_aborted; });
                        });
                });
            if (!until.is_never()) {
                q->timer.expires_at(until.at());
                q->timer.async_wait([q](error_code ec) {
                    if (ec) return;
                    q->finish([&] { q->error = asio::error::timed_out; });
                });
            }
            q->resolver.async_resolve(name, service, [q](error_code ec, tcp::resolver::results_type list) {
                q->finish([&] {
                    q->error = ec;
                    q->list = std::move(list);
                });
            });
        },
        asio::use_awaitable);
}

} // namespace

// ---- the search for a host that lets us in

asio::awaitable<failure> asio_driver::core::connect(std::shared_ptr<core> self,
                                                    std::shared_ptr<const connect_target> to,
                                                    deadline until) {
    self->target = std::move(to);
    auto f = co_await self->search(until);
    co_return f;
}

asio::awaitable<failure> asio_driver::core::search(deadline until) {
    connect_plan plan{target->config()};
    do {
        for (const auto& candidate : plan.hosts()) {
            const auto limit = earlier(until, deadline::in(target->config().connect_timeout()));
            auto addresses = co_await addresses_of(candidate, limit);
            if (!addresses) {
                if (addresses.error().code() == errc::canceled) co_return addresses.error();
                plan.failed(candidate, nullptr, addresses.error());
                continue;
            }
            plan.arrange(*addresses);
            for (const auto& at : *addresses) {
                auto f = co_await try_ways(plan, candidate, at, limit);
                if (!f || f == condition::canceled) co_return f;
                if (plan.stop()) co_return plan.summary();
            }
        }
    } while (plan.next_pass());
    co_return plan.summary();
}

/// All ways to speak to one address; the plan notes what went wrong. The failure is that of the last way.
asio::awaitable<failure> asio_driver::core::try_ways(connect_plan& plan, const host_address& of,
                                                     const endpoint& at, deadline until) {
    failure f;
    for (const auto way : plan.ways(at)) {
        f = co_await try_address(of, at, way, plan.wanted(), until);
        if (f && target->other_secret_may_help(of, f))
            f = co_await try_address(of, at, way, plan.wanted(), until);
        if (!f || f == condition::canceled) break;
        plan.failed(of, &at, f);
        if (!connect_plan::next_way_helps(f)) break;
    }
    co_return f;
}

/// Names are resolved by Asio's resolver thread; everything else needs no waiting.
asio::awaitable<result<std::vector<endpoint>>> asio_driver::core::addresses_of(const host_address& of,
                                                                               deadline until) {
    if (of.is_unix_socket() || !of.hostaddr.empty()) co_return resolve(of);
    error_code ec;
    asio::ip::make_address(of.host, ec);
    if (!ec) co_return resolve(of);
    const auto query = std::make_shared<name_query>(socket.get_executor());
    co_await wait_for_name(query, of.host, std::to_string(of.port), until);
    if (query->error == asio::error::operation_aborted)
        co_return failure{errc::canceled, "connecting was cancelled"};
    if (query->error == asio::error::timed_out)
        co_return failure{errc::timeout,
                          "host name \"" + of.host + "\" was not resolved within the connect timeout"};
    if (query->error)
        co_return failure{errc::host_not_found,
                          "host name \"" + of.host + "\" does not resolve: " + query->error.message()};
    co_return endpoints_of(query->list, of);
}

asio::awaitable<failure> asio_driver::core::try_address(const host_address& of, const endpoint& at,
                                                        protocol::tls_policy way, target_session_attrs wanted,
                                                        deadline until) {
    shut();
    prepare_session(session, target->config());
    peer = at;
    host = of;
    auto f = co_await open(at, until);
    if (!f) {
        const auto options = target->options_for(of);
        protocol::startup machine{session, options, way};
        co_await run(machine, until, event_kind::start);
        f = machine.result();
    }
    if (!f) f = co_await check_role(wanted, until);
    if (f) {
        session.broken = true;
        shut();
    }
    co_return f;
}

/// Servers before PostgreSQL 14 have to be asked for their role.
asio::awaitable<failure> asio_driver::core::check_role(target_session_attrs wanted, deadline until) {
    if (wanted == target_session_attrs::any) co_return failure{};
    auto role = protocol::reported_role(session);
    if (!role) {
        protocol::role_query machine{session};
        co_await run(machine, until, event_kind::start);
        if (machine.result()) co_return machine.take_result();
        role = machine.role();
    }
    auto f = net::check_role(*role, wanted);
    if (f) { // with a goodbye: the server did nothing wrong
        protocol::terminate bye{session};
        co_await run(bye, earlier(until, deadline::in(goodbye_time)), event_kind::start);
    }
    co_return f;
}

// ---- opening a socket

asio::awaitable<failure> asio_driver::core::open(const endpoint& at, deadline until) {
    bool waiting = false;
    auto f = begin_opening(at, until, waiting);
    if (f || !waiting) co_return f;
    co_return co_await wait_until_open(until);
}

failure asio_driver::core::begin_opening(const endpoint& at, deadline until, bool& waiting) {
    const entry inside{*this};
    const int fd = open_socket(at.address.ss_family);
    if (fd < 0) return failure{errc::connect_failed, "no socket: " + std::generic_category().message(errno)};
    error_code ec;
    socket.assign(asio::generic::stream_protocol{at.address.ss_family, 0}, fd, ec);
    if (ec) {
        ::close(fd);
        return failure{errc::connect_failed, ec.message()};
    }
    socket.native_non_blocking(true, ec);
    if (!at.is_unix()) set_tcp_options(fd, target->config());
    int error = 0;
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&at.address), at.length) != 0) error = errno;
    if (error == EINPROGRESS) { // a Unix socket's EAGAIN is not that: its queue is full, nothing is under way
        waiting = opening_ = true;
        deadline_ = until;
        arm_timer();
        return {};
    }
    if (error != 0) return failure{errc::connect_failed, std::generic_category().message(error)};
    return {};
}

asio::awaitable<failure> asio_driver::core::wait_until_open(deadline until) {
    error_code ec;
    co_await asio::async_initiate<decltype(asio::use_awaitable), void()>(
        [this, &ec](auto h) {
            const entry inside{*this};
            auto executor = asio::get_associated_executor(h, socket.get_executor());
            auto slot = asio::get_associated_cancellation_slot(h);
            auto done = [&ec, h = std::move(h)](error_code e) mutable {
                ec = e;
                std::move(h)();
            };
            socket.async_wait(
                socket_type::wait_write,
                asio::bind_cancellation_slot(slot, asio::bind_executor(executor, std::move(done))));
        },
        asio::use_awaitable);
    const entry inside{*this};
    opening_ = false;
    if (ec && until.expired()) co_return failure{errc::timeout, "no answer within the connect timeout"};
    if (ec) co_return failure{errc::canceled, "connecting was cancelled"};
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket.native_handle(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) co_return failure{errc::connect_failed, std::generic_category().message(error)};
    co_return failure{};
}

// ---- cancelling on the server

asio::awaitable<void> asio_driver::core::send_cancel(std::shared_ptr<core> self, std::uint64_t operation,
                                                     deadline until) {
    auto other = std::make_shared<core>(self->socket.get_executor());
    other->target = self->target;
    other->host = self->host;
    auto f = co_await other->open(self->peer, until);
    if (!f) {
        const auto way = !self->session.tls ? protocol::tls_policy::off
                         : self->target->config().ssl_negotiation() == ssl_negotiation::direct
                             ? protocol::tls_policy::direct
                             : protocol::tls_policy::required;
        protocol::cancel_request machine{other->session, self->session.backend_pid, self->session.cancel_key,
                                         way};
        co_await other->run(machine, until, event_kind::start);
    }
    other->session.broken = true; // no goodbye: it was never a session
    other->close();
    self->cancel_is_over(operation); // also when it could not be sent: the grace time decides then
}

} // namespace tusk::net
