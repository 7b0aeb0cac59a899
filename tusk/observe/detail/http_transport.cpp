#include <atomic>
#include <map>
#include <memory>

#include <boost/asio/connect.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>

#include <tusk/core/deadline.hpp>
#include <tusk/observe/detail/http_message.hpp>
#include <tusk/observe/transport.hpp>

namespace tusk::observe {

namespace {

namespace asio = boost::asio;
namespace ssl = asio::ssl;
using asio::ip::tcp;
using boost::system::error_code;

failure problem(const std::string& what, const error_code& why) {
    return failure{errc::connect_failed, what + ": " + why.message()};
}

/// A connection to a collector. Its operations are asynchronous for the sake of their deadline alone.
class http_connection {
public:
    http_connection(asio::io_context& io, ssl::context& tls, bool secure)
        : stream_{io, tls}, secure_{secure} {}

    ssl::stream<tcp::socket>& secured() noexcept { return stream_; }
    tcp::socket& plain() noexcept { return stream_.next_layer(); }

    template <class Handler>
    void write(const std::string& what, Handler then) {
        if (secure_)
            asio::async_write(stream_, asio::buffer(what), std::move(then));
        else
            asio::async_write(plain(), asio::buffer(what), std::move(then));
    }
    template <class Handler>
    void read_some(asio::mutable_buffer into, Handler then) {
        if (secure_)
            stream_.async_read_some(into, std::move(then));
        else
            plain().async_read_some(into, std::move(then));
    }

private:
    ssl::stream<tcp::socket> stream_;
    bool secure_;
};

class over_asio final : public otlp_transport {
public:
    result<http_answer> post(const otlp_endpoint& to, std::string_view content_type,
                             std::string_view body) override {
        const auto where = detail::read_url(to.url);
        if (!where) return failure{errc::invalid_configuration, "\"" + to.url + "\" is no URL"};
        until_ = steady_clock::now() + to.timeout;
        const auto text = detail::request_text(*where, to, content_type, body);
        auto& kept = kept_[to.url];
        // A connection that was kept may have been closed meanwhile: then a new one gets another try.
        if (kept) {
            bool begun = false;
            auto answer = exchange(kept, text, begun);
            if (answer || begun || steady_clock::now() >= until_ || stopped_) return answer;
        }
        if (auto f = connect(*where, to, kept)) {
            kept.reset();
            return f;
        }
        bool begun = false;
        return exchange(kept, text, begun);
    }

    void stop() noexcept override {
        stopped_ = true;
        try {
            asio::post(io_, [this] { cut(); });
        } catch (const std::bad_alloc&) { // it ends by its deadline
        }
    }

private:
    void cut() {
        error_code ignored;
        resolver_.cancel();
        if (current_ != nullptr) current_->plain().close(ignored);
    }

    /// Runs until `done`; what is not done by the deadline is cut off.
    error_code wait(const bool& done, const error_code& result) {
        if (stopped_) cut();
        while (!done) {
            if (io_.run_one_until(until_) != 0) continue;
            cut();
            while (!done) io_.run_one();
            return asio::error::timed_out;
        }
        return result;
    }

    /// `start(handler)` begins an operation whose handler takes an error, and maybe something more.
    template <class Start>
    error_code run(Start start) {
        bool done = false;
        error_code result;
        start([&](const error_code& ec, auto&&...) {
            result = ec;
            done = true;
        });
        return wait(done, result);
    }

    failure connect(const detail::place& where, const otlp_endpoint& to,
                    std::unique_ptr<http_connection>& into) {
        into.reset();
        if (where.tls)
            if (auto f = prepare_tls(to)) return f;
        tcp::resolver::results_type found;
        auto ec = run([&](auto then) {
            resolver_.async_resolve(where.host, where.port, [&found, then](error_code why, auto results) {
                found = std::move(results);
                then(why);
            });
        });
        if (ec) return problem("cannot resolve " + where.host, ec);
        auto made = std::make_unique<http_connection>(io_, tls_, where.tls);
        current_ = made.get();
        const current_guard guard{current_};
        ec = run([&](auto then) { asio::async_connect(made->plain(), found, then); });
        if (ec) return problem("cannot connect to " + where.authority, ec);
        made->plain().set_option(tcp::no_delay{true}, ec);
        if (where.tls)
            if (auto f = shake_hands(where, *made)) return f;
        into = std::move(made);
        return {};
    }

