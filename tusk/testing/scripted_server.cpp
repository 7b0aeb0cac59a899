#include <tusk/testing/scripted_server.hpp>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>

#include <tusk/core/error.hpp>

namespace tusk::testing {

namespace {

constexpr std::chrono::seconds patience{10};
constexpr std::int32_t ssl_request_code = 80877103;
constexpr std::int32_t cancel_request_code = 80877102;

[[noreturn]] void give_up(const char* what) {
    throw error{errc::environment,
                std::string{"scripted server: "} + what + ": " + std::generic_category().message(errno)};
}

/// A descriptor that closes itself.
class descriptor {
public:
    explicit descriptor(int fd) noexcept : fd_{fd} {}
    descriptor(descriptor&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
    descriptor& operator=(descriptor&&) = delete;
    ~descriptor() { close(); }
    int get() const noexcept { return fd_; }
    void close() noexcept {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }

private:
    int fd_;
};

std::string shown(char type) {
    switch (type) {
    case received_message::startup: return "StartupMessage";
    case received_message::ssl_request: return "SSLRequest";
    case received_message::cancel_request: return "CancelRequest";
    default: return std::string{"'"} + type + "'";
    }
}

/// What the threads of one server share.
struct shared_state {
    mutable std::mutex mutex;
    mutable std::condition_variable changed;
    unsigned released = 0;
    bool stopping = false;
    std::size_t finished = 0;
    std::vector<bool> over; ///< By connection.
    std::string problems;
    std::vector<std::vector<received_message>> received;
};

} // namespace

// ---- one connection
// ------------------------------------------------------------------------------------------

namespace detail {

/// One accepted connection, as its script sees it.
class peer {
public:
    peer(descriptor fd, shared_state& shared, std::size_t index)
        : fd_{std::move(fd)}, shared_{shared}, index_{index} {}

    /// Wakes the thread that waits in here; called from another one.
    void interrupt() noexcept { ::shutdown(fd_.get(), SHUT_RDWR); }

    std::string send(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return "could not send: " + std::generic_category().message(errno);
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
        return {};
    }

    std::string expect(char type, const std::string& what, const server_script::predicate& holds) {
        received_message m;
        if (auto problem = read_message(m); !problem.empty())
            return shown(type) + " was expected; " + problem;
        const bool fits = m.type == type && (!holds || holds(m));
        std::string problem;
        if (m.type != type)
            problem = shown(type) + " was expected, " + shown(m.type) + " came";
        else if (!fits)
            problem = shown(type) + " is not as expected: " + what;
        const std::lock_guard lock{shared_.mutex};
        shared_.received[index_].push_back(std::move(m));
        return problem;
    }

    std::string stall() {
        const unsigned wanted = ++stalls_;
        std::unique_lock lock{shared_.mutex};
        shared_.changed.wait(lock, [&] { return shared_.stopping || shared_.released >= wanted; });
        return shared_.stopping ? "the server was stopped during a stall" : "";
    }

    void release() {
        {
            const std::lock_guard lock{shared_.mutex};
            ++shared_.released;
        }
        shared_.changed.notify_all();
    }

    std::string wait_for_hang_up() {
        char ignored[4096];
        for (;;) {
            if (!wait_readable()) return "the client did not hang up";
            const auto n = ::recv(fd_.get(), ignored, sizeof ignored, 0);
            if (n == 0 || (n < 0 && errno == ECONNRESET)) return {};
            if (n < 0 && errno != EINTR)
                return "could not receive: " + std::generic_category().message(errno);
        }
    }

    void half_close() noexcept { ::shutdown(fd_.get(), SHUT_WR); }
    void reset() noexcept {
        const linger at_once{1, 0};
        ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close();
    }
    void close() noexcept { closed_ = true; }
    bool closed() const noexcept { return closed_; }

private:
    bool wait_readable() {
        pollfd p{fd_.get(), POLLIN, 0};
        int n = 0;
        do n = ::poll(&p, 1, static_cast<int>(std::chrono::milliseconds{patience}.count()));
        while (n < 0 && errno == EINTR);
        return n > 0;
    }

    std::string fill(std::size_t size) {
        while (input_.size() < size) {
            if (!wait_readable()) return "nothing came for 10 s";
            char chunk[4096];
            const auto n = ::recv(fd_.get(), chunk, sizeof chunk, 0);
            if (n == 0) return "the client hung up";
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return "could not receive: " + std::generic_category().message(errno);
            input_.append(chunk, static_cast<std::size_t>(n));
        }
        return {};
    }

    std::int32_t number_at(std::size_t offset) const {
        return wire::load_big_endian<std::int32_t>(
            reinterpret_cast<const std::byte*>(input_.data() + offset));
    }

