#pragma once

#include <ostream>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include <tusk/testing/expectations.hpp>

/// Matchers for `EXPECT_THAT` of GoogleMock.
namespace tusk::testing {

/// Matches a `tusk::error`, a `failure`, and a `result` that holds one:
/// `EXPECT_THAT(db.try_exec(sql), is_error(condition::duplicate))`;
/// `EXPECT_THAT([&] { db.exec(sql); },
/// Throws<tusk::error>(is_error(error_like{condition::check}.table("t"))))`.
class error_matcher {
public:
    explicit error_matcher(error_like expected) : expected_{std::move(expected)} {}

    bool MatchAndExplain(const failure& found, ::testing::MatchResultListener* listener) const {
        const auto problem = expected_.mismatch(found);
        if (listener->IsInterested()) *listener << problem;
        return problem.empty();
    }
    bool MatchAndExplain(const error& found, ::testing::MatchResultListener* listener) const {
        return MatchAndExplain(found.as_failure(), listener);
    }
    template <class T>
    bool MatchAndExplain(const result<T>& found, ::testing::MatchResultListener* listener) const {
        return MatchAndExplain(found.has_error() ? found.error() : failure{}, listener);
    }
    void DescribeTo(std::ostream* out) const { *out << "is the error: " << expected_.text(); }
    void DescribeNegationTo(std::ostream* out) const { *out << "is not the error: " << expected_.text(); }

private:
    error_like expected_;
};

inline ::testing::PolymorphicMatcher<error_matcher> is_error(error_like expected) {
    return ::testing::MakePolymorphicMatcher(error_matcher{std::move(expected)});
}

/// Matches rows as text, of `rows_of` or of `db.query(…)`: `EXPECT_THAT(db.query(sql), has_rows({{"1",
/// {}}}))`.
class rows_matcher {
public:
    explicit rows_matcher(text_rows expected) : expected_{std::move(expected)} {}

    bool MatchAndExplain(const text_rows& found, ::testing::MatchResultListener* listener) const {
        const auto problem = difference(expected_, found);
        if (listener->IsInterested() && !problem.empty()) *listener << "they differ:\n" << problem;
        return problem.empty();
    }
    bool MatchAndExplain(const result_set& found, ::testing::MatchResultListener* listener) const {
        return MatchAndExplain(rows_of(found), listener);
    }
    void DescribeTo(std::ostream* out) const { *out << "has these " << expected_.size() << " rows"; }
    void DescribeNegationTo(std::ostream* out) const { *out << "has other rows"; }

private:
    text_rows expected_;
};

inline ::testing::PolymorphicMatcher<rows_matcher> has_rows(text_rows expected) {
    return ::testing::MakePolymorphicMatcher(rows_matcher{std::move(expected)});
}

} // namespace tusk::testing
