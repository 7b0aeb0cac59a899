#include <tusk/testing/detail/fault_stream.hpp>

#include <algorithm>

namespace tusk::testing::detail {

void fault_stream::arm(const std::shared_ptr<fault_rule>& rule) {
    if (rule->way == way_ && (!rule->connection || *rule->connection == connection_))
        armed_.push_back({rule, 0});
}

void fault_stream::feed(std::string_view bytes, const link_settings& how, steady_clock::time_point now) {
    input_ += bytes;
    walk({how, now});
}

void fault_stream::finish(const link_settings& how, steady_clock::time_point now) {
    const moment m{how, now};
    emit(std::exchange(input_, {}), m);
    emit(std::exchange(after_, {}), m);
    push(std::exchange(after_byte_, {}), m);
}

void fault_stream::end_with(fault_kind cut, const link_settings& how, steady_clock::time_point now) {
    finish(how, now);
    push_cut(cut, {how, now});
}

// ---- messages

void fault_stream::walk(const moment& m) {
    std::string_view left = input_;
    while (!left.empty()) {
        if (!head_) {
            head_ = talk_.next(way_, left);
            if (!head_) break;
            passed_ = 0;
            whole_ = wanted_whole(*head_);
        }
        std::size_t n = head_->size - passed_;
        if (whole_ && left.size() < n) break;
        n = std::min(n, left.size());
        if (whole_)
            whole_message(std::string{left.substr(0, n)}, m);
        else
            emit(left.substr(0, n), m);
        left.remove_prefix(n);
        passed_ += n;
        if (passed_ < head_->size) break;
        if (!whole_) message_over(m);
        head_.reset();
    }
    input_.erase(0, input_.size() - left.size());
}

/// Only a message that a rule may be about is held until all of it is there.
bool fault_stream::wanted_whole(const message_head& head) const {
    return std::any_of(armed_.begin(), armed_.end(), [&](const armed& a) { return a.rule->is_about(head); });
}

void fault_stream::message_over(const moment& m) {
    if (head_->type == 0) return;
    events_.on_message(head_->type);
    emit(std::exchange(after_, {}), m);
}

void fault_stream::whole_message(std::string message, const moment& m) {
    rules hits;
    const auto body = std::string_view{message}.substr(std::min<std::size_t>(5, message.size()));
    for (auto& a : armed_) {
        auto& rule = *a.rule;
        if (!rule.is_about(*head_) || a.struck_out) continue;
        if (body.find(rule.holding) == std::string_view::npos || ++a.seen < rule.position) continue;
        a.seen = 0;
        a.struck_out = cuts(rule.kind);
        hits.push_back(a.rule);
    }
    events_.on_message(head_->type);
    strike(hits, std::move(message), after_, m, [&](std::string_view bytes) { emit(bytes, m); });
}

// ---- bytes

void fault_stream::emit(std::string_view bytes, const moment& m) {
    while (!bytes.empty()) {
        cut_where_due(m);
        std::size_t n = bytes.size();
        for (const auto& a : armed_)
            if (a.counts_bytes()) n = std::min<std::size_t>(n, a.rule->position - a.seen);
        if (n > 0) {
            const std::size_t first = after_byte_.empty() ? n : 1;
            push(bytes.substr(0, first), m);
            push(std::exchange(after_byte_, {}), m);
            push(bytes.substr(first, n - first), m);
            for (auto& a : armed_)
                if (a.counts_bytes()) a.seen += n;
            bytes.remove_prefix(n);
            cut_where_due(m); // without waiting for the byte behind it, which may never come
            continue;
        }
        single_byte(bytes.front(), m);
        bytes.remove_prefix(1);
    }
}

/// At least one rule is about this byte.
void fault_stream::single_byte(char byte, const moment& m) {
    rules hits;
    for (auto& a : armed_) {
        if (!a.counts_bytes()) continue;
        if (a.seen++ != a.rule->position) continue;
        a.seen = 0;
        hits.push_back(a.rule);
    }
    strike(hits, std::string(1, byte), after_byte_, m, [&](std::string_view bytes) { push(bytes, m); });
}

void fault_stream::cut_where_due(const moment& m) {
    for (auto& a : armed_) {
        if (!a.counts_bytes() || !cuts(a.rule->kind) || a.seen != a.rule->position) continue;
        a.struck_out = true;
        hit(*a.rule);
        push_cut(a.rule->kind, m);
    }
}

// ---- what the rules do

/// `waiting` is the unit that an earlier swap holds back.
void fault_stream::strike(const rules& hits, std::string unit, std::string& waiting, const moment& m,
                          const std::function<void(std::string_view)>& out) {
    bool swapped = false;
    std::string behind;
    std::optional<fault_kind> cut_behind;
    for (const auto& rule : hits) {
        hit(*rule);
        switch (rule->kind) {
        case fault_kind::drop: unit.clear(); break;
        case fault_kind::duplicate: unit += std::string{unit}; break;
        case fault_kind::swap: swapped = true; break;
        case fault_kind::delay: delay_ += rule->time; break;
        case fault_kind::replace: unit = rule->bytes; break;
        case fault_kind::flip:
            if (rule->offset < unit.size())
                unit[rule->offset] =
                    static_cast<char>(static_cast<unsigned char>(unit[rule->offset]) ^ rule->mask);
            break;
        case fault_kind::insert:
            if (rule->behind)
                behind += rule->bytes;
            else
                out(rule->bytes);
            break;
        case fault_kind::reset:
        case fault_kind::close:
        case fault_kind::stop:
            if (rule->behind)
                cut_behind = rule->kind;
            else
                push_cut(rule->kind, m);
        }
    }
    if (!swapped) out(unit);
    out(std::exchange(waiting, {}));
    if (swapped) waiting = std::move(unit);
    out(behind);
    if (cut_behind) push_cut(*cut_behind, m);
}

void fault_stream::hit(fault_rule& rule) {
    --rule.left;
    events_.on_fault();
}

// ---- parcels

void fault_stream::push(std::string_view bytes, const moment& m) {
    if (bytes.empty()) return;
    queued_ += bytes.size();
    const auto at = due(m);
    if (!parcels_.empty() && !parcels_.back().cut && parcels_.back().due == at)
        parcels_.back().bytes += bytes;
    else
        parcels_.push_back({std::string{bytes}, at, {}});
}

void fault_stream::push_cut(fault_kind kind, const moment& m) { parcels_.push_back({{}, due(m), kind}); }

steady_clock::time_point fault_stream::due(const moment& m) {
    using seconds = std::chrono::duration<double>;
    auto late = m.how.latency + delay_;
    if (m.how.jitter.count() > 0) {
        std::uniform_real_distribution<double> part{-1.0, 1.0};
        late += std::chrono::duration_cast<steady_clock::duration>(seconds{m.how.jitter} * part(random_));
    }
    auto at = m.now + std::max(late, steady_clock::duration::zero());
    if (m.how.window.count() > 0)
        at = last_due_ > m.now ? last_due_ : at + m.how.window; // leaves with what is waiting already
    last_due_ = std::max(last_due_, at);                        // nothing overtakes
    return last_due_;
}

} // namespace tusk::testing::detail
