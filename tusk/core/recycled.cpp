#include <tusk/core/recycled.hpp>

namespace tusk::detail {

namespace {

/// What is destroyed after the thread's store finds it gone. Trivial, so that it outlives everything.
thread_local bool thread_is_over = false;

} // namespace

recycler::store::~store() {
    thread_is_over = true;
    for (auto& s : shelves)
        while (auto* block = s.first) {
            s.first = block->next;
            ::operator delete(block);
        }
}

recycler::store* recycler::of_this_thread() noexcept {
    if (thread_is_over) return nullptr;
    thread_local store mine;
    return &mine;
}

void* recycler::take(std::size_t bytes) {
    const auto size = shelf_of(bytes);
    if (auto* mine = of_this_thread(); mine != nullptr) {
        auto& s = mine->shelves[size];
        if (auto* block = s.first; block != nullptr) {
            s.first = block->next;
            --s.count;
            return block;
        }
    }
    return ::operator new(smallest << size);
}

void recycler::give_back(void* block, std::size_t bytes) noexcept {
    auto* mine = of_this_thread();
    auto* s = mine == nullptr ? nullptr : &mine->shelves[shelf_of(bytes)];
    if (s == nullptr || s->count == kept_of_a_size) return ::operator delete(block);
    s->first = ::new (block) free_block{s->first};
    ++s->count;
}

} // namespace tusk::detail
