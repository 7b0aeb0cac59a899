#include <tusk/protocol/statement_cache.hpp>

#include <algorithm>

namespace tusk::protocol {

statement_description::~statement_description() {
    for (auto* p = plans_.load(std::memory_order_relaxed); p != nullptr;) delete std::exchange(p, p->next);
}

const row_plan_base& statement_description::add_plan(std::unique_ptr<row_plan_base> plan) const {
    auto* head = plans_.load(std::memory_order_acquire);
    for (;;) {
        for (auto* p = head; p != nullptr; p = p->next)
            if (p->key == plan->key) return *p;
        plan->next = head;
        if (plans_.compare_exchange_weak(head, plan.get(), std::memory_order_acq_rel)) return *plan.release();
    }
}

namespace {

std::string name_of(std::string_view sql) {
    const std::uint64_t hash = std::hash<std::string_view>{}(sql);
    std::string name = "tusk_0000000000000000";
    for (std::size_t i = 0; i < 16; ++i) name[5 + i] = "0123456789abcdef"[(hash >> (60 - 4 * i)) & 15];
    return name + "_" + std::to_string(sql.size());
}

} // namespace

known_statement statement_registry::intern(std::string_view sql) {
    const std::lock_guard lock{mutex_};
    if (const auto found = entries_.find(sql); found != entries_.end()) {
        if (found->second.recent != recent_.begin())
            recent_.splice(recent_.begin(), recent_, found->second.recent);
        return found->second.known;
    }
    if (entries_.size() >= capacity_ && !recent_.empty()) {
        const auto oldest =
            entries_.find(recent_.back()); // keys point into the statement: drop both together
        recent_.pop_back();
        const auto keep_alive = oldest->second.known.text;
        entries_.erase(oldest);
    }
    auto text = std::make_shared<const statement>(sql, name_of(sql));
    const std::string_view key = text->text;
    recent_.push_front(key);
    const auto [at, inserted] = entries_.try_emplace(key, entry{{std::move(text), nullptr}, recent_.begin()});
    return at->second.known;
}

void statement_registry::describe(const statement_ptr& which, description_ptr description) {
    const std::lock_guard lock{mutex_};
    if (const auto found = entries_.find(std::string_view{which->text}); found != entries_.end())
        found->second.known.description = std::move(description);
    generation_.fetch_add(1, std::memory_order_release);
}

void statement_registry::forget(const statement& which) {
    const std::lock_guard lock{mutex_};
    if (const auto found = entries_.find(std::string_view{which.text}); found != entries_.end())
        found->second.known.description = nullptr;
    generation_.fetch_add(1, std::memory_order_release);
}

known_statement statement_memo::intern(statement_registry& registry, std::string_view sql) {
    const auto generation = registry.generation();
    const auto address = reinterpret_cast<std::uintptr_t>(sql.data());
    auto& at = slots_[(address ^ (address >> 4) ^ (address >> 8)) % count];
    if (at.generation == generation && at.known.text && at.known.text->text == sql) return at.known;
    at.known = registry.intern(sql);
    at.generation = generation; // asked before: what changed in between is looked up again
    return at.known;
}

std::size_t statement_registry::size() const {
    const std::lock_guard lock{mutex_};
    return entries_.size();
}

statement_cache::entry* statement_cache::find(const statement& which) {
    const auto found = entries_.find(&which);
    if (found == entries_.end()) return nullptr;
    if (found->second.recent != recent_.begin())
        recent_.splice(recent_.begin(), recent_, found->second.recent);
    return &found->second;
}

statement_cache::entry* statement_cache::find_renewed(const statement_ptr& which,
                                                      std::vector<statement_ptr>& evicted) {
    const auto same = std::find_if(entries_.begin(), entries_.end(), [&](const auto& e) {
        return e.second.text->server_name == which->server_name;
    });
    if (same == entries_.end()) return nullptr;
    const auto old = same->second.text;
    const auto description = same->second.description;
    erase(*old);
    if (old->text != which->text) {
        evicted.push_back(old);
        return nullptr;
    }
    insert(which, description, evicted);
    return find(*which);
}

void statement_cache::insert(statement_ptr text, description_ptr description,
                             std::vector<statement_ptr>& evicted) {
    erase(*text);
    while (!entries_.empty() && entries_.size() >= capacity_) {
        const auto oldest = entries_.find(recent_.back());
        evicted.push_back(oldest->second.text);
        recent_.pop_back();
        entries_.erase(oldest);
    }
    const statement* key = text.get();
    recent_.push_front(key);
    entries_.emplace(key, entry{std::move(text), std::move(description), recent_.begin()});
}

void statement_cache::erase(const statement& which) {
    const auto found = entries_.find(&which);
    if (found == entries_.end()) return;
    recent_.erase(found->second.recent);
    entries_.erase(found);
}

void statement_cache::clear() {
    entries_.clear();
    recent_.clear();
}

} // namespace tusk::protocol
