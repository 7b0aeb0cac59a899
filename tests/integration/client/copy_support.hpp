#pragma once

#include <memory>

#include "over_asio.hpp"

namespace client_test {

enum class driver { blocking, asio };

/// COPY into `t (a int4 primary key, b text, c int8)`, on a driver.
class copy_test : public users_test, public ::testing::WithParamInterface<driver> {
protected:
    tusk::testing::database_options options() const override {
        tusk::testing::database_options o;
        o.script("create table t (a int4 primary key, b text, c int8);"
                 "create type mood as enum ('sad', 'happy');"
                 "create domain positive as int4 check (value > 0)");
        return o;
    }
    void SetUp() override {
        users_test::SetUp();
        if (GetParam() == driver::asio)
            db_ = std::make_shared<over_asio>(url());
        else
            db_ = std::make_shared<tusk::blocking::connection>(connect());
        pid_ = backend_pid();
    }
    void TearDown() override {
        db_.reset();
        users_test::TearDown();
    }
    tusk::blocking::verbs& db() { return *db_; }
    int backend_pid() { return db().one<int>("select pg_backend_pid()"); }
    std::int64_t rows_of_t() { return db().one<std::int64_t>("select count(*) from t"); }
    /// The connection answers, and it is the one of the beginning.
    void expect_usable() {
        EXPECT_EQ(db().one<int>("select $1::int4", 7), 7);
        EXPECT_EQ(backend_pid(), pid_);
    }

private:
    std::shared_ptr<tusk::blocking::verbs> db_; // the interface has no public destructor
    int pid_ = 0;
};

inline std::string driver_name(const ::testing::TestParamInfo<driver>& info) {
    return info.param == driver::asio ? "asio" : "blocking";
}

} // namespace client_test
