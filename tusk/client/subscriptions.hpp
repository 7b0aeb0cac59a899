#pragma once

#include <set>
#include <string>
#include <string_view>

namespace tusk::detail {

/// Which channels are wanted, and which ones the server knows of. Not safe from several threads.
class subscriptions {
public:
    /// False when it was there already.
    bool add(std::string_view channel) { return wanted_.emplace(channel).second; }
    bool remove(std::string_view channel);
    bool wants(std::string_view channel) const { return wanted_.find(channel) != wanted_.end(); }
    const std::set<std::string, std::less<>>& wanted() const noexcept { return wanted_; }

    bool settled() const noexcept { return wanted_ == active_; }
    /// The statements (LISTEN, UNLISTEN) that tell the server, to be sent in one request; empty when there is
    /// nothing to tell. `applied` is called when they have succeeded; what was added or removed meanwhile is
    /// left for the next time.
    std::string changes();
    void applied() { active_ = under_way_; }
    /// Another connection: the server knows nothing.
    void forget() { active_.clear(); }

private:
    std::set<std::string, std::less<>> wanted_;
    std::set<std::string, std::less<>> active_;
    std::set<std::string, std::less<>> under_way_;
};

/// `a "b"` as `"a ""b"""`.
std::string quoted_identifier(std::string_view name);

} // namespace tusk::detail