    failure prepare_tls(const otlp_endpoint& to) {
        error_code ec;
        tls_ = ssl::context{ssl::context::tls_client};
        tls_.set_options(ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1 | ssl::context::no_sslv3, ec);
        tls_.set_verify_mode(ssl::verify_peer, ec);
        if (to.certificate.empty())
            tls_.set_default_verify_paths(ec);
        else
            tls_.load_verify_file(to.certificate, ec);
        if (ec) return problem("cannot read the certificates in " + to.certificate, ec);
        if (to.client_certificate.empty()) return {};
        tls_.use_certificate_chain_file(to.client_certificate, ec);
        if (ec) return problem("cannot read the certificate " + to.client_certificate, ec);
        tls_.use_private_key_file(to.client_key, ssl::context::pem, ec);
        return ec ? problem("cannot read the key " + to.client_key, ec) : failure{};
    }

    failure shake_hands(const detail::place& where, http_connection& on) {
        error_code ec;
        on.secured().set_verify_callback(ssl::host_name_verification{where.host}, ec);
        error_code not_an_address;
        asio::ip::make_address(where.host, not_an_address);
        if (not_an_address) SSL_set_tlsext_host_name(on.secured().native_handle(), where.host.c_str());
        ec = run([&](auto then) { on.secured().async_handshake(ssl::stream_base::client, then); });
        return ec ? problem("no TLS with " + where.authority, ec) : failure{};
    }

    /// One request and its answer. A connection that cannot be used again is let go.
    result<http_answer> exchange(std::unique_ptr<http_connection>& on, const std::string& text, bool& begun) {
        current_ = on.get();
        const current_guard guard{current_};
        detail::answer_reader reader;
        auto ec = run([&](auto then) { on->write(text, then); });
        auto state = detail::answer_reader::state::more;
        while (!ec && state == detail::answer_reader::state::more) {
            std::size_t size = 0;
            ec = run([&](auto then) {
                on->read_some(asio::buffer(buffer_), [&size, then](error_code why, std::size_t n) {
                    size = n;
                    then(why);
                });
            });
            if (!ec) state = reader.add({buffer_.data(), size});
        }
        begun = reader.has_begun();
        const bool closed = ec == asio::error::eof || ec == ssl::error::stream_truncated;
        if (closed && begun) {
            state = reader.end();
            ec = {};
        }
        if (ec || state != detail::answer_reader::state::complete) {
            on.reset();
            return ec ? problem("the connection broke", ec)
                      : failure{errc::protocol_violation, "the answer is not HTTP/1.1"};
        }
        if (closed || !reader.keeps_open()) on.reset();
        return reader.take();
    }

    struct current_guard {
        http_connection*& slot;
        explicit current_guard(http_connection*& s) noexcept : slot{s} {}
        current_guard(const current_guard&) = delete;
        current_guard& operator=(const current_guard&) = delete;
        ~current_guard() { slot = nullptr; }
    };

    asio::io_context io_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
    ssl::context tls_{ssl::context::tls_client};
    tcp::resolver resolver_{io_};
    http_connection* current_ = nullptr; // of the thread that posts
    std::map<std::string, std::unique_ptr<http_connection>> kept_;
    steady_clock::time_point until_{};
    std::atomic<bool> stopped_{false};
    std::array<char, 8192> buffer_{};
};

} // namespace

std::unique_ptr<otlp_transport> http_transport() { return std::make_unique<over_asio>(); }

} // namespace tusk::observe
