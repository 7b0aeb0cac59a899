#pragma once

#include <cstdlib>
#include <iostream>
#include <string_view>

#include <gtest/gtest.h>

#include <tusk/testing/database.hpp>
#include <tusk/testing/run_async.hpp>

namespace tusk::testing {

/// A fixture with a database per test. Derive and override `options()` for a schema. With `TUSK_KEEP=failed`
/// (or `always`) and a server of your own (`TUSK_TEST_URL`) the database of a failed test stays, and its
/// `psql` line is printed.
class database_test : public ::testing::Test {
protected:
    virtual database_options options() const { return {}; }
    void SetUp() override { database_.emplace(database::create(options())); }
    void TearDown() override {
        const char* keep = std::getenv("TUSK_KEEP");
        const std::string_view when = keep == nullptr ? "" : keep;
        if (when == "always" || (when == "failed" && HasFailure())) {
            database_->keep();
            std::cerr << "kept: " << database_->psql_line() << '\n';
        }
        database_.reset();
    }

    const std::string& url() const { return database_->url(); }
    /// A new blocking connection to the test's database.
    blocking::connection connect() const { return database_->connect(); }

private:
    std::optional<database> database_;
};

} // namespace tusk::testing
