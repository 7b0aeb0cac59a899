// One of the files that include Beast; no header does.
#include <services/http/detail/link.hpp>

#include <charconv>

#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

namespace tusk::http::detail {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::steady_clock;

namespace {

constexpr auto to_tuple = asio::as_tuple(asio::use_awaitable);
constexpr std::uint32_t max_answer_header = 64 * 1024;

using answer_parser = beast::http::response_parser<beast::http::string_body>;
using outgoing = beast::http::request<beast::http::string_body>;
using tls_stream = asio::ssl::stream<tcp::socket&>;

beast::string_view to_beast_view(std::string_view text) { return {text.data(), text.size()}; }
std::string_view from_beast_view(beast::string_view text) { return {text.data(), text.size()}; }

failure bad_url(const std::string& why) { return failure{errc::invalid_argument, "URL: " + why}; }

bool is_port_number(std::string_view text) {
    std::uint16_t value = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    return ec == std::errc{} && end == text.data() + text.size() && value != 0;
}

/// Closes the socket when the time is up, whatever is being waited for on it.
class time_limit {
public:
    time_limit(tcp::socket& socket, tcp::resolver& resolver, steady_clock::time_point until)
        : state_{std::make_shared<state>(socket.get_executor())} {
        state_->timer.expires_at(until);
        state_->timer.async_wait([own = state_, &socket, &resolver](error_code ec) {
            if (ec || own->over) return;
            own->expired = true;
            resolver.cancel();
            socket.close(ec);
        });
    }
    ~time_limit() {
        state_->over = true;
        state_->timer.cancel();
    }
    time_limit(const time_limit&) = delete;
    time_limit& operator=(const time_limit&) = delete;
    bool expired() const noexcept { return state_->expired; }

private:
    struct state {
        explicit state(const asio::any_io_executor& on) : timer{on} {}
        asio::steady_timer timer;
        bool expired = false;
        bool over = false;
    };
    std::shared_ptr<state> state_;
};

outgoing make_outgoing(const client_target& to, const client_request& what, const client_options& options) {
    namespace h = beast::http;
    outgoing message;
    message.version(11);
    message.method_string(to_beast_view(what.method()));
    message.target(to_beast_view(to.target));
    message.set(h::field::user_agent, options.user_agent());
    for (const auto& [name, value] : what.headers()) message.set(name, value);
    message.set(h::field::host, to.authority);
    message.erase(h::field::connection);
    message.erase(h::field::transfer_encoding);
    message.erase(h::field::content_length);
    message.body() = what.body();
    const bool has_body =
        !what.body().empty() || what.method() == "POST" || what.method() == "PUT" || what.method() == "PATCH";
    if (has_body) message.content_length(what.body().size());
    return message;
}

client_response take_answer(answer_parser& parser) {
    auto message = parser.release();
    header_list headers;
    for (const auto& field : message)
        headers.add(from_beast_view(field.name_string()), from_beast_view(field.value()));
    return {message.result_int(), std::move(headers), std::move(message.body())};
}

class tcp_link final : public link {
public:
    tcp_link(const asio::any_io_executor& executor, asio::ssl::context& tls, const client_options& options)
        : strand_{asio::make_strand(executor)}, tls_context_{tls}, options_{options}, socket_{strand_},
          resolver_{strand_} {}

    const asio::any_io_executor& strand() const noexcept override { return strand_; }
    bool was_answered() const noexcept override { return answered_; }
    bool is_usable() override;
    asio::awaitable<client_response> exchange(const client_target& to, const client_request& what,
                                              steady_clock::time_point until) override;

private:
    asio::awaitable<void> connect(const client_target& to);
    asio::awaitable<void> secure(const client_target& to);
    template <class Stream>
    asio::awaitable<client_response> talk(Stream& over, const client_target& to, const client_request& what);
    [[noreturn]] void fail(errc code, const client_target& to, const std::string& what);
    [[noreturn]] void fail_reading(const error_code& ec, const client_target& to);

