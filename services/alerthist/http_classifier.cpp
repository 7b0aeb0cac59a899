#include <services/alerthist/http_classifier.hpp>

#include <boost/json.hpp>

#include <services/alerthist/common.hpp>
#include <services/alerthist/json_view.hpp>
#include <services/alerthist/query.hpp>
#include <tusk/pool/retry.hpp>

namespace tusk::alerthist {

namespace json = boost::json;

namespace {

constexpr int attempts = 2;
constexpr std::chrono::milliseconds between_attempts{50};

std::string question(std::span<const alert* const> what) {
    std::string list = "[";
    for (const auto* one : what) {
        json_object entry;
        entry.text("fingerprint", one->fingerprint).text("status", to_string(one->status));
        entry.raw("labels", to_json(one->labels)).raw("annotations", to_json(one->annotations));
        (list += list.size() > 1 ? "," : "") += entry.finish();
    }
    return json_object{}.raw("alerts", list + "]").finish();
}

std::string word(const json::object& in, std::string_view key) {
    const auto* value = in.if_contains({key.data(), key.size()});
    if (!value || !value->is_string()) return {};
    const auto text = view(value->get_string());
    return is_storable_text(text) && text.size() <= 10'000 ? std::string{text} : std::string{};
}

/// Nothing for what is no verdict.
std::optional<classification> verdict_of(const json::value& from) {
    const auto* in = from.if_object();
    if (!in) return std::nullopt;
    classification out;
    out.severity = word(*in, "severity");
    const auto* confidence = in->if_contains("confidence");
    if (!is_severity_class(out.severity) || !confidence || !confidence->is_number()) return std::nullopt;
    out.confidence = confidence->to_number<double>();
    if (!(out.confidence >= 0 && out.confidence <= 1)) return std::nullopt;
    out.category = word(*in, "category");
    out.reasoning = word(*in, "reasoning");
    out.source = "http";
    if (const auto* list = in->if_contains("recommendations"); list && list->is_array())
        for (const auto& one : list->get_array())
            if (one.is_string() && out.recommendations.size() < 20 &&
                is_storable_text(view(one.get_string())))
                out.recommendations.emplace_back(view(one.get_string()));
    return out;
}

std::vector<std::optional<classification>> read_answer(const std::string& body, std::size_t wanted) {
    const auto parsed = json::parse(body);
    const auto& list = parsed.at("classifications").as_array();
    if (list.size() != wanted)
        throw std::runtime_error{"the classifier answered for another number of alerts"};
    std::vector<std::optional<classification>> out;
    for (const auto& one : list) out.push_back(verdict_of(one));
    return out;
}

class http_classifier final : public classifier_backend {
public:
    http_classifier(http::client by, std::string url, std::chrono::steady_clock::duration timeout)
        : client_{std::move(by)}, url_{std::move(url)}, timeout_{timeout} {}

    asio::awaitable<std::vector<std::optional<classification>>>
    classify(std::span<const alert* const> what) override {
        const auto until = deadline::in(timeout_);
        for (int attempt = 1;; ++attempt) {
            const auto admitted = admit();
            if (!admitted) throw std::runtime_error{"the classifier's breaker is open"};
            std::exception_ptr why;
            try {
                auto out = co_await ask(what, until);
                settle(*admitted, true);
                co_return out;
            } catch (...) {
                why = std::current_exception();
            }
            settle(*admitted, false);
            if (attempt == attempts || until.expired()) std::rethrow_exception(why);
            co_await pause_for(between_attempts);
        }
    }

    breaker_state breaker() const override {
        const std::lock_guard lock{mutex_};
        return guard_.state();
    }
    std::uint64_t requests() const noexcept override { return requests_; }
    std::uint64_t failures() const noexcept override { return failures_; }

private:
    struct admission {
        std::uint64_t generation;
        bool probe;
    };

    asio::awaitable<std::vector<std::optional<classification>>> ask(std::span<const alert* const> what,
                                                                    deadline until) {
        http::client_request asked{"POST", url_};
        asked.body(question(what), "application/json");
        asked.timeout(until.at() - steady_clock::now());
        requests_.fetch_add(1, std::memory_order_relaxed);
        const auto answer = co_await client_.send(asked);
        if (answer.status() != 200)
            throw std::runtime_error{"the classifier answered with " + std::to_string(answer.status())};
        co_return read_answer(answer.body(), what.size());
    }

    std::optional<admission> admit() {
        const std::lock_guard lock{mutex_};
        if (guard_.allows()) return admission{guard_.generation(), false};
        if (!guard_.begin_probe(steady_clock::now())) return std::nullopt;
        return admission{guard_.generation(), true};
    }

    void settle(const admission& of, bool good) {
        if (!good) failures_.fetch_add(1, std::memory_order_relaxed);
        const std::lock_guard lock{mutex_};
        const auto now = steady_clock::now();
        if (of.probe)
            guard_.end_probe(good, now, of.generation);
        else if (good)
            guard_.succeeded(now, of.generation);
        else
            guard_.failed(now, of.generation);
    }

    http::client client_;
    std::string url_;
    std::chrono::steady_clock::duration timeout_;
    mutable std::mutex mutex_;
    tusk::breaker guard_{breaker_config{}.min_calls(5).probes(1), 2};
    std::atomic<std::uint64_t> requests_ = 0;
    std::atomic<std::uint64_t> failures_ = 0;
};

} // namespace

std::unique_ptr<classifier_backend> make_http_classifier(http::client by, std::string url,
                                                         std::chrono::steady_clock::duration timeout) {
    return std::make_unique<http_classifier>(std::move(by), std::move(url), timeout);
}

} // namespace tusk::alerthist
