// `tusk db` as a user runs it.
#include <csignal>

#include <gtest/gtest.h>

#include <sys/types.h>

#include <tusk/client/blocking.hpp>
#include <tusk/embedded/binaries.hpp>
#include <tusk/embedded/detail/process.hpp>

#include "program.hpp"

namespace tusk::cli {
namespace db_test {

using namespace test;

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

blocking::connection open(const std::string& url) {
    return blocking::connection::open(parse_connect_config(url, environment{}).value());
}

/// A process by pid and start time: its pid may be used again, this never.
class process {
public:
    explicit process(pid_t pid) : pid_{pid}, start_{embedded::detail::process_start_time(pid)} {}
    bool is_alive() const { return start_ && embedded::detail::process_start_time(pid_) == start_; }
    bool ends_soon() const {
        return start_ &&
               embedded::detail::wait_until_gone(pid_, *start_, deadline::in(std::chrono::seconds{30}));
    }

private:
    pid_t pid_;
    std::optional<std::uint64_t> start_;
};

class db : public ::testing::Test {
protected:
    db() { fs::create_directories(TUSK_TEST_CACHE); }
    ~db() override { tusk({"db", "down", "--all"}); }

    outcome tusk(std::vector<std::string> arguments, std::map<std::string, std::string> more = {}) {
        arguments.insert(arguments.begin(), TUSK_PROGRAM);
        more.merge(std::map<std::string, std::string>{{"TUSK_STATE_DIR", state_.path() / "servers"},
                                                      {"TUSK_DATA_DIR", state_.path() / "data"},
                                                      {"TUSK_CACHE_DIR", TUSK_TEST_CACHE}});
        return run_program(arguments, more);
    }
    /// The answer of a command that has to succeed.
    boost::json::object answer(const std::vector<std::string>& arguments) {
        const auto done = tusk(arguments);
        if (done.status != 0) throw std::runtime_error{done.err};
        return object_in(done.out);
    }
    boost::json::object up() { return answer({"db", "up", "--ephemeral", "--json"}); }
    void expect_refused(const std::vector<std::string>& arguments, const std::string& reason) {
        const auto done = tusk(arguments);
        EXPECT_EQ(done.status, 1);
        EXPECT_EQ(done.out, "");
        EXPECT_TRUE(contains(done.err, reason)) << done.err;
        EXPECT_TRUE(contains(done.err, "\nremedy: ")) << done.err;
    }

