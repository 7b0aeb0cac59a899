#include <services/alerthist/feed.hpp>

#include <charconv>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>

#include <services/alerthist/api.hpp>
#include <services/alerthist/common.hpp>
#include <services/alerthist/json_view.hpp>

namespace tusk::alerthist {

namespace json = boost::json;

namespace {

constexpr auto tuple_wait = asio::as_tuple(asio::use_awaitable);

constexpr std::int64_t page_of_events = 500;
/// Who missed more is told so instead.
constexpr std::int64_t most_missed = 10'000;
/// Messages that may wait for a client, and what catching up leaves room for.
constexpr std::size_t queue_messages = 4096;
constexpr std::size_t queue_bytes = 16 * 1024 * 1024;
constexpr std::size_t queue_room = 2048;
constexpr std::chrono::milliseconds queue_pause{10};
constexpr std::chrono::microseconds gathering_per_client{25};
constexpr std::chrono::milliseconds longest_gathering{40};
constexpr std::chrono::seconds pause_after_trouble{1};
constexpr std::chrono::seconds stream_ping{15};
constexpr unsigned ticks_between_reloads = 30;

instant clock_now() {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

std::string frame(std::string_view type, std::string_view data, std::optional<std::int64_t> id) {
    json_object out;
    out.text("type", type).raw("data", data).time("timestamp", clock_now());
    if (id) out.number("id", *id);
    return out.finish();
}

std::string stream_frame(std::string_view type, std::string text, std::optional<std::int64_t> id) {
    http::server_event out{std::move(text)};
    out.event(std::string{type});
    if (id) out.id(std::to_string(*id));
    return http::format_event(out);
}

std::string_view type_of(const event_row& row) {
    if (row.status == "resolved") return "alert_resolved";
    if (row.outcome == "inhibited") return "alert_inhibited";
    if (row.outcome == "silenced") return "alert_silenced";
    return row.is_first ? "alert_created" : "alert_firing";
}

http::shared_message message_of(const event_row& row, bool stream) {
    auto text = frame(type_of(row), to_json(row), row.id);
    if (stream) text = stream_frame(type_of(row), std::move(text), row.id);
    return std::make_shared<const std::string>(std::move(text));
}

std::string notification_data(std::string_view level, std::string_view message) {
    return json_object{}.text("level", level).text("message", message).finish();
}

} // namespace

feed::feed(asio::any_io_executor executor, pool& on, store& events, policy_store& rules,
           policy_keeper& keeper, health& state, alerthist::log& problems)
    : strand_{asio::make_strand(std::move(executor))}, pool_{on}, store_{events}, rules_{rules},
      keeper_{keeper}, health_{state}, log_{problems}, arrived_{strand_} {}

void feed::start(std::function<void()> something_to_publish) {
    asio::dispatch(strand_, [self = shared_from_this(), publish = std::move(something_to_publish)] {
        if (self->listener_ || self->stopping_) return;
        self->publish_ = publish;
        self->looked_at_silences_ = clock_now();
        self->listener_.emplace(self->pool_);
        const auto on_strand = [weak = self->weak_from_this()](auto f) {
            const auto alive = weak.lock();
            if (alive) asio::post(alive->strand_, [alive, f] { f(*alive); });
        };
        self->listener_->on(event_channel, [on_strand](const auto& what) {
            if constexpr (std::is_same_v<std::decay_t<decltype(what)>, gap>)
                on_strand([](feed& f) {
                    f.gap_ = true;
                    f.arrived_.cancel();
                });
            else
                on_strand([payload = what.payload](feed& f) { f.heard(payload); });
        });
        self->listener_->on(policy_channel, [on_strand](const auto& what) {
            std::string payload;
            if constexpr (!std::is_same_v<std::decay_t<decltype(what)>, gap>) payload = what.payload;
            on_strand([payload](feed& f) {
                asio::co_spawn(
                    f.strand_, [self = f.shared_from_this(), payload] { return self->reload(payload); },
                    asio::detached);
            });
        });
        self->listener_->on(outbox_channel,
                            [on_strand](const auto&) { on_strand([](feed& f) { f.publish_(); }); });
        self->following_ = true;
        asio::co_spawn(self->strand_, [self] { return self->follow(); }, asio::detached);
    });
}

asio::awaitable<void> feed::stop() {
    const auto self = shared_from_this();
    const auto here = [self]() -> asio::awaitable<void> {
        self->stopping_ = true;
        self->arrived_.cancel();
        if (self->listener_) co_await self->listener_->close();
        self->listener_.reset();
    };
    co_await asio::co_spawn(strand_, here, asio::use_awaitable);
}

/// "12-40".
void feed::heard(std::string_view payload) {
    std::int64_t last = 0;
    const auto dash = payload.find('-');
    if (dash == std::string_view::npos) return;
    std::from_chars(payload.data() + dash + 1, payload.data() + payload.size(), last);
    latest_ = std::max(latest_, last);
    counts_changed_ = true;
    arrived_.cancel();
}

asio::awaitable<void> feed::follow() {
    const auto self = shared_from_this();
    while (!stopping_) {
        bool trouble = false;
        try {
            co_await send_new();
        } catch (const std::exception& e) {
            log_fields fields;
            log_.warn("events cannot be read", fields.add("error", e.what()));
            trouble = true;
        }
        if (stopping_) continue;
        if (!trouble) co_await gather();
        if (!trouble && (gap_ || sent_ < latest_)) continue;
        if (trouble)
            arrived_.expires_after(pause_after_trouble);
        else
            arrived_.expires_at(asio::steady_timer::time_point::max());
        co_await arrived_.async_wait(tuple_wait);
    }
}

/// Writing to many listeners takes time, and takes little more for several events: with a thousand of them
/// events are sent forty times a second.
asio::awaitable<void> feed::gather() {
    const auto pause =
        std::min<std::chrono::microseconds>(gathering_per_client * clients(), longest_gathering);
    if (pause < std::chrono::milliseconds{1}) co_return;
    asio::steady_timer timer{strand_, pause};
    co_await timer.async_wait(tuple_wait);
}

/// Everything that came since; identifiers are given out in the order of commits, so nothing is left below.
asio::awaitable<void> feed::send_new() {
    if (gap_) {
        const auto last = co_await store_.last_event_id();
        if (sent_ == 0) sent_ = last; // nobody listens yet
        latest_ = std::max(latest_, last);
        gap_ = false;
    }
    const auto by = keeper_.current();
    if (clients() == 0 && (!by || by->inhibitions.empty())) {
        sent_ = latest_;
        co_return;
    }
    while (sent_ < latest_ && !stopping_) {
        const auto up_to = latest_;
        const auto rows = co_await store_.events_after(sent_, up_to, page_of_events);
        pass_on(rows);
        sent_ = static_cast<std::int64_t>(rows.size()) < page_of_events ? up_to : rows.back().id;
    }
}

void feed::pass_on(std::span<const event_row> rows) {
    const auto send = [&](http::hub& to, bool stream) {
        if (to.size() == 0) return;
        std::vector<http::shared_message> messages;
        for (const auto& row : rows) messages.push_back(message_of(row, stream));
        to.broadcast(messages);
    };
    send(sockets_, false);
    send(streams_, true);
    const auto by = keeper_.current();
    if (!by || by->inhibitions.empty()) return;
    for (const auto& row : rows) {
        const auto status = parse_alert_status(row.status).value_or(alert_status::resolved);
        keeper_.inhibitor().observe(*by, row.fingerprint, status, labels_of(row.labels.text()));
    }
}

void feed::broadcast(std::string_view type, std::string_view data, std::optional<std::int64_t> id,
                     bool sockets_only) {
    auto text = frame(type, data, id);
    if (!sockets_only && streams_.size() > 0)
        streams_.broadcast(std::make_shared<const std::string>(stream_frame(type, text, id)));
    if (sockets_.size() > 0) sockets_.broadcast(std::make_shared<const std::string>(std::move(text)));
}

void feed::tell(std::string_view type, std::string_view data) { broadcast(type, data, std::nullopt, false); }
void feed::tell_pool(std::string_view sample) { broadcast("pool", sample, std::nullopt, true); }

/// Rules, silences, targets or the mode have changed, perhaps by another instance.
asio::awaitable<void> feed::reload(std::string payload) {
    try {
        co_await keeper_.reload();
        publish_();
        if (payload.empty()) co_return;
        const auto told = json::parse(payload);
        const auto* what = told.if_object();
        if (!what || !what->contains("id") || !what->contains("type")) co_return;
        const std::string type{view(what->at("type").as_string())};
        if (!type.starts_with("silence_")) co_return;
        const std::string id{view(what->at("id").as_string())};
        const auto row = co_await rules_.get(silences, id);
        if (row) tell(type, *row);
    } catch (const std::exception& e) {
        log_fields fields;
        log_.warn("rules cannot be read", fields.add("error", e.what()));
    }
}

asio::awaitable<void> feed::tick() {
    const auto self = shared_from_this();
    const auto here = [self]() -> asio::awaitable<void> {
        ++self->ticks_;
        try {
            co_await self->tell_expired();
            if (self->clients() > 0) {
                co_await self->tell_counts();
                co_await self->tell_health();
            }
            if (self->ticks_ % ticks_between_reloads == 0) co_await self->keeper_.reload();
        } catch (const std::exception&) { // health tells it
        }
    };
    co_await asio::co_spawn(strand_, here, asio::use_awaitable);
}

asio::awaitable<void> feed::tell_expired() {
    const auto by = keeper_.current();
    const auto now = clock_now();
    const auto before = std::exchange(looked_at_silences_, now);
    if (!by) co_return;
    for (const auto& one : by->silences) {
        if (one.ends_at <= before || one.ends_at > now) continue;
        const auto row = co_await rules_.get(silences, one.id);
        if (row) tell("silence_expired", *row);
    }
}

asio::awaitable<void> feed::tell_counts() {
    if (!std::exchange(counts_changed_, false)) co_return;
    const auto now = co_await store_.counts();
    json_object out;
    out.number("total", now.total).number("firing", now.firing).number("resolved", now.resolved);
    tell("stats_updated", out.finish());
}

asio::awaitable<void> feed::tell_health() {
    const auto checks = co_await health_.run();
    std::string now;
    for (const auto& one : checks) now += one.ok ? '+' : '-';
    if (now == last_health_) co_return;
    const bool first = last_health_.empty();
    last_health_ = now;
    if (!first) tell("health_changed", summary_json(checks, version(), uptime()));
}

asio::awaitable<void> feed::serve(http::websocket& client, std::optional<std::int64_t> after) {
    const auto self = shared_from_this();
    const auto box = client.queue();
    const auto here = [self, box, after] { return self->join(box, after.value_or(-1), false); };
    asio::co_spawn(strand_, here, asio::detached);
    std::exception_ptr why;
    try {
        for (bool open = true; open;) {
            const auto said = co_await client.receive();
            open = said.has_value();
        }
    } catch (...) {
        why = std::current_exception();
    }
    box->close(); // so that joining after this does no harm
    sockets_.leave(box);
    if (why) std::rethrow_exception(why);
}

asio::awaitable<void> feed::serve(http::event_stream& client, std::optional<std::int64_t> after) {
    const auto self = shared_from_this();
    const auto executor = co_await asio::this_coro::executor;
    const auto box = std::make_shared<http::outbox>(executor, queue_messages, queue_bytes);
    const auto here = [self, box, after] { return self->join(box, after.value_or(-1), true); };
    asio::co_spawn(strand_, here, asio::detached);
    std::exception_ptr why;
    try {
        bool open = co_await client.ping(); // the header is out, and the client knows that it is connected
        while (open && !box->is_closed()) {
            const auto next = co_await box->pop(stream_ping);
            if (next)
                open = co_await client.send_formatted(*next);
            else if (!box->is_closed())
                open = co_await client.ping();
        }
    } catch (...) {
        why = std::current_exception();
    }
    box->close();
    streams_.leave(box);
    if (why) std::rethrow_exception(why);
}

asio::awaitable<void> feed::join(std::shared_ptr<http::outbox> box, std::int64_t after, bool stream) {
    const auto self = shared_from_this();
    try {
        if (after >= 0) after = co_await catch_up(box, after, stream);
    } catch (const std::exception&) { // the database is away: no better than having missed them
        auto text =
            frame("system_notification", notification_data("warning", "missed events cannot be read"), {});
        if (stream) text = stream_frame("system_notification", std::move(text), {});
        box->push(std::make_shared<const std::string>(std::move(text)));
    }
    if (box->is_closed()) co_return;
    (stream ? streams_ : sockets_).join(box);
}

/// Returns with nothing between what was queued and what will be broadcast.
asio::awaitable<std::int64_t> feed::catch_up(std::shared_ptr<http::outbox> box, std::int64_t after,
                                             bool stream) {
    if (sent_ - after > most_missed) {
        auto text = frame("system_notification",
                          notification_data("warning", "more events were missed than can be sent again"), {});
        if (stream) text = stream_frame("system_notification", std::move(text), {});
        box->push(std::make_shared<const std::string>(std::move(text)));
        after = sent_ - most_missed;
    }
    asio::steady_timer pause{strand_};
    while (after < sent_ && !box->is_closed()) {
        const auto up_to = sent_;
        const auto rows = co_await store_.events_after(after, up_to, page_of_events);
        for (const auto& row : rows) box->push(message_of(row, stream));
        after = static_cast<std::int64_t>(rows.size()) < page_of_events ? up_to : rows.back().id;
        while (box->size() > queue_room && !box->is_closed()) {
            pause.expires_after(queue_pause);
            co_await pause.async_wait(tuple_wait);
        }
    }
    co_return after;
}

} // namespace tusk::alerthist
