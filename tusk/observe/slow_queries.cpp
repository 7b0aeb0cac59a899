#include <tusk/observe/slow_queries.hpp>

#include <algorithm>
#include <array>

#include <tusk/observe/fingerprint.hpp>

namespace tusk::observe {

namespace {

constexpr std::size_t longest_sql_in_line = 1'000;

bool has_word(std::string_view text, std::string_view word) {
    const auto is_part = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
    for (auto at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
        const auto end = at + word.size();
        if ((at == 0 || !is_part(text[at - 1])) && (end == text.size() || !is_part(text[end]))) return true;
    }
    return false;
}

} // namespace

bool only_reads(std::string_view sql) {
    const auto text = fingerprint(sql);
    const std::string_view first = std::string_view{text}.substr(0, text.find_first_of(" (*?\"'"));
    if (first != "select" && first != "values" && first != "table" && first != "with") return false;
    constexpr std::array<std::string_view, 5> writing{"insert", "update", "delete", "merge", "into"};
    return std::ranges::none_of(writing, [&](auto word) { return has_word(text, word); });
}

log_record to_record(const slow_query& of) {
    log_record out{log_level::warn, "slow query"};
    std::array<char, 17> id{};
    std::snprintf(id.data(), id.size(), "%016llx", static_cast<unsigned long long>(of.id));
    out.add("component", "postgres").add("pool", of.pool).add("backend_pid", std::int64_t{of.backend_pid});
    out.add("command", of.command).add("table", of.table).add("query_id", std::string_view{id.data()});
    out.add("sql", std::string_view{of.fingerprint}.substr(0, longest_sql_in_line));
    out.add("args_count", std::int64_t{of.arguments}).add("duration_ms", of.elapsed);
    out.add("rows", static_cast<std::int64_t>(of.rows));
    if (of.failed) out.add("failed", true);
    if (of.unreported != 0) out.add("unreported", static_cast<std::int64_t>(of.unreported));
    if (of.trace && of.trace->is_valid())
        out.add("trace_id", of.trace->trace_id_text()).add("span_id", of.trace->span_id_text());
    return std::move(out.add("plan", of.plan));
}

slow_queries::slow_queries(std::function<void(const slow_query&)> report, slow_query_options how)
    : report_{std::move(report)}, how_{std::move(how)} {
    if (!report_) throw error{errc::invalid_argument, "an empty function cannot report slow statements"};
    thread_ = std::thread{[this] { run(); }};
}

slow_queries::~slow_queries() {
    {
        const std::scoped_lock lock{mutex_};
        ending_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void slow_queries::query_finished(query_event& event) noexcept {
    if (event.elapsed < how_.threshold()) return;
    try {
        note(event);
    } catch (const std::bad_alloc&) { // not counted
    }
}

void slow_queries::note(const query_event& event) {
    auto text = fingerprint(event.sql);
    const auto now = event.start + event.elapsed;
    const std::scoped_lock lock{mutex_};
    if (known_.size() >= how_.capacity() && !known_.contains(text)) text = "other";
    auto& of = known_[text];
    const bool first = of.sums.times == 0;
    if (first) of.sums.fingerprint = text;
    ++of.sums.times;
    of.sums.total += event.elapsed;
    of.sums.longest = std::max(of.sums.longest, event.elapsed);
    if ((!first && now - of.reported < how_.interval()) || waiting_.size() >= most_waiting) {
        ++of.unreported;
        return;
    }
    slow_query out;
    out.id = fingerprint_id(text);
    out.fingerprint = std::move(text);
    out.sql = event.sql;
    out.table = event.table;
    out.pool = event.pool;
    out.command = event.command;
    out.elapsed = event.elapsed;
    out.rows = event.rows;
    out.backend_pid = event.backend_pid;
    out.arguments = event.arguments;
    out.failed = event.error != nullptr;
    if (event.trace != nullptr) out.trace = *event.trace;
    out.unreported = std::exchange(of.unreported, 0);
    of.reported = now;
    waiting_.push_back(std::move(out));
    changed_.notify_all();
}

void slow_queries::run() {
    std::unique_lock lock{mutex_};
    for (;;) {
        changed_.wait(lock, [&] { return ending_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        auto next = std::move(waiting_.front());
        waiting_.pop_front();
        reporting_ = true;
        lock.unlock();
        tell(next);
        lock.lock();
        reporting_ = false;
        changed_.notify_all();
    }
}

void slow_queries::tell(slow_query& about) noexcept {
    try {
        if (how_.explain() && only_reads(about.sql)) {
            try {
                about.plan = how_.explain()(about.sql, about.arguments);
            } catch (const std::exception& e) {
                about.plan = std::string{"no plan: "} + e.what();
            }
        }
        report_(about);
    } catch (...) { // a report less
    }
}

std::vector<slow_statement> slow_queries::statements() const {
    std::vector<slow_statement> out;
    {
        const std::scoped_lock lock{mutex_};
        for (const auto& [text, of] : known_) out.push_back(of.sums);
    }
    std::ranges::sort(out, std::ranges::greater{}, &slow_statement::total);
    return out;
}

void slow_queries::flush() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return waiting_.empty() && !reporting_; });
}

} // namespace tusk::observe
