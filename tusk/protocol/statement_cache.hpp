#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <tusk/wire/backend.hpp>

namespace tusk::protocol {

/// Something that is worth computing once for a described statement: how its rows become a C++ type.
class row_plan_base {
public:
    virtual ~row_plan_base() = default;
    const void* key = nullptr; ///< Identifies the C++ type.
    row_plan_base* next = nullptr;
};

/// What Parse/Describe told about a statement. Immutable but for the plans, which are only ever added.
class statement_description {
public:
    statement_description(std::vector<std::uint32_t> parameter_types,
                          std::vector<wire::column_description> cols, bool as_text = false)
        : parameters{std::move(parameter_types)}, columns{std::move(cols)}, text_only{as_text} {}
    /// Of a result whose values come as text, whatever their types.
    static std::shared_ptr<const statement_description> of_text(std::vector<wire::column_description> cols) {
        return std::make_shared<const statement_description>(std::vector<std::uint32_t>{}, std::move(cols),
                                                             true);
    }
    ~statement_description();
    statement_description(const statement_description&) = delete;
    statement_description& operator=(const statement_description&) = delete;

    const std::vector<std::uint32_t> parameters;
    const std::vector<wire::column_description> columns; ///< Empty when no rows are returned.
    const bool text_only;                                ///< The formats are not a matter of choice.

    /// The plan stored under `key`, or null. Lock-free.
    const row_plan_base* find_plan(const void* key) const noexcept {
        for (auto* p = plans_.load(std::memory_order_acquire); p != nullptr; p = p->next)
            if (p->key == key) return p;
        return nullptr;
    }
    /// Adds a plan; returns the one that is stored, which may be another thread's.
    const row_plan_base& add_plan(std::unique_ptr<row_plan_base> plan) const;

private:
    mutable std::atomic<row_plan_base*> plans_{nullptr};
};

/// What was seen of a statement's executions, of one pool or connection. Safe from several threads; who comes
/// second may go uncounted.
class statement_history {
public:
    /// One execution: whether it was a query or DML (which leave the session as it was), and how long it
    /// took.
    void add(bool plain, std::chrono::steady_clock::duration took) noexcept {
        using std::chrono::microseconds;
        const auto now =
            std::min<std::int64_t>(std::chrono::duration_cast<microseconds>(took).count(), 1 << 30);
        const auto usual = usual_us_.load(std::memory_order_relaxed);
        // One that is slow for once weighs more than one that is fast for once.
        const auto next = usual < 0     ? now
                          : now > usual ? usual + (now - usual) / 4
                                        : usual - (usual - now) / 16;
        usual_us_.store(next, std::memory_order_relaxed);
        plain_.store(plain, std::memory_order_relaxed);
    }
    /// Whether it was ever executed.
    bool known() const noexcept { return usual_us_.load(std::memory_order_relaxed) >= 0; }
    bool plain() const noexcept { return plain_.load(std::memory_order_relaxed); }
    std::chrono::microseconds usual() const noexcept {
        return std::chrono::microseconds{usual_us_.load(std::memory_order_relaxed)};
    }

private:
    std::atomic<std::int64_t> usual_us_{-1};
    std::atomic<bool> plain_{false};
};

/// A statement's text, interned: there is one object for one text in a registry.
class statement {
public:
    statement(std::string_view sql, std::string name) : text{sql}, server_name{std::move(name)} {}
    mutable statement_history history;
    const std::string text;
    const std::string
        server_name; ///< Of the prepared statement; made of the text's hash, equal on every connection.
};

using statement_ptr = std::shared_ptr<const statement>;
using description_ptr = std::shared_ptr<const statement_description>;

struct known_statement {
    statement_ptr text;
    description_ptr description; ///< Null until some connection has described it.
};

/// The statements of a connection or of a whole pool: a statement is described once and then needs one round
/// trip on every connection. Safe from several threads. Bounded: past the capacity the least recently used
/// are forgotten.
class statement_registry {
public:
    explicit statement_registry(std::size_t capacity = 4096) : capacity_{capacity} {}

    known_statement intern(std::string_view sql);
    /// Publishes a description.
    void describe(const statement_ptr& which, description_ptr description);
    /// Forgets a description that turned out to be stale.
    void forget(const statement& which);
    std::size_t size() const;
    /// Changes with every description that comes or goes.
    std::uint64_t generation() const noexcept { return generation_.load(std::memory_order_acquire); }

private:
    struct hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view s) const noexcept { return std::hash<std::string_view>{}(s); }
    };
    struct entry {
        known_statement known;
        std::list<std::string_view>::iterator recent;
    };

    mutable std::mutex mutex_;
    std::size_t capacity_;
    std::unordered_map<std::string_view, entry, hash, std::equal_to<>> entries_;
    std::list<std::string_view> recent_; // front: most recently interned
    std::atomic<std::uint64_t> generation_{0};
};

/// What one connection interned lately: the usual statement is found again by the address of its text
/// (compared all the same), without the registry's lock and hash. Not safe from several threads.
class statement_memo {
public:
    known_statement intern(statement_registry& registry, std::string_view sql);

private:
    struct slot {
        known_statement known;
        std::uint64_t generation = 0;
    };
    static constexpr std::size_t count = 16;
    slot slots_[count];
};

/// The statements prepared on one connection, least recently used out first.
class statement_cache {
public:
    struct entry {
        statement_ptr text;
        description_ptr description;
        std::list<const statement*>::iterator recent;
    };

    void set_capacity(std::size_t n) noexcept { capacity_ = n; }
    std::size_t capacity() const noexcept { return capacity_; }
    std::size_t size() const noexcept { return entries_.size(); }

    /// The entry of a prepared statement, now the most recently used; or null.
    entry* find(const statement& which);
    /// The same for a text that the registry had forgotten and made a new object of: the statement is still
    /// prepared under its name. One of the same name and another text goes to `evicted`. Slow; for before a
    /// Parse.
    entry* find_renewed(const statement_ptr& which, std::vector<statement_ptr>& evicted);
    /// Adds a statement that was prepared. Statements that had to go are appended to `evicted`: Close them.
    void insert(statement_ptr text, description_ptr description, std::vector<statement_ptr>& evicted);
    void erase(const statement& which);
    void clear();

private:
    std::size_t capacity_ = 512;
    std::unordered_map<const statement*, entry> entries_;
    std::list<const statement*> recent_;
};

} // namespace tusk::protocol