    temporary_directory state_;
};

std::string text(const boost::json::object& object, const char* field) {
    return object.at(field).as_string().c_str();
}
pid_t pid_of(const boost::json::object& server) { return static_cast<pid_t>(server.at("pid").as_int64()); }

TEST_F(db, up_twice_is_one_server_that_answers_until_it_is_down) {
    auto first = up();
    EXPECT_EQ(text(first, "schema"), "tusk.db.up/1");
    EXPECT_EQ(text(first, "name"), "default");
    EXPECT_EQ(text(first, "version"), embedded::find_binaries()->version);
    EXPECT_EQ(first.at("port"), 5432);
    EXPECT_EQ(first.at("ephemeral"), true);
    EXPECT_EQ(first.at("tcp_url"), nullptr);
    EXPECT_EQ(first.at("already_running"), false);
    EXPECT_TRUE(fs::exists(text(first, "socket_dir")));
    const auto url = text(first, "url");
    EXPECT_EQ(open(url).one<int>("select 6 * 7"), 42);

    auto second = up();
    EXPECT_EQ(second.at("already_running"), true);
    second["already_running"] = false;
    EXPECT_EQ(second, first);

    const auto plain = tusk({"db", "up"});
    EXPECT_EQ(plain.status, 0);
    EXPECT_EQ(plain.out, url + "\n");
    EXPECT_EQ(plain.err, "");
    EXPECT_EQ(tusk({"db", "url"}).out, url + "\n");
    EXPECT_EQ(text(answer({"db", "url", "--json"}), "url"), url);

    const process server{pid_of(first)};
    const auto down = answer({"db", "down", "--json"});
    EXPECT_EQ(text(down, "schema"), "tusk.db.down/1");
    ASSERT_EQ(down.at("stopped").as_array().size(), 1u);
    EXPECT_EQ(pid_of(down.at("stopped").as_array()[0].as_object()), pid_of(first));
    EXPECT_TRUE(down.at("failed").as_array().empty());
    EXPECT_FALSE(server.is_alive());
    EXPECT_FALSE(fs::exists(text(first, "data_dir")));
    EXPECT_FALSE(fs::exists(text(first, "socket_dir")));
}

TEST_F(db, list_shows_what_runs) {
    const auto empty = tusk({"db", "list"});
    EXPECT_EQ(empty.status, 0);
    EXPECT_EQ(empty.out, "");
    EXPECT_TRUE(contains(empty.err, "`tusk db up`")) << empty.err;
    EXPECT_TRUE(answer({"db", "list", "--json"}).at("servers").as_array().empty());

    ASSERT_EQ(tusk({"db", "up", "--ephemeral", "--name", "one"}).status, 0);
    auto two = answer({"db", "up", "--ephemeral", "--name", "two", "--json"});
    const auto table = tusk({"db", "list"});
    EXPECT_TRUE(table.out.starts_with("NAME  VERSION")) << table.out;
    EXPECT_TRUE(contains(table.out, "\none   ")) << table.out;
    EXPECT_TRUE(contains(table.out, text(two, "url"))) << table.out;
    const auto all = answer({"db", "list", "--json"});
    EXPECT_EQ(text(all, "schema"), "tusk.db.list/1");
    ASSERT_EQ(all.at("servers").as_array().size(), 2u);
    for (const auto* only_of_up : {"schema", "tcp_url", "already_running"}) two.erase(only_of_up);
    EXPECT_EQ(all.at("servers").as_array()[1], two);

    const auto down = tusk({"db", "down", "--all"});
    EXPECT_EQ(down.status, 0);
    EXPECT_EQ(down.out, "");
    EXPECT_TRUE(contains(down.err, "stopped \"one\"")) << down.err;
    EXPECT_TRUE(answer({"db", "list", "--json"}).at("servers").as_array().empty());
    EXPECT_EQ(tusk({"db", "down", "--all"}).status, 0) << "nothing to do is no failure";
}

TEST_F(db, up_does_not_take_a_server_of_another_kind_for_its_own) {
    up();
    expect_refused({"db", "up", "--version", "99"}, "already running with version");
    expect_refused({"db", "up", "--data", state_.path() / "other"}, "already running on");
    expect_refused({"db", "up", "--port", "6543"}, "already running with port 5432");
    expect_refused({"db", "up", "--tcp", "0"}, "already running without TCP");
    const auto as_object = tusk({"db", "up", "--port", "6543", "--json"});
    EXPECT_EQ(as_object.status, 1);
    const auto error = object_in(as_object.out);
    EXPECT_EQ(text(error, "schema"), "tusk.error/1");
    EXPECT_EQ(error.at("exit_code"), 1);
    EXPECT_TRUE(contains(text(error, "remedy"), "`tusk db down`")) << as_object.out;
}

TEST_F(db, a_version_that_is_not_installed_is_named_with_its_package) {
    expect_refused({"db", "up", "--ephemeral", "--version", "99"}, "PostgreSQL 99 found");
    EXPECT_TRUE(
        contains(tusk({"db", "up", "--version", "99"}).err, "\nremedy: `apt-get install postgresql-99`"));
}

TEST_F(db, lasting_data_outlives_the_server) {
    const auto first = answer({"db", "up", "--name", "kept", "--json"});
    EXPECT_EQ(first.at("ephemeral"), false);
    EXPECT_EQ(text(first, "data_dir"), state_.path() / "data/kept");
    open(text(first, "url")).exec("create table t as select 8 as x");
    expect_refused({"db", "up", "--name", "kept", "--ephemeral"}, "already running on lasting data");
    ASSERT_EQ(tusk({"db", "down", "--name", "kept"}).status, 0);
    EXPECT_TRUE(fs::exists(state_.path() / "data/kept/PG_VERSION"));
    expect_refused({"db", "up", "--name", "kept", "--version", "99"}, "was made by PostgreSQL");
    const auto second = answer({"db", "up", "--name", "kept", "--json"});
    EXPECT_NE(pid_of(second), pid_of(first));
    EXPECT_EQ(open(text(second, "url")).one<int>("select x from t"), 8);
}

TEST_F(db, tcp_and_settings_are_for_the_server) {
    const auto done = tusk({"db", "up", "--ephemeral", "--tcp", "0", "--set", "work_mem=7MB", "--set",
                            "application_name=a b", "--json"});
    ASSERT_EQ(done.status, 0) << done.err;
    const auto server = object_in(done.out);
    const auto url = text(server, "tcp_url");
    EXPECT_EQ(url,
              "postgres://postgres@127.0.0.1:" + std::to_string(server.at("port").as_int64()) + "/postgres");
    auto session = open(url);
    EXPECT_EQ(session.one<std::string>("select current_setting('work_mem')"), "7MB");
    EXPECT_EQ(session.one<std::string>("select reset_val from pg_settings where name = 'application_name'"),
              "a b");
    const auto again = tusk({"db", "up", "--tcp", "0", "--set", "work_mem=8MB"});
    EXPECT_EQ(again.out, url + "\n");
    EXPECT_TRUE(contains(again.err, "note: the server was running already")) << again.err;
}

TEST_F(db, a_server_that_cannot_start_shows_its_log) {
    const auto done = tusk({"db", "up", "--ephemeral", "--set", "shared_buffers=nonsense"});
    EXPECT_EQ(done.status, 1);
    EXPECT_TRUE(contains(done.err, "did not start")) << done.err;
    EXPECT_TRUE(contains(done.err, "shared_buffers")) << done.err;
    EXPECT_TRUE(contains(done.err, "\nremedy: see whether the server can take what --set says\n"))
        << done.err;
}

TEST_F(db, what_is_not_running_can_be_neither_found_nor_stopped) {
    expect_refused({"db", "url"}, "no server named \"default\" is running");
    expect_refused({"db", "down", "--name", "x"}, "no server named \"x\" is running");
    expect_refused({"db", "psql"}, "`tusk db up` starts it");
    ASSERT_EQ(tusk({"db", "up", "--ephemeral", "--name", "shop"}).status, 0);
    expect_refused({"db", "url", "--name", "shpo"}, "did you mean \"shop\"?");
}

TEST_F(db, a_killed_server_is_cleared_away) {
    const auto first = up();
    const process server{pid_of(first)};
    ASSERT_EQ(::kill(pid_of(first), SIGKILL), 0);
    ASSERT_TRUE(server.ends_soon());
    EXPECT_TRUE(answer({"db", "list", "--json"}).at("servers").as_array().empty());
    EXPECT_FALSE(fs::exists(state_.path() / "servers/default.server"));
    EXPECT_FALSE(fs::exists(text(first, "data_dir")));
    const auto second = up();
    EXPECT_EQ(second.at("already_running"), false);
    EXPECT_NE(pid_of(second), pid_of(first));
    EXPECT_EQ(open(text(second, "url")).one<int>("select 1"), 1);
}

TEST_F(db, a_server_that_hangs_is_a_failed_connection) {
    const auto pid = pid_of(up());
    ASSERT_EQ(::kill(pid, SIGSTOP), 0);
    const auto done = tusk({"db", "up", "--ephemeral", "--timeout", "1"});
    EXPECT_EQ(::kill(pid, SIGCONT), 0);
    EXPECT_EQ(done.status, 4) << done.err;
    EXPECT_EQ(done.out, "");
    EXPECT_TRUE(contains(done.err, "runs but does not answer")) << done.err;
    EXPECT_EQ(tusk({"db", "up", "--ephemeral"}).status, 0);
}

TEST_F(db, psql_is_connected_and_given_its_arguments) {
    const auto psql = embedded::find_binaries()->bin_dir / "psql";
    if (!fs::exists(psql)) GTEST_SKIP() << "this machine has no psql";
    up();
    const auto asked =
        tusk({"db", "psql", "--", "-XAtc", "select 6 * 7"}, {{"PGPORT", "1"}, {"PGHOST", "nowhere"}});
    EXPECT_EQ(asked.status, 0) << asked.err;
    EXPECT_EQ(asked.out, "42\n");
    EXPECT_EQ(tusk({"db", "psql", "--", "-Xc", "nonsense"}).status, 1) << "the status is psql's";
}

TEST_F(db, psql_that_is_not_there_is_missed_in_words) {
    up();
    temporary_directory programs;
    const auto found = embedded::find_binaries().value();
    fs::create_symlink(found.postgres(), programs.path() / "postgres");
    fs::create_symlink(found.initdb(), programs.path() / "initdb");
    const auto done = tusk({"db", "psql"}, {{"TUSK_PG_BIN", programs.path()}, {"PATH", programs.path()}});
    EXPECT_EQ(done.status, 1);
    EXPECT_TRUE(contains(done.err, "error: there is no psql")) << done.err;
    EXPECT_TRUE(contains(done.err, "remedy: `apt-get install postgresql-client`")) << done.err;
}

} // namespace db_test
} // namespace tusk::cli