    asio::any_io_executor strand_;
    asio::ssl::context& tls_context_;
    const client_options& options_;
    tcp::socket socket_;
    tcp::resolver resolver_;
    std::optional<tls_stream> tls_;
    beast::flat_buffer buffer_;
    bool keep_ = false;
    bool answered_ = false;
    const time_limit* limit_ = nullptr;
};

void tcp_link::fail(errc code, const client_target& to, const std::string& what) {
    keep_ = false;
    const bool late = limit_ && limit_->expired();
    error_code ignored;
    socket_.close(ignored);
    const auto where = (to.secure ? "https://" : "http://") + to.authority + ": ";
    if (late) throw error{errc::timeout, where + "no answer in time"};
    throw error{code, where + what};
}

asio::awaitable<void> tcp_link::connect(const client_target& to) {
    const auto [resolve_failed, found] =
        co_await resolver_.async_resolve(to.host, to.port, tcp::resolver::numeric_service, to_tuple);
    if (resolve_failed)
        fail(errc::host_not_found, to, "the host name does not resolve: " + resolve_failed.message());
    const auto [connect_failed, endpoint] = co_await asio::async_connect(socket_, found, to_tuple);
    if (connect_failed) fail(errc::connect_failed, to, "cannot connect: " + connect_failed.message());
    error_code ignored;
    socket_.set_option(tcp::no_delay{true}, ignored);
}

asio::awaitable<void> tcp_link::secure(const client_target& to) {
    tls_.emplace(socket_, tls_context_);
    tls_->set_verify_mode(asio::ssl::verify_peer);
    tls_->set_verify_callback(asio::ssl::host_name_verification{to.host});
    error_code ec;
    asio::ip::make_address(to.host, ec);
    if (ec)
        SSL_set_tlsext_host_name(tls_->native_handle(), to.host.c_str()); // names only: RFC 6066 section 3
    const auto [failed] = co_await tls_->async_handshake(asio::ssl::stream_base::client, to_tuple);
    if (!failed) co_return;
    const auto verdict = SSL_get_verify_result(tls_->native_handle());
    if (verdict != X509_V_OK)
        fail(errc::tls_certificate, to,
             std::string{"the certificate was not accepted: "} + X509_verify_cert_error_string(verdict));
    fail(errc::tls_failed, to, "TLS: " + failed.message());
}

void tcp_link::fail_reading(const error_code& ec, const client_target& to) {
    using beast::http::error;
    if (ec == error::body_limit || ec == error::header_limit || ec == error::buffer_overflow)
        fail(errc::message_too_large, to, "the answer is too large");
    if (ec == error::end_of_stream || ec == error::partial_message || ec == asio::error::eof ||
        ec == asio::error::connection_reset || ec == asio::error::broken_pipe ||
        ec == asio::error::operation_aborted || ec == asio::error::bad_descriptor ||
        ec == asio::ssl::error::stream_truncated)
        fail(errc::connection_lost, to, "the connection broke before the answer was complete");
    if (ec.category() == make_error_code(error::bad_version).category())
        fail(errc::protocol_violation, to, "the answer is not well-formed HTTP: " + ec.message());
    fail(errc::connection_lost, to, ec.message());
}

template <class Stream>
asio::awaitable<client_response> tcp_link::talk(Stream& over, const client_target& to,
                                                const client_request& what) {
    auto message = make_outgoing(to, what, options_);
    const auto [write_failed, sent] = co_await beast::http::async_write(over, message, to_tuple);
    // A server may answer and close before it has read all, with 413 say: look for that answer anyway.
    if (write_failed && write_failed != asio::error::broken_pipe &&
        write_failed != asio::error::connection_reset)
        fail(errc::connection_lost, to, write_failed.message());
    while (true) {
        answer_parser parser;
        parser.body_limit(options_.max_response());
        parser.header_limit(max_answer_header);
        parser.skip(what.method() == "HEAD");
        const auto [read_failed, size] = co_await beast::http::async_read(over, buffer_, parser, to_tuple);
        answered_ = answered_ || size > 0;
        if (read_failed) fail_reading(read_failed, to);
        if (parser.get().result_int() / 100 == 1) continue; // interim, such as 103
        keep_ = !write_failed && parser.keep_alive() && buffer_.size() == 0;
        co_return take_answer(parser);
    }
}

asio::awaitable<client_response> tcp_link::exchange(const client_target& to, const client_request& what,
                                                    steady_clock::time_point until) {
    const time_limit limit{socket_, resolver_, until};
    limit_ = &limit;
    answered_ = false;
    const bool fresh = !keep_;
    keep_ = false;
    if (fresh) co_await connect(to);
    if (fresh && to.secure) co_await secure(to);
    if (tls_) co_return co_await talk(*tls_, to, what);
    co_return co_await talk(socket_, to, what);
}

bool tcp_link::is_usable() {
    if (!keep_ || !socket_.is_open()) return false;
    char byte = 0;
    const auto size = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (size == 0) return false;
    return size < 0 ? errno == EAGAIN || errno == EWOULDBLOCK : tls_.has_value(); // TLS: late session tickets
}

} // namespace

result<client_target> parse_client_url(const std::string& url) {
    const auto parsed = boost::urls::parse_uri(url);
    if (!parsed) return bad_url("\"" + url + "\" is not an absolute URL");
    const auto& view = *parsed;
    client_target out;
    out.secure = view.scheme_id() == boost::urls::scheme::https;
    if (!out.secure && view.scheme_id() != boost::urls::scheme::http)
        return bad_url("http:// and https:// are accepted");
    if (view.has_userinfo()) return bad_url("no user information is accepted; use a header");
    if (view.encoded_host().empty()) return bad_url("the host is missing");
    if (view.has_port() && !is_port_number(std::string_view{view.port().data(), view.port().size()}))
        return bad_url("the port must be 1 to 65535");
    out.authority = std::string{view.encoded_host()};
    out.host = view.host_type() == boost::urls::host_type::ipv6
                   ? std::string{view.host_ipv6_address().to_string()}
                   : std::string{view.host()};
    const std::string usual = out.secure ? "443" : "80";
    out.port = view.has_port() ? std::string{view.port()} : usual;
    if (out.port != usual) out.authority += ":" + out.port;
    out.target = view.encoded_path().empty() ? "/" : std::string{view.encoded_path()};
    if (view.has_query()) out.target += "?" + std::string{view.encoded_query()};
    return out;
}

std::shared_ptr<link> make_link(const asio::any_io_executor& executor, asio::ssl::context& tls,
                                const client_options& options) {
    return std::make_shared<tcp_link>(executor, tls, options);
}

} // namespace tusk::http::detail
