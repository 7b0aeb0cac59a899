#include <tusk/protocol/batch_query.hpp>

#include <algorithm>

#include <tusk/core/sqlstate.hpp>

namespace tusk::protocol {

failure batch_query::begin() {
    if (auto f = write_preamble()) return f;
    return start_over();
}

/// Looks at every statement once; asks for descriptions of those that nobody has described, or sends
/// everything.
failure batch_query::start_over() {
    used_.clear();
    by_text_.clear();
    recent_ = nullptr;
    describing_ = false;
    mode_ = io().mode;
    if (mode_ == exec_mode::exec || mode_ == exec_mode::simple_protocol) mode_ = exec_mode::cache_describe;
    if (auto f = write_closes()) return f;
    for (std::size_t i = 0; i < source_.size(); ++i) {
        auto& item = source_.statement(i);
        const auto& text = item.text();
        if (recent_ != nullptr && recent_->text == text) continue;
        auto& u = use(text);
        if (u.prepared || u.asked || u.description) continue;
        const auto* cached = named() ? io().statements.find(*text) : nullptr;
        if (cached == nullptr && named()) cached = io().statements.find_renewed(text, io().to_close);
        if (cached != nullptr) {
            u.description = cached->description;
            u.prepared = true;
        } else if (item.known_description() && !retried_ && mode_ != exec_mode::describe_exec) {
            u.description = item.known_description();
        } else {
            describing_ = true;
            if (auto f = write_prepare(u, source_.sink(i))) return f;
        }
    }
    if (!describing_) return write_all();
    wire::write_sync(io().output);
    replies_.expect_sync();
    return {};
}

batch_query::used_statement& batch_query::use(const statement_ptr& text) noexcept {
    if (recent_ != nullptr && recent_->text == text) return *recent_;
    auto& at = by_text_[text.get()];
    if (at == nullptr) {
        at = &used_.emplace_back();
        at->text = text;
    }
    recent_ = at;
    return *at;
}

failure batch_query::write_parse(const used_statement& what, reply_sink& sink) {
    const auto& text = *what.text;
    const std::span<const std::uint32_t> types =
        what.description ? std::span{what.description->parameters} : std::span<const std::uint32_t>{};
    const std::string_view name = named() ? std::string_view{text.server_name} : std::string_view{};
    if (auto f = wire::write_parse(io().output, name, text.text, types)) return f;
    replies_.expect_parse(&sink);
    unnamed_ = &what;
    return {};
}

failure batch_query::write_prepare(used_statement& what, reply_sink& sink) {
    what.asked = true;
    what.answer = {};
    what.answer.expected = what.description.get();
    if (auto f = write_parse(what, sink)) return f;
    const std::string_view name = named() ? std::string_view{what.text->server_name} : std::string_view{};
    if (auto f = wire::write_describe(io().output, 'S', name)) return f;
    replies_.expect_describe(what.answer, &sink);
    return {};
}

/// Before anything else: what the batch itself drives out of the cache stays prepared until it is over.
failure batch_query::write_closes() {
    for (const auto& gone : io().to_close) {
        if (auto f = wire::write_close(io().output, 'S', gone->server_name)) return f;
        replies_.expect_close();
        closing_.push_back(gone);
    }
    io().to_close.clear();
    return {};
}

/// The server has not closed them: the next request has to.
void batch_query::written_in_vain() {
    io().to_close.insert(io().to_close.end(), closing_.begin(), closing_.end());
    closing_.clear();
}

failure batch_query::write_all() {
    describing_ = false;
    unnamed_ = nullptr;
    replies_.reserve(source_.size() * (independent_ ? 2 : 1) + 4);
    const std::size_t output = io().output.size();
    const std::size_t expected = replies_.mark();
    for (std::size_t i = 0; i < source_.size(); ++i)
        if (auto f = write_statement(i)) {
            if (source_.question() == nullptr) {
                source_.refused(i, f);
                return f;
            }
            io().output.resize_down(output);
            replies_.take_back(expected);
            return ask(i, std::move(f));
        }
    if (!independent_ || source_.size() == 0) {
        wire::write_sync(io().output);
        replies_.expect_sync();
    }
    return {};
}

/// A statement cannot be bound before something is known about types. The others, which may want to know
/// more, are tried before the server is asked; then everything is written anew.
failure batch_query::ask(std::size_t unbound, failure why) {
    for (auto& u : used_) u.asked = false;
    wire::bound_values arguments;
    std::span<const std::int16_t> formats;
    for (std::size_t i = unbound + 1; i < source_.size(); ++i) {
        auto& item = source_.statement(i);
        if (const auto& u = use(item.text()); u.description)
            static_cast<void>(item.bind(u.description, arguments, formats)); // it fails again, if it does
    }
    question_ = source_.question();
    return question_ != nullptr ? write_question(io(), replies_, *question_) : why;
}

failure batch_query::write_statement(std::size_t index) {
    auto& item = source_.statement(index);
    auto& sink = source_.sink(index);
    auto& u = use(item.text());
    if (!u.prepared && !u.asked) {
        if (auto f = write_prepare(u, sink)) return f;
    } else if (!named() && unnamed_ != &u) {
        if (auto f = write_parse(u, sink)) return f;
    }
    const std::string_view name = named() ? std::string_view{u.text->server_name} : std::string_view{};
    wire::bound_values arguments;
    std::span<const std::int16_t> formats;
    if (auto f = item.bind(u.description, arguments, formats)) return f;
    if (auto f = wire::write_bind(io().output, "", name, arguments, formats)) return f;
    if (auto f = wire::write_execute(io().output, "", 0)) return f;
    replies_.expect_execute(sink, &u.answer);
    if (independent_) {
        wire::write_sync(io().output);
        replies_.expect_sync(&sink);
    }
    return {};
}

// ---- the answers

void batch_query::adopt_answers() {
    closing_.clear();
    for (auto& u : used_) {
        if (!std::exchange(u.asked, false)) continue;
        if (!u.answer.complete) {
            forget(u); // Parse may have succeeded although Describe failed
            continue;
        }
        if (u.description == nullptr || u.answer.stale) {
            u.description = std::make_shared<const statement_description>(std::move(u.answer.parameters),
                                                                          std::move(u.answer.columns));
            if (mode_ != exec_mode::describe_exec) registry_.describe(u.text, u.description);
        }
        u.prepared = true;
        if (named()) io().statements.insert(u.text, u.description, io().to_close);
    }
}

/// Whatever the server has under the statement's name is closed before the name is used again.
void batch_query::forget(const used_statement& what) {
    if (!named()) return;
    io().statements.erase(*what.text);
    auto& closing = io().to_close;
    if (std::find(closing.begin(), closing.end(), what.text) == closing.end()) closing.push_back(what.text);
}

/// As for a single query; but what stands before the statement that failed has executed and is rolled back,
/// unless they are independent.
bool batch_query::is_stale(const failure& error) const {
    if (error.server() == nullptr) return false;
    const auto code = to_sqlstate(error.code());
    if (!code) return false;
    return *code == "26000"_sqlstate || *code == "42P05"_sqlstate ||
           (*code == "0A000"_sqlstate && error.server()->routine == "RevalidateCachedQuery");
}

bool batch_query::proceed_after(failure error) {
    adopt_answers();
    auto* const asked = std::exchange(question_, nullptr);
    if (asked != nullptr && !error) error = asked->take_failure();
    const bool distrusted = error && source_.distrusts(error);
    if (error && (distrusted || is_stale(error))) {
        // Which statement was meant is not said: none of them is trusted any more.
        for (const auto& u : used_) {
            forget(u);
            registry_.forget(*u.text);
        }
        io().suspect_pooler(error);
        if (!retried_ && !independent_ && io().transaction == transaction_status::idle && source_.restart()) {
            retried_ = true;
            error = start_over();
            if (!error) return true;
        }
    } else if (!error && (describing_ || asked != nullptr)) {
        error = write_all();
        if (!error) return true;
    }
    if (error && io().output_pending()) discard_unsent();
    result_ = std::move(error);
    return false;
}

} // namespace tusk::protocol
