#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <tusk/core/observer.hpp>

namespace tusk::testing {

/// Counts the statements that connections and pools send, to catch rows that are fetched one by one (N + 1
/// queries) in a test:
///
///     auto counted = std::make_shared<statement_counter>();
///     auto db = connect(connection_settings{}.observe_with(counted));
///     show_posts_with_comments(db);
///     EXPECT_EQ(counted->excess(2), "");
///     EXPECT_EQ(counted->repeated(1), "");
///
/// Safe to call from several threads.
class statement_counter final : public observer {
public:
    /// Statements so far; a batch counts as what it holds, COPY as one.
    std::uint64_t total() const;
    /// How often each text was sent; those of batches have no text.
    std::map<std::string, std::uint64_t> by_statement() const;
    void reset();

    /// What was sent when it was more than that; empty when it was not.
    std::string excess(std::uint64_t at_most) const;
    /// The statements that were sent more often than that; empty when none was.
    std::string repeated(std::uint64_t at_most) const;

    void query_finished(query_event& e) noexcept override;
    void batch_finished(batch_event& e) noexcept override;
    void copy_finished(copy_event& e) noexcept override;

private:
    void add(std::string_view sql, std::uint64_t times) noexcept;
    mutable std::mutex mutex_;
    std::map<std::string, std::uint64_t, std::less<>> seen_;
    std::uint64_t total_ = 0;
};

} // namespace tusk::testing
