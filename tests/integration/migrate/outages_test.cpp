// What happens to the server, the disk and the way between: crashes, failover, cuts, full disks, poolers.
#include <fstream>
#include <thread>

#include <pwd.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <e2e/child.hpp>
#include <replication/cluster.hpp>
#include <tests/integration/terminated.hpp>
#include <tests/temporary_directory.hpp>
#include <tusk/embedded/server.hpp>
#include <tusk/testing/fault_proxy.hpp>

#include "support.hpp"

namespace tusk::migrate {
namespace outages_test {

namespace fs = std::filesystem;
using names = std::vector<std::string>;
using std::chrono::milliseconds;

const file_list two{{"1_a.sql", "create table tokens (t text);\ninsert into tokens values ('1');"},
                    {"2_b.sql", "insert into tokens values ('2');"}};

std::string tokens_in(const std::string& address) {
    return blocking::connection::open(address).one<std::string>(
        "select string_agg(t, ' ' order by t) from tokens");
}

/// A small file system of its own; nothing when this account may not mount one.
class small_disk {
public:
    explicit small_disk(const char* size) {
        mounted_ = ::mount("tmpfs", where_.path().c_str(), "tmpfs", 0, size) == 0;
    }
    ~small_disk() {
        if (mounted_) ::umount2(where_.path().c_str(), MNT_DETACH);
    }
    bool is_there() const { return mounted_; }
    bool resize(const char* size) const {
        return ::mount("tmpfs", where_.path().c_str(), "tmpfs", MS_REMOUNT, size) == 0;
    }
    const fs::path& path() const { return where_.path(); }

private:
    tests::temporary_directory where_;
    bool mounted_ = false;
};

uid_t owner_of(const std::string& path) {
    struct stat s{};
    return ::stat(path.c_str(), &s) == 0 ? s.st_uid : ::geteuid();
}

class outage : public migrate_test {
protected:
    std::string socket_folder() const { return parse_connect_config(url()).value().hosts().front().host; }
};

TEST_F(outage, a_commit_whose_answer_is_lost_is_in_doubt_and_the_next_run_knows) {
    for (const auto mode : {tx_mode::file, tx_mode::all, tx_mode::none}) {
        const auto fresh = tusk::testing::database::create();
        tusk::testing::fault_proxy between{fresh.url()};
        const blocking::migrator m{dir(two), between.url()};
        between.to_client().at_message_with('C', "COMMIT").reset();
        const auto cut = m.try_apply(apply_options{}.mode(mode));
        EXPECT_EQ(cut.problem.code(), errc::in_doubt) << to_string(mode) << problem_of(cut);
        EXPECT_EQ(problem_of(blocking::migrator(dir(two), fresh.url()).try_apply(apply_options{}.mode(mode))),
                  "");
        EXPECT_EQ(tokens_in(fresh.url()), "1 2") << to_string(mode);
    }
}

TEST_F(outage, a_server_that_crashes_in_the_middle_is_migrated_after_it_came_back) {
    embedded::server_options how;
    auto server = embedded::server::start(how.durable(true)).value();
    const blocking::migrator m{dir(two), server.url()};
    const auto crashed = m.try_apply(apply_options{}.mode(tx_mode::none).on_event([&](const event& e) {
        if (e.kind == event_kind::statement_done && e.file == "1_a.sql" && e.statement == 2)
            server.kill9().value();
    }));
    EXPECT_EQ(crashed.problem, condition::connection_lost) << problem_of(crashed);
    server.start_again().value();
    EXPECT_EQ(problem_of(m.try_apply(apply_options{}.mode(tx_mode::none))), "");
    EXPECT_EQ(tokens_in(server.url()), "1 2");
}

TEST(failover, the_journal_of_the_new_primary_decides) {
    using namespace replication_test;
    cluster three;
    const auto files = [](file_list list) { return directory::of(std::move(list)).value(); };
    const auto standby = blocking::migrator(files(two), three.at(first).url()).try_apply();
    EXPECT_EQ(standby.problem.code(), errc::no_suitable_host) << problem_of(standby);
    const auto anywhere = three.conninfo({first, primary}, "target_session_attrs=read-write");
    EXPECT_EQ(problem_of(blocking::migrator(files({two[0]}), anywhere).try_apply()), "");
    // Rows and file are one transaction.
    three.wait_until(first, "select to_regclass('tokens') is not null");
    EXPECT_EQ(blocking::migrator(files(two), three.at(first).url()).status().pending, names{"2_b.sql"})
        << "status reads from a standby";
    // The standby hears nothing of the second file.
    three.at(first).stop().value();
    EXPECT_EQ(problem_of(blocking::migrator(files(two), three.at(primary).url()).try_apply()), "");
    three.at(primary).kill9().value();
    three.at(first).start_again().value();
    three.promote(first);
    const auto after = blocking::migrator(files(two), anywhere).try_apply();
    EXPECT_EQ(problem_of(after), "");
    EXPECT_EQ(applied_in(after), names{"2_b.sql"});
    EXPECT_EQ(tokens_in(three.at(first).url()), "1 2");
}

TEST_F(outage, an_index_whose_building_is_cut_off_while_it_waits_is_built_by_the_next_run) {
    const file_list files{
        {"1_a.sql", "create table t (v int);"},
        {"2_b.sql", "-- atlas:txmode none\n\ncreate unique index concurrently by_v on t (v);"}};
    apply({files[0]});
    auto old = connect();
    old.script("begin isolation level repeatable read; insert into t values (1)");
    std::jthread killer{[&] {
        auto db = connect();
        while (
            !db.one<bool>("select exists (select from pg_stat_activity where query like 'create unique%' and "
                          "wait_event_type = 'Lock' and datname = current_database())"))
            std::this_thread::yield();
        EXPECT_TRUE(terminated(db, "query like 'create unique%' and datname = current_database()"));
    }};
    const auto cut = apply(files);
    killer.join();
    EXPECT_EQ(cut.problem, condition::connection_lost) << problem_of(cut);
    EXPECT_FALSE(one<bool>("select indisvalid from pg_index where indexrelid = 'by_v'::regclass"));
    old.script("commit");
    EXPECT_EQ(problem_of(apply(files)), "");
    EXPECT_TRUE(one<bool>("select indisvalid from pg_index where indexrelid = 'by_v'::regclass"));
}

TEST_F(outage, a_full_disk_of_the_server_stops_the_file_and_space_lets_it_go_on) {
    const small_disk disk{"size=2m"};
    if (!disk.is_there()) GTEST_SKIP() << "only root mounts a small disk";
    ASSERT_EQ(::chown(disk.path().c_str(), owner_of(socket_folder()), static_cast<gid_t>(-1)), 0);
    auto db = connect();
    const auto space = "small_" + std::to_string(::getpid());
    if (auto f = db.try_script("create tablespace " + space + " location '" + disk.path().string() + "'"))
        GTEST_SKIP() << "the server's account cannot get there: " << f.message();
    const file_list files{{"1_a.sql", "create table tokens (t text) tablespace " + space +
                                          ";\ninsert into tokens select md5(random()::text) || "
                                          "md5(random()::text) from generate_series(1, 60000);"}};
    for (const auto mode : {tx_mode::file, tx_mode::none}) {
        const auto full = apply(files, apply_options{}.mode(mode));
        ASSERT_TRUE(full.problem);
        ASSERT_NE(full.problem.server(), nullptr) << problem_of(full);
        EXPECT_EQ(full.problem.server()->sqlstate, "53100") << problem_of(full);
        EXPECT_EQ(exists("tokens"), mode == tx_mode::none) << "the first statement was a transaction";
    }
    ASSERT_TRUE(disk.resize("size=64m"));
    EXPECT_EQ(problem_of(apply(files, apply_options{}.mode(tx_mode::none))), "");
    EXPECT_EQ(one<std::int64_t>("select count(*) from tokens"), 60000);
    db.script("drop table tokens");
    db.script("checkpoint");
    db.script("drop tablespace " + space);
}

TEST(full_disk, of_the_client_leaves_the_directory_as_it_was) {
    const small_disk disk{"size=64k"};
    if (!disk.is_there()) GTEST_SKIP() << "only root mounts a small disk";
    std::ofstream{disk.path() / "1_a.sql"} << "select 1;";
    const auto where = disk.path().string();
    ASSERT_FALSE(directory::open(where).value().write_sum());
    const auto before = read_whole(disk.path() / "atlas.sum").value();
    {
        std::ofstream junk{disk.path() / "junk", std::ios::binary};
        const std::string block(4096, 'x');
        for (int i = 0; i < 32 && junk; ++i) junk << block << std::flush;
    }
    EXPECT_EQ(directory::open(where).value().write_sum().code(), errc::environment);
    EXPECT_FALSE(new_file(where, "more", "select 2;"));
    EXPECT_FALSE(new_file(where, "empty"));
    EXPECT_EQ(read_whole(disk.path() / "atlas.sum").value(), before);
    EXPECT_FALSE(directory::open(where).value().validate()) << "no half-written file is left";
    EXPECT_EQ(std::distance(fs::directory_iterator{disk.path()}, fs::directory_iterator{}), 3);
}

/// PgBouncer in front of a test's database.
class pooler {
public:
    pooler(const std::string& mode, const connect_config& to) : port_{e2e::free_port()} {
        std::ofstream{where_ / "pgbouncer.ini"}
            << "[databases]\nthe_base = host=" << to.hosts().front().host
            << " port=" << to.hosts().front().port << " dbname=" << to.database() << " user=" << to.user()
            << "\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = " << port_
            << "\nunix_socket_dir =\nauth_type = any\npool_mode = " << mode
            << "\ndefault_pool_size = 3\nignore_startup_parameters = extra_float_digits\n";
        std::vector<std::string> command{program()};
        if (::geteuid() == 0) {
            const auto* account = ::getpwuid(owner_of(to.hosts().front().host));
            command.insert(command.end(), {"-u", account == nullptr ? "nobody" : account->pw_name});
        }
        command.push_back((where_ / "pgbouncer.ini").string());
        child_ = std::make_unique<e2e::child>(std::move(command), where_ / "log");
        if (!child_->wait_for_output("process up")) throw std::runtime_error{child_->output()};
    }
    static std::string program() { return std::string{TUSK_DEPS} + "/pgbouncer/usr/sbin/pgbouncer"; }
    std::string url() const {
        return "postgres://anybody@127.0.0.1:" + std::to_string(port_) + "/the_base?sslmode=disable";
    }

private:
    tests::temporary_directory where_;
    std::uint16_t port_;
    std::unique_ptr<e2e::child> child_;
};

TEST_F(outage, a_pooler_that_moves_sessions_is_refused_and_one_that_does_not_is_not) {
    if (!fs::exists(pooler::program())) GTEST_SKIP() << "there is no PgBouncer";
    const auto config = parse_connect_config(url()).value();
    {
        const pooler moves{"transaction", config};
        const auto refused = blocking::migrator(dir(two), moves.url()).try_apply();
        EXPECT_EQ(refused.problem.code(), errc::invalid_configuration) << problem_of(refused);
        EXPECT_NE(problem_of(refused).find("pool_mode = transaction"), std::string::npos)
            << problem_of(refused);
        const auto back = blocking::migrator(dir(two), moves.url()).try_down();
        EXPECT_EQ(back.problem.code(), errc::invalid_configuration) << problem_of(back);
        EXPECT_FALSE(exists("tokens"));
        EXPECT_FALSE(exists("atlas_schema_revisions.atlas_schema_revisions"));
    }
    const pooler keeps{"session", config};
    EXPECT_EQ(problem_of(blocking::migrator(dir(two), keeps.url()).try_apply()), "");
}

TEST_F(outage, a_revisions_table_of_a_newer_version_or_somebody_else_is_refused) {
    apply({two[0]});
    connect().script("create table public.atlas_schema_revisions (id int)");
    EXPECT_TRUE(on(two).status().pending == names{"2_b.sql"}) << "one of that name elsewhere is not taken";
    const auto role = "limited_" + std::to_string(::getpid());
    connect().script("create role " + role + " login; grant usage on schema atlas_schema_revisions to " +
                     role + "; grant select on atlas_schema_revisions.atlas_schema_revisions to " + role);
    const auto limited = blocking::migrator(dir(two), url() + "&user=" + role).try_apply();
    EXPECT_NE(problem_of(limited).find("may not write the revisions table"), std::string::npos)
        << problem_of(limited);
    connect().script("drop owned by " + role + "; drop role " + role);
    connect().script(
        "alter table atlas_schema_revisions.atlas_schema_revisions add region text not null default "
        "''; alter table atlas_schema_revisions.atlas_schema_revisions alter region drop default");
    const auto newer = apply(two);
    EXPECT_NE(problem_of(newer).find("requires a column region"), std::string::npos) << problem_of(newer);
    EXPECT_EQ(tokens_in(url()), "1");
}

TEST_F(outage, a_clock_that_goes_backwards_changes_no_order) {
    apply({two[0]});
    connect().script(
        "update atlas_schema_revisions.atlas_schema_revisions set executed_at = now() + interval '1 "
        "year'");
    EXPECT_EQ(applied_in(apply(two)), names{"2_b.sql"});
    const auto status = on(two).status();
    EXPECT_TRUE(status.up_to_date());
    EXPECT_EQ(status.current, "2");
    EXPECT_FALSE(status.applied[0].edited || status.applied[1].edited);
}

TEST_F(outage, ten_thousand_revisions_take_ten_times_as_long_as_a_thousand) {
    const auto timed = [&](int n) {
        file_list files;
        std::vector<std::string> versions;
        std::vector<std::string> hashes;
        for (int i = 0; i < n; ++i) files.emplace_back(std::to_string(100'000 + i) + "_t.sql", "select 1;");
        const auto all = dir(files);
        for (const auto& each : all.files()) {
            versions.push_back(each.version());
            hashes.push_back(all.sum().hash_of(each.name()));
        }
        const auto fresh = tusk::testing::database::create();
        const blocking::migrator m{all, fresh.url()};
        m.apply(apply_options{}.amount(1));
        fresh.connect().exec(
            "insert into atlas_schema_revisions.atlas_schema_revisions (version, description, "
            "executed_at, execution_time, hash, operator_version) select v, 't', now(), 0, h, '' "
            "from unnest($1::text[], $2::text[]) x(v, h) on conflict do nothing",
            versions, hashes);
        const auto begin = std::chrono::steady_clock::now();
        EXPECT_TRUE(m.status().up_to_date());
        EXPECT_TRUE(m.apply().applied.empty());
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    };
    const auto few = timed(1'000);
    const auto many = timed(10'000);
    EXPECT_LT(many, 30 * few) << "ten times the revisions";
}

} // namespace outages_test
} // namespace tusk::migrate
