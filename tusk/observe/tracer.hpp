#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tusk/core/observer.hpp>
#include <tusk/core/trace_context.hpp>
#include <tusk/observe/otlp_config.hpp>

namespace tusk::observe {

/// What a span is about. The numbers are OTLP's.
enum class span_kind : std::uint8_t { internal = 1, server = 2, client = 3, producer = 4, consumer = 5 };

/// A span that is over, as exporters read it.
struct finished_span {
    enum class what : std::uint8_t { own, query, batch, copy };

    trace_context context;                   ///< The span's own ids.
    std::array<std::uint8_t, 8> parent_id{}; ///< All zero: a root.
    steady_clock::time_point start{};
    steady_clock::duration elapsed{};
    span_kind kind = span_kind::client;
    what is = what::own;
    std::string name;  ///< Of an own span; of a statement, the first word of its command tag.
    std::string sql;   ///< Up to `tracer::longest_sql` bytes.
    std::string table; ///< As declared.
    std::string pool;
    std::string error_type;   ///< An SQLSTATE or the name of a `tusk::errc`; empty: success.
    std::string error;        ///< What happened, without the statement.
    bool from_server = false; ///< `error_type` is an SQLSTATE.
    std::uint64_t rows = 0;
    std::uint32_t statements = 0; ///< Of a batch.
    std::uint16_t arguments = 0;
    std::vector<std::pair<std::string, std::string>> attributes; ///< Of an own span.
};

class tracer;

/// Something that the program does, as a span: finished when it goes out of scope. `context()` goes into the
/// options of the calls that belong to it: `db.one<user>(options{}.trace(work.context()), …)`. Must not
/// outlive its tracer. For one thread at a time.
class span {
public:
    span(span&&) noexcept = default;
    span& operator=(span&&) = delete;
    ~span() { finish(); }

    const trace_context& context() const noexcept { return about_.context; }
    /// An attribute, such as "http.route".
    span& set(std::string_view name, std::string_view value);
    /// It failed.
    span& fail(std::string_view type, std::string_view message);
    /// Now; later calls say nothing.
    void finish() noexcept;

private:
    friend class tracer;
    struct let_go {
        void operator()(tracer*) const noexcept {}
    };
    span(tracer& to, finished_span about) noexcept : to_{&to}, about_{std::move(about)} {}

    std::unique_ptr<tracer, let_go> to_;
    finished_span about_;
};

/// Makes spans of statements, batches and COPYs, and keeps the sampled ones until an exporter takes them. A
/// full queue drops what comes next and counts it. Safe from several threads; a span that is not sampled
/// costs a few instructions, one that is copies its texts into memory that is used again.
class tracer final : public observer {
public:
    /// Longer statements are cut.
    static constexpr std::size_t longest_sql = 2'048;

    /// `capacity`: how many finished spans are kept.
    explicit tracer(sampling rules = sampling{}, std::size_t capacity = 2'048);

    /// Begins a span of the program's own. `parent`: what a request's `traceparent` header says, if it has
    /// one.
    span start(std::string_view name, const std::optional<trace_context>& parent = std::nullopt,
               span_kind kind = span_kind::internal);

    void connect_finished(connect_event& event) noexcept override;
    void query_finished(query_event& event) noexcept override;
    void batch_finished(batch_event& event) noexcept override;
    void copy_finished(copy_event& event) noexcept override;

    /// What `take` has for the exporter of what a pool was connected to: "host", port and database, empty or
    /// 0 where it is not always the same.
    struct server {
        std::string host;
        std::uint16_t port = 0;
        std::string database;
    };
    server server_of(std::string_view pool) const;

    /// Moves everything into `into`, whose memory is used again.
    void take(std::vector<finished_span>& into, std::size_t& count);
    std::size_t waiting() const noexcept { return used_.load(std::memory_order_relaxed); }
    std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

    /// `wake` is called, by whoever finishes a span, when `many` wait; it must be quick, and not call the
    /// tracer. An empty function: nobody is called, and no call is under way any more.
    void when(std::size_t many, std::function<void()> wake);

private:
    friend class span;

    /// Ids for a new span; not sampled when it is not to be recorded.
    trace_context child_of(const trace_context& parent) const noexcept;
    /// `bits`: the last half of the trace's id, which decides.
    trace_context root(std::uint64_t bits) const noexcept;
    template <class Fill>
    void add(const observed& event, Fill fill) noexcept;
    template <class Fill>
    void put(Fill fill) noexcept;

    sampling rules_;
    std::uint64_t share_limit_;
    std::size_t capacity_;
    mutable std::mutex mutex_;
    std::vector<finished_span> slots_; // the first `used_` of them hold something
    std::atomic<std::size_t> used_{0};
    std::atomic<std::uint64_t> dropped_{0};
    std::size_t wake_at_ = 0;
    std::function<void()> wake_;
    mutable std::mutex servers_mutex_;
    std::map<std::string, server, std::less<>> servers_;
};

} // namespace tusk::observe
