#include <tusk/net/credentials.hpp>

#include <map>
#include <tuple>

#include <boost/asio/co_spawn.hpp>

namespace tusk {

namespace {

/// Remembers what was given, as long as it is valid.
class remembering_source : public credential_source {
public:
    void get(const credential_request& what, answer done) final {
        {
            const std::lock_guard lock{mutex_};
            const auto known = known_.find(key_of(what));
            if (known != known_.end() && known->second.valid_until() > std::chrono::system_clock::now())
                return done(known->second.secret());
        }
        fetch(what, std::move(done));
    }

    bool rejected(const credential_request& what) final {
        const std::lock_guard lock{mutex_};
        return known_.erase(key_of(what)) != 0;
    }

protected:
    virtual void fetch(const credential_request& what, answer done) = 0;

    result<std::string> remember(const credential_request& what, const credential& c) {
        if (c.secret().empty())
            return failure{errc::auth_failed, "the credential source gave an empty secret"};
        if (c.valid_until() > std::chrono::system_clock::now()) {
            const std::lock_guard lock{mutex_};
            known_.insert_or_assign(key_of(what), c);
        }
        return c.secret();
    }
    /// Of the exception that is being handled.
    static result<std::string> failed_to_fetch() {
        try {
            throw;
        } catch (const error& e) {
            return failure{e.as_failure()}.add_context("the credential source failed");
        } catch (const std::exception& e) {
            return failure{errc::auth_failed, std::string{"the credential source failed: "} + e.what()};
        } catch (...) {
            return failure{errc::auth_failed, "the credential source failed"};
        }
    }

private:
    using key = std::tuple<std::string, std::uint16_t, std::string, std::string, secret_kind>;
    static key key_of(const credential_request& r) { return {r.host, r.port, r.database, r.user, r.kind}; }

    std::mutex mutex_;
    std::map<key, credential> known_;
};

class function_source final : public remembering_source {
public:
    explicit function_source(std::function<credential(const credential_request&)> f) : ask_{std::move(f)} {}

private:
    void fetch(const credential_request& what, answer done) override {
        result<std::string> out = failure{};
        try {
            out = remember(what, ask_(what));
        } catch (...) {
            out = failed_to_fetch();
        }
        done(std::move(out));
    }
    std::function<credential(const credential_request&)> ask_;
};

class coroutine_source final : public remembering_source,
                               public std::enable_shared_from_this<coroutine_source> {
public:
    using function = std::function<boost::asio::awaitable<credential>(credential_request)>;
    coroutine_source(boost::asio::any_io_executor on, function f) : on_{std::move(on)}, ask_{std::move(f)} {}

private:
    void fetch(const credential_request& what, answer done) override {
        auto then = [self = shared_from_this(), what, done = std::move(done)](std::exception_ptr thrown,
                                                                              const credential& c) {
            if (!thrown) return done(self->remember(what, c));
            try {
                std::rethrow_exception(thrown);
            } catch (...) {
                done(failed_to_fetch());
            }
        };
        boost::asio::co_spawn(on_, ask_(what), std::move(then));
    }
    boost::asio::any_io_executor on_;
    function ask_;
};

} // namespace

std::shared_ptr<credential_source>
make_credential_source(std::function<credential(const credential_request&)> f) {
    return std::make_shared<function_source>(std::move(f));
}

std::shared_ptr<credential_source>
make_credential_source(boost::asio::any_io_executor executor,
                       std::function<boost::asio::awaitable<credential>(credential_request)> f) {
    return std::make_shared<coroutine_source>(std::move(executor), std::move(f));
}

} // namespace tusk
