#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include <tusk/schema/difference.hpp>
#include <tusk/schema/plan.hpp>

namespace tusk::schema::detail {

/// What a step does with its object.
enum class act : std::uint8_t {
    drop, ///< It goes; of what is replaced or rebuilt: it steps aside.
    alter,
    create,
    attach,  ///< A new partition becomes one.
    own,     ///< A new sequence gets its owner.
    move,    ///< The rows of a rebuilt table move over.
    discard, ///< What stepped aside goes.
};

/// One knot of the graph of a plan.
struct step {
    act what = act::alter;
    const change* of = nullptr;
    std::size_t leader = 0;           ///< The step whose statements do it too; itself when there is none.
    std::vector<std::size_t> members; ///< Of a leader.
};

/// The steps of a difference, in an order in which each finds what it needs.
class steps {
public:
    /// Throws `tusk::error` (`errc::invalid_configuration`) when there is no order.
    explicit steps(const difference& all);

    const std::vector<step>& all() const noexcept { return steps_; }
    /// Leaders only.
    const std::vector<std::size_t>& order() const noexcept { return order_; }

private:
    void add_steps();
    void fold();
    void fold_into(std::size_t member, act leader, const std::string& id);
    std::size_t leader_of(std::size_t at) const;
    void connect();
    void connect_needs(const change& c);
    void connect_old_needs(const change& c);
    void connect_names();
    void connect_special(const change& c);
    void connect_heir(const change& c);
    void connect_attached(const change& c);
    void connect_detached(const change& c);
    void connect_key(const change& c);
    void edge(std::size_t before, std::size_t after, bool soft = false);
    std::size_t find(act what, const std::string& id) const;
    bool sort();
    std::string circle() const;
    bool is_part_of_index(const object& part, const std::string& id) const;

    const difference& difference_;
    std::vector<step> steps_;
    std::unordered_map<std::string, std::size_t> by_key_;
    std::vector<std::vector<std::pair<std::size_t, bool>>>
        after_; ///< By leader: what comes after it, and softly.
    std::vector<std::size_t> order_;
    /// The indexes of partitions, by the name of the index that they are parts of.
    std::unordered_map<std::string, std::vector<std::size_t>> attached_;
    /// The steps by which partitions leave a table that stays.
    std::unordered_map<std::string, std::vector<std::size_t>> leaving_;
    bool without_soft_ = false;
    bool unfolded_ = false;
};

} // namespace tusk::schema::detail
