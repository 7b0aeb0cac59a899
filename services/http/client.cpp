#include <services/http/client.hpp>

#include <deque>
#include <map>
#include <mutex>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <services/http/detail/link.hpp>
#include <tusk/core/deadline.hpp>

namespace tusk::http {

namespace asio = boost::asio;
using std::chrono::steady_clock;

namespace {

/// Sending it twice is as good as once. Source: RFC 9110 section 9.2.2.
bool may_be_repeated(const std::string& method) {
    return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" ||
           method == "OPTIONS";
}

asio::awaitable<client_response> run_exchange(std::shared_ptr<detail::link> on,
                                              const detail::client_target* to, const client_request* what,
                                              steady_clock::time_point until) {
    co_return co_await on->exchange(*to, *what, until);
}

} // namespace

class client::impl {
public:
    impl(asio::any_io_executor executor, client_options options)
        : executor_{std::move(executor)}, options_{std::move(options)}, tls_{asio::ssl::context::tls_client} {
        const auto& authorities = options_.certificate_authorities();
        if (!authorities.empty()) {
            boost::system::error_code ec;
            tls_.load_verify_file(authorities, ec);
            if (ec)
                throw error{errc::environment,
                            "certificate authorities " + authorities + ": " + ec.message()};
        }
        SSL_CTX_set_min_proto_version(tls_.native_handle(), TLS1_2_VERSION);
    }

    const client_options& options() const noexcept { return options_; }
    std::shared_ptr<detail::link> fresh(bool secure) {
        if (secure && options_.certificate_authorities().empty())
            std::call_once(has_system_authorities_, [this] { load_system_authorities(); });
        return detail::make_link(executor_, tls_, options_);
    }

    /// The connection that was used last, for the others can be given up sooner.
    std::shared_ptr<detail::link> take(const std::string& key) {
        const std::lock_guard lock{mutex_};
        auto& list = idle_[key];
        const auto now = steady_clock::now();
        while (!list.empty()) {
            auto last = std::move(list.back());
            list.pop_back();
            if (now - last.since < options_.idle_timeout() && last.what->is_usable()) return last.what;
        }
        idle_.erase(key);
        return nullptr;
    }

    void keep(const std::string& key, std::shared_ptr<detail::link> what) {
        if (options_.idle_timeout() <= client_options::duration::zero() || options_.max_idle_per_host() == 0)
            return;
        const std::lock_guard lock{mutex_};
        drop_old();
        if (!what->is_usable()) return;
        auto& list = idle_[key];
        list.push_back({std::move(what), steady_clock::now()});
        if (list.size() > options_.max_idle_per_host()) list.pop_front();
    }

    std::size_t idle() const {
        const std::lock_guard lock{mutex_};
        std::size_t count = 0;
        for (const auto& [key, list] : idle_) count += list.size();
        return count;
    }

private:
    struct resting {
        std::shared_ptr<detail::link> what;
        steady_clock::time_point since;
    };

    /// Some hundred certificates are read: not before somebody needs them.
    void load_system_authorities() {
        boost::system::error_code ec;
        tls_.set_default_verify_paths(ec);
        if (ec) throw error{errc::environment, "the system's certificate authorities: " + ec.message()};
    }

    void drop_old() {
        const auto now = steady_clock::now();
        for (auto& [key, list] : idle_)
            while (!list.empty() && now - list.front().since >= options_.idle_timeout()) list.pop_front();
        std::erase_if(idle_, [](const auto& entry) { return entry.second.empty(); });
    }

    asio::any_io_executor executor_;
    client_options options_;
    asio::ssl::context tls_;
    std::once_flag has_system_authorities_;
    mutable std::mutex mutex_;
    std::map<std::string, std::deque<resting>> idle_;
};

client::client(asio::any_io_executor executor, client_options options)
    : impl_{std::make_shared<impl>(std::move(executor), std::move(options))} {}

std::size_t client::idle() const { return impl_->idle(); }

asio::awaitable<client_response> client::send(const client_request& what) const {
    const auto own = impl_;
    const auto target = detail::parse_client_url(what.url());
    if (!target) throw error{target.error()};
    const auto until = deadline::in(what.timeout().value_or(own->options().timeout()), false).at();
    const auto key = target->key();
    auto on = own->take(key);
    if (on) {
        bool again = false;
        try {
            auto answer = co_await asio::co_spawn(on->strand(), run_exchange(on, &*target, &what, until),
                                                  asio::use_awaitable);
            own->keep(key, on);
            co_return answer;
        } catch (const error& e) {
            again =
                e.code() == errc::connection_lost && !on->was_answered() && may_be_repeated(what.method());
            if (!again) throw;
        }
    }
    on = own->fresh(target->secure);
    auto answer =
        co_await asio::co_spawn(on->strand(), run_exchange(on, &*target, &what, until), asio::use_awaitable);
    own->keep(key, on);
    co_return answer;
}

} // namespace tusk::http