    /// A length below 256 MiB begins with a byte that is no message type: that tells the untyped ones apart.
    std::string read_message(received_message& m) {
        if (auto problem = fill(5); !problem.empty()) return problem;
        const bool untyped = input_[0] == '\0';
        const std::size_t header = untyped ? 0 : 1;
        const auto length = number_at(header);
        if (length < 4) return "a message with a length of " + std::to_string(length) + " came";
        const auto size = header + static_cast<std::size_t>(length);
        if (auto problem = fill(size); !problem.empty()) return problem;
        std::size_t body = header + 4;
        m.type = input_[0];
        if (untyped) {
            const auto code = length < 8 ? 0 : number_at(4);
            m.type = code == ssl_request_code      ? received_message::ssl_request
                     : code == cancel_request_code ? received_message::cancel_request
                                                   : received_message::startup;
            body += 4;
        }
        m.body = input_.substr(body, size - body);
        input_.erase(0, size);
        return {};
    }

    descriptor fd_;
    shared_state& shared_;
    std::size_t index_;
    std::string input_;
    unsigned stalls_ = 0;
    bool closed_ = false;
};

} // namespace detail

// ---- scripts
// --------------------------------------------------------------------------------------------------

server_script& server_script::add(step s) {
    steps_.push_back(std::move(s));
    return *this;
}

server_script& server_script::expect(char type) { return expect(type, {}, {}); }

server_script& server_script::expect(char type, std::string what, predicate holds) {
    return add([type, what = std::move(what), holds = std::move(holds)](detail::peer& p) {
        return p.expect(type, what, holds);
    });
}

server_script& server_script::expect_all(std::string_view types) {
    for (const char type : types) expect(type);
    return *this;
}

server_script& server_script::answer_ssl_request(std::string bytes) {
    return expect(received_message::ssl_request).send(std::move(bytes));
}

server_script& server_script::let_in(std::int32_t pid) {
    return expect(received_message::startup).send(backend::welcome(pid));
}

server_script& server_script::send(std::string bytes) {
    return add([bytes = std::move(bytes)](detail::peer& p) { return p.send(bytes); });
}

server_script& server_script::send_in_pieces(std::string bytes, std::size_t size) {
    for (std::size_t at = 0; at < bytes.size(); at += size) send(bytes.substr(at, size));
    return *this;
}

server_script& server_script::stall() {
    return add([](detail::peer& p) { return p.stall(); });
}

server_script& server_script::release() {
    return add([](detail::peer& p) {
        p.release();
        return std::string{};
    });
}

server_script& server_script::wait_for_hang_up() {
    return add([](detail::peer& p) { return p.wait_for_hang_up(); });
}

server_script& server_script::half_close() {
    return add([](detail::peer& p) {
        p.half_close();
        return std::string{};
    });
}

server_script& server_script::reset() {
    return add([](detail::peer& p) {
        p.reset();
        return std::string{};
    });
}

server_script& server_script::close() {
    return add([](detail::peer& p) {
        p.close();
        return std::string{};
    });
}

// ---- the server
// -----------------------------------------------------------------------------------------------

class scripted_server::impl {
public:
    impl(std::vector<server_script> scripts, descriptor listening, std::uint16_t port, std::string host,
         std::string path)
        : scripts_{std::move(scripts)}, listening_{std::move(listening)}, port_{port}, host_{std::move(host)},
          path_{std::move(path)} {
        shared_.received.resize(scripts_.size());
        shared_.over.resize(scripts_.size());
        peers_.resize(scripts_.size());
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) give_up("no pipe");
        wake_.emplace_back(ends[0]);
        wake_.emplace_back(ends[1]);
        acceptor_ = std::thread{[this] { accept_all(); }};
    }

    ~impl() {
        {
            const std::lock_guard lock{shared_.mutex};
            shared_.stopping = true;
            for (const auto& p : peers_)
                if (p) p->interrupt();
        }
        shared_.changed.notify_all();
        wake_[1].close();
        acceptor_.join();
        for (auto& t : threads_) t.join();
        if (!path_.empty()) ::unlink(path_.c_str());
    }

    void release() {
        {
            const std::lock_guard lock{shared_.mutex};
            ++shared_.released;
        }
        shared_.changed.notify_all();
    }

    bool finished(std::size_t index) const {
        std::unique_lock lock{shared_.mutex};
        return shared_.changed.wait_for(lock, patience, [&] { return shared_.over.at(index); });
    }

