#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

namespace tusk::observe::detail {

/// A hash table that only grows and owns its nodes. `find` takes no lock; `insert` and `nodes` are called
/// under the owner's mutex. A node never moves and lives as long as the table. `Node` has a member
/// `std::size_t hash`.
///
/// Open addressing over atomic pointers. Growing publishes a larger array and keeps the old ones, because a
/// reader may still walk them; it may miss a node there, and then the owner looks again under its mutex.
template <class Node>
class append_table {
public:
    append_table() { grow(16); }
    append_table(const append_table&) = delete;
    append_table& operator=(const append_table&) = delete;

    template <class Matches>
    Node* find(std::size_t hash, const Matches& matches) const noexcept {
        const generation& in = *current_.load(std::memory_order_acquire);
        for (std::size_t i = hash & in.mask;; i = (i + 1) & in.mask) {
            Node* node = in.slots[i].load(std::memory_order_acquire);
            if (!node) return nullptr;
            if (node->hash == hash && matches(*node)) return node;
        }
    }

    Node& insert(std::unique_ptr<Node> node) {
        if ((nodes_.size() + 1) * 2 > generations_.back()->mask + 1)
            grow((generations_.back()->mask + 1) * 2);
        nodes_.push_back(std::move(node));
        put(*generations_.back(), nodes_.back().get());
        return *nodes_.back();
    }

    /// In the order of insertion.
    const std::vector<std::unique_ptr<Node>>& nodes() const noexcept { return nodes_; }

private:
    struct generation {
        explicit generation(std::size_t capacity)
            : mask{capacity - 1}, slots{std::make_unique<std::atomic<Node*>[]>(capacity)} {}
        std::size_t mask; // capacity is a power of two, at most half full
        std::unique_ptr<std::atomic<Node*>[]> slots;
    };

    static void put(generation& into, Node* node) noexcept {
        std::size_t i = node->hash & into.mask;
        while (into.slots[i].load(std::memory_order_relaxed)) i = (i + 1) & into.mask;
        into.slots[i].store(node, std::memory_order_release);
    }

    void grow(std::size_t capacity) {
        generations_.push_back(std::make_unique<generation>(capacity));
        for (const auto& node : nodes_) put(*generations_.back(), node.get());
        current_.store(generations_.back().get(), std::memory_order_release);
    }

    std::vector<std::unique_ptr<Node>> nodes_;
    std::vector<std::unique_ptr<generation>> generations_;
    std::atomic<const generation*> current_{nullptr};
};

} // namespace tusk::observe::detail
