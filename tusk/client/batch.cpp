#include <tusk/client/batch.hpp>

namespace tusk {

namespace detail {

const batch_texts::text* batch_texts::find_or_add(std::string_view sql) {
    if (recent_ != nullptr && recent_->sql == sql) return recent_;
    const auto found = by_sql_.find(sql);
    if (found != by_sql_.end()) return recent_ = found->second;
    auto& added = texts.emplace_back();
    added.sql = sql;
    by_sql_.emplace(added.sql, &added);
    return recent_ = &added;
}

void batch_entry::check() const {
    if (status == state::failed) throw tusk::error{error};
    if (status == state::waiting)
        throw tusk::error{errc::invalid_argument, "the batch was not run yet; await run(batch) first"};
}

} // namespace detail

failure batch::check() const {
    if (was_run_) return failure{errc::invalid_argument, "a batch is run once; make another one"};
    return malformed_;
}

failure batch::at_new(failure f, std::string_view sql) const {
    f.set_sql(sql);
    f.add_context("statement " + std::to_string(size() + 1) + " of the batch");
    f.set_sent(sent_state::none, retry_advice::never);
    return f;
}

bool batch::restart() {
    for (const auto& e : entries_)
        if (!e->restart()) return false;
    return true;
}

failure batch::at(std::size_t index, failure f) const {
    const auto& e = *entries_[index];
    f.set_sql(e.sql());
    f.add_context("statement " + std::to_string(index + 1) + " of the batch's " + std::to_string(size()));
    return f;
}

failure batch::conclude(failure f) {
    using state = detail::batch_entry::state;
    failure first;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        auto& e = *entries_[i];
        if (e.status == state::done)
            if (auto own = e.sink().take_failure()) e.fail(std::move(own));
        if (e.status != state::failed) continue;
        // The server's "canceled" is the answer to our own deadline or cancellation: that is what happened.
        if (f && f.server() == nullptr && e.error.server() != nullptr) e.error = f;
        const auto sent = f ? f : e.error; // the machine knows how far it got
        e.error = at(i, std::move(e.error));
        if (f && !independent_) e.error.set_sent(sent.sent(), sent.retry());
        if (!first) first = e.error;
    }
    if (!f) return first;
    failure others = first ? first : f;
    if (!independent_ && f.server() != nullptr)
        others = failure{errc::transaction_rolled_back,
                         "rolled back with the whole batch; " + (first ? first : f).message()};
    for (const auto& e : entries_) {
        const bool open =
            e->status == state::waiting || (e->status == state::done && !(independent_ && e->committed));
        if (open) e->fail(failure{others}.set_sql(e->sql()));
    }
    return first ? first : f;
}

} // namespace tusk