    std::string problems() {
        std::unique_lock lock{shared_.mutex};
        const bool over =
            shared_.changed.wait_for(lock, patience, [&] { return shared_.finished == scripts_.size(); });
        std::string out = shared_.problems;
        if (!over)
            out += std::to_string(scripts_.size() - shared_.finished) + " of " +
                   std::to_string(scripts_.size()) +
                   " connections did not come or did not come to their end\n";
        return out;
    }

    const shared_state& shared() const noexcept { return shared_; }
    std::uint16_t port() const noexcept { return port_; }
    const std::string& host() const noexcept { return host_; }

private:
    void accept_all() {
        for (std::size_t index = 0;; ++index) {
            pollfd events[] = {{listening_.get(), POLLIN, 0}, {wake_[0].get(), POLLIN, 0}};
            int n = 0;
            do n = ::poll(events, 2, -1);
            while (n < 0 && errno == EINTR);
            if (n < 0 || events[1].revents != 0) return;
            descriptor fd{::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
            if (fd.get() < 0) return;
            const int one = 1; // fails on Unix sockets, which need it not
            ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            const std::lock_guard lock{shared_.mutex};
            if (shared_.stopping) return;
            if (index >= scripts_.size()) {
                shared_.problems += "connection " + std::to_string(index) + " has no script\n";
                continue; // and is closed
            }
            peers_[index] = std::make_unique<detail::peer>(std::move(fd), shared_, index);
            threads_.emplace_back([this, index] { follow(index); });
        }
    }

    void follow(std::size_t index) {
        auto& p = *peers_[index];
        std::string problem;
        std::size_t at = 0;
        for (; at < scripts_[index].steps_.size() && problem.empty() && !p.closed(); ++at)
            problem = scripts_[index].steps_[at](p);
        const std::lock_guard lock{shared_.mutex};
        if (!problem.empty() && !shared_.stopping)
            shared_.problems += "connection " + std::to_string(index) + ", step " + std::to_string(at) +
                                ": " + problem + "\n";
        peers_[index].reset(); // closes
        ++shared_.finished;
        shared_.over[index] = true;
        shared_.changed.notify_all();
    }

    std::vector<server_script> scripts_;
    descriptor listening_;
    std::uint16_t port_;
    std::string host_;
    std::string path_;
    std::vector<descriptor> wake_;
    shared_state shared_;
    std::vector<std::unique_ptr<detail::peer>> peers_;
    std::vector<std::thread> threads_;
    std::thread acceptor_;
};

namespace {

descriptor listen_on(int family, const sockaddr* address, socklen_t length) {
    descriptor fd{::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (fd.get() < 0) give_up("no socket");
    if (::bind(fd.get(), address, length) != 0) give_up("could not bind");
    if (::listen(fd.get(), 16) != 0) give_up("could not listen");
    return fd;
}

} // namespace

scripted_server::scripted_server(std::vector<server_script> connections) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto fd = listen_on(AF_INET, reinterpret_cast<const sockaddr*>(&at), sizeof at);
    socklen_t length = sizeof at;
    if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&at), &length) != 0) give_up("no address");
    impl_ =
        std::make_unique<impl>(std::move(connections), std::move(fd), ntohs(at.sin_port), "127.0.0.1", "");
}

scripted_server::scripted_server(std::vector<server_script> connections, const std::string& directory) {
    constexpr std::uint16_t port = 5432;
    const std::string path = directory + "/.s.PGSQL." + std::to_string(port);
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    if (path.size() >= sizeof at.sun_path)
        throw error{errc::invalid_argument, "scripted server: the socket path " + path + " is too long"};
    path.copy(at.sun_path, path.size());
    auto fd = listen_on(AF_UNIX, reinterpret_cast<const sockaddr*>(&at), sizeof at);
    impl_ = std::make_unique<impl>(std::move(connections), std::move(fd), port, directory, path);
}

scripted_server::~scripted_server() = default;

std::uint16_t scripted_server::port() const noexcept { return impl_->port(); }

std::string scripted_server::conninfo(std::string_view sslmode) const {
    return "host=" + impl_->host() + " port=" + std::to_string(port()) +
           " user=tester dbname=test connect_timeout=5 sslmode=" + std::string{sslmode};
}

void scripted_server::release() { impl_->release(); }
bool scripted_server::finished(std::size_t index) const { return impl_->finished(index); }
std::string scripted_server::problems() { return impl_->problems(); }

std::vector<received_message> scripted_server::received(std::size_t index) const {
    const std::lock_guard lock{impl_->shared().mutex};
    return impl_->shared().received.at(index);
}

std::string scripted_server::received_types(std::size_t index) const {
    std::string out;
    for (const auto& m : received(index)) out += m.type;
    return out;
}

} // namespace tusk::testing
