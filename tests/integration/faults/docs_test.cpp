#include "support.hpp"

namespace faults_test {

namespace docs_test {

class documentation : public tusk::testing::database_test {
protected:
    tusk::testing::database_options options() const override {
        tusk::testing::database_options o;
        o.script("create table t (a int4)");
        return o;
    }
};

TEST_F(documentation, of_the_fault_proxy_works) {
    // docs/testing.md
    tusk::testing::fault_proxy proxy{url()};
    auto db = tusk::blocking::connection::open(proxy.url());

    proxy.to_client().at_message('C').reset(); // the next CommandComplete is never seen
    const auto lost = db.try_exec("insert into t values (1)");
    EXPECT_EQ(lost.error().code(), tusk::condition::connection_lost);
    EXPECT_EQ(lost.error().sent(), tusk::sent_state::complete); // it may have been executed

    db = tusk::blocking::connection::open(proxy.url());
    proxy.to_client().latency(20ms, 5ms).bandwidth(100'000);
    EXPECT_EQ(db.one<int>("select 1"), 1);

    proxy.heal();
    proxy.stop(); // half-open: everybody is there, nothing arrives
    const auto late = db.try_exec(tusk::options{}.timeout(100ms), "select 1");
    EXPECT_EQ(late.error().code(), tusk::condition::timeout);
    EXPECT_FALSE(db.is_open());
    EXPECT_TRUE(proxy.wait_for([](const auto& seen) { return seen.to_server.hang_ups == 2; }));
}

} // namespace docs_test

} // namespace faults_test
