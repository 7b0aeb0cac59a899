#include <tusk/observe/tracer.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <span>

#include <tusk/observe/detail/labels.hpp>

namespace tusk::observe {

namespace {

/// Each thread has a generator of its own, seeded by the system: splitmix64 (Steele, Lea and Flood, 2014).
std::uint64_t random_bits() noexcept {
    static constinit thread_local std::uint64_t state = 0;
    if (state == 0) {
        try {
            std::random_device device;
            state = (std::uint64_t{device()} << 32U) | device() | 1U;
        } catch (...) { // no source of randomness: the address differs between threads and processes
            const auto now = static_cast<std::uint64_t>(steady_clock::now().time_since_epoch().count());
            state = (reinterpret_cast<std::uintptr_t>(&state) ^ now) | 1U;
        }
    }
    std::uint64_t z = (state += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
    z ^= z >> 31U;
    return z == 0 ? 1 : z; // ids of zeros are not valid
}

template <std::size_t N>
void fill_random(std::array<std::uint8_t, N>& id) noexcept {
    for (std::size_t i = 0; i < N; i += sizeof(std::uint64_t)) {
        const auto bits = random_bits();
        std::memcpy(id.data() + i, &bits, sizeof bits);
    }
}

/// The last seven bytes decide, the ones that W3C level 2 calls random; all services agree on them.
constexpr std::uint64_t share_scale = std::uint64_t{1} << 56U;

std::uint64_t share_bits(std::uint64_t last_eight_bytes) noexcept { return last_eight_bytes % share_scale; }

std::uint64_t last_bytes(const trace_context& of) noexcept {
    std::uint64_t out = 0;
    for (std::size_t i = 8; i < of.trace_id.size(); ++i) out = out << 8U | of.trace_id[i];
    return out;
}

void set_last_bytes(trace_context& of, std::uint64_t bits) noexcept {
    for (std::size_t i = of.trace_id.size(); i-- > 8; bits >>= 8U)
        of.trace_id[i] = static_cast<std::uint8_t>(bits & 0xFFU);
}

/// Ids below it are sampled.
std::uint64_t limit_of(const sampling& rules) noexcept {
    switch (rules.roots()) {
    case sampling::rule::always: return share_scale;
    case sampling::rule::never: return 0;
    case sampling::rule::ratio: break;
    }
    return static_cast<std::uint64_t>(std::clamp(rules.share(), 0.0, 1.0) * static_cast<double>(share_scale));
}

void set_error(finished_span& to, const failure* why) {
    to.error_type.clear();
    to.error.clear();
    to.from_server = false;
    if (why == nullptr) return;
    const detail::error_labels labels{why->code()};
    to.from_server = labels.sqlstate() != "none";
    to.error_type = to.from_server ? labels.sqlstate() : labels.error_class();
    to.error = why->text();
}

} // namespace

span& span::set(std::string_view name, std::string_view value) {
    if (to_ && about_.context.sampled) about_.attributes.emplace_back(name, value);
    return *this;
}

span& span::fail(std::string_view type, std::string_view message) {
    about_.error_type = type;
    about_.error = message;
    return *this;
}

void span::finish() noexcept {
    auto* to = to_.release();
    if (to == nullptr || !about_.context.sampled) return;
    about_.elapsed = steady_clock::now() - about_.start;
    to->put([&](finished_span& slot) { slot = std::move(about_); });
}

tracer::tracer(sampling rules, std::size_t capacity)
    : rules_{rules}, share_limit_{limit_of(rules)}, capacity_{std::max<std::size_t>(capacity, 1)} {}

trace_context tracer::child_of(const trace_context& parent) const noexcept {
    trace_context out;
    out.trace_id = parent.trace_id;
    out.sampled = rules_.follows_parent() ? parent.sampled : share_bits(last_bytes(out)) < share_limit_;
    fill_random(out.span_id);
    return out;
}

trace_context tracer::root(std::uint64_t bits) const noexcept {
    trace_context out;
    fill_random(out.trace_id);
    set_last_bytes(out, bits);
    out.sampled = share_bits(bits) < share_limit_;
    fill_random(out.span_id);
    return out;
}

span tracer::start(std::string_view name, const std::optional<trace_context>& parent, span_kind kind) {
    const auto* known = parent && parent->is_valid() ? &*parent : nullptr;
    finished_span about;
    about.context = known != nullptr ? child_of(*known) : root(random_bits());
    if (known != nullptr) about.parent_id = known->span_id;
    about.start = steady_clock::now();
    about.kind = kind;
    about.name = name;
    return {*this, std::move(about)};
}

template <class Fill>
void tracer::put(Fill fill) noexcept {
    try {
        const std::scoped_lock lock{mutex_};
        const auto used = used_.load(std::memory_order_relaxed);
        if (used == capacity_) {
            dropped_.fetch_add(1, std::memory_order_relaxed);
            return;
        }
        if (used == slots_.size()) slots_.emplace_back();
        fill(slots_[used]);
        used_.store(used + 1, std::memory_order_relaxed);
        if (wake_ && used + 1 == wake_at_)
            wake_(); // under the mutex: who takes it back knows that it is over
    } catch (...) {  // out of memory
        dropped_.fetch_add(1, std::memory_order_relaxed);
    }
}

template <class Fill>
void tracer::add(const observed& event, Fill fill) noexcept {
    const auto* parent = event.trace != nullptr && event.trace->is_valid() ? event.trace : nullptr;
    // Most that is not sampled ends here, for the price of one random number at the most.
    const std::uint64_t bits = parent == nullptr ? random_bits() : 0;
    if (parent == nullptr && share_bits(bits) >= share_limit_) return;
    if (parent != nullptr && rules_.follows_parent() && !parent->sampled) return;
    const auto own = parent != nullptr ? child_of(*parent) : root(bits);
    if (!own.sampled) return;
    put([&](finished_span& to) {
        to.context = own;
        to.parent_id = parent != nullptr ? parent->span_id : std::array<std::uint8_t, 8>{};
        to.start = event.start;
        to.elapsed = event.elapsed;
        to.kind = span_kind::client;
        to.pool = event.pool;
        to.rows = 0;
        to.statements = 0;
        to.arguments = 0;
        to.attributes.clear();
        set_error(to, event.error);
        fill(to);
    });
}

void tracer::query_finished(query_event& event) noexcept {
    add(event, [&](finished_span& to) {
        to.is = finished_span::what::query;
        to.name = event.command.substr(0, event.command.find(' '));
        to.sql = event.sql.substr(0, longest_sql);
        to.table = event.table;
        to.rows = event.rows;
        to.arguments = event.arguments;
    });
}

void tracer::batch_finished(batch_event& event) noexcept {
    add(event, [&](finished_span& to) {
        to.is = finished_span::what::batch;
        to.name = "BATCH";
        to.sql.clear();
        to.table.clear();
        to.statements = static_cast<std::uint32_t>(event.statements);
    });
}

void tracer::copy_finished(copy_event& event) noexcept {
    add(event, [&](finished_span& to) {
        to.is = finished_span::what::copy;
        to.name = "COPY";
        to.sql = event.sql.substr(0, longest_sql);
        to.table = event.table;
        to.rows = event.rows;
    });
}

void tracer::connect_finished(connect_event& event) noexcept {
    if (event.error) return;
    try {
        const std::scoped_lock lock{servers_mutex_};
        const auto known = servers_.find(event.pool);
        if (known == servers_.end()) {
            servers_.emplace(event.pool,
                             server{std::string{event.host}, event.port, std::string{event.database}});
            return;
        }
        auto& to = known->second;
        if (to.host != event.host || to.port != event.port) to.host.clear(), to.port = 0;
        if (to.database != event.database) to.database.clear();
    } catch (...) { // an attribute less
    }
}

tracer::server tracer::server_of(std::string_view pool) const {
    const std::scoped_lock lock{servers_mutex_};
    const auto known = servers_.find(pool);
    return known == servers_.end() ? server{} : known->second;
}

void tracer::take(std::vector<finished_span>& into, std::size_t& count) {
    const std::scoped_lock lock{mutex_};
    slots_.swap(into);
    count = used_.exchange(0, std::memory_order_relaxed);
}

void tracer::when(std::size_t many, std::function<void()> wake) {
    const std::scoped_lock lock{mutex_};
    wake_at_ = many;
    wake_ = std::move(wake);
}

} // namespace tusk::observe
