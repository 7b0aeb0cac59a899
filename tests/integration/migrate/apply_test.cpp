// Applying, status, set and the way back, on a real server.
#include <tusk/client/connection.hpp>
#include <tusk/types/time.hpp>

#include "support.hpp"

namespace tusk::migrate {
namespace apply_test {

using names = std::vector<std::string>;
using std::chrono::milliseconds;

const file_list two{
    {"1_users.sql", "create table users (id int8 primary key);\ninsert into users values (1);"},
    {"2_posts.sql", "create table posts (id int8 primary key);"}};

file_list with(file_list files, std::string name, std::string content) {
    files.emplace_back(std::move(name), std::move(content));
    return files;
}

bool says(const apply_report& r, const char* what) { return problem_of(r).find(what) != std::string::npos; }

TEST_F(migrate_test, applies_what_is_pending_once) {
    const auto first = apply(two);
    EXPECT_EQ(problem_of(first), "");
    EXPECT_EQ(applied_in(first), (names{"1_users.sql", "2_posts.sql"}));
    EXPECT_EQ(first.applied[0].statements, 2u);
    EXPECT_EQ(first.target, "2");
    EXPECT_TRUE(exists("users"));
    const auto again = apply(two);
    EXPECT_EQ(problem_of(again), "");
    EXPECT_TRUE(again.applied.empty());
    EXPECT_EQ(again.current, "2");
    EXPECT_EQ(applied_in(apply(with(two, "3_c.sql", "select 1"))), names{"3_c.sql"});
}

TEST_F(migrate_test, writes_the_columns_as_atlas_does) {
    apply(two);
    auto db = connect();
    const auto rows = db.all<revision>("select version, description, type, applied, total, executed_at, "
                                       "execution_time, error, error_stmt, hash, "
                                       "partial_hashes::text as partial_hashes, operator_version from "
                                       "atlas_schema_revisions.atlas_schema_revisions order by version");
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[0].description, "users");
    EXPECT_EQ(rows[0].type, type_execute);
    EXPECT_EQ(rows[0].applied, 2);
    EXPECT_EQ(rows[0].total, 2);
    EXPECT_EQ(rows[0].hash, dir(two).sum().hash_of("1_users.sql"));
    EXPECT_FALSE(rows[0].partial_hashes);
    EXPECT_FALSE(rows[0].error);
    EXPECT_GT(rows[0].execution_time, 0);
    EXPECT_TRUE(rows[0].operator_version.starts_with("Tusk v"));
}

TEST_F(migrate_test, leaves_nothing_of_a_file_that_fails_and_goes_on_from_there) {
    const auto broken = with(two, "3_c.sql", "create table c (id int);\ninsert into c values ('x\xC3\xA4');");
    const auto failed = apply(broken);
    EXPECT_EQ(failed.problem, condition::invalid_input);
    EXPECT_TRUE(says(failed, "3_c.sql:2:23: ")) << problem_of(failed);
    EXPECT_EQ(failed.stopped.statement, 2u);
    EXPECT_EQ(failed.stopped.excerpt, "insert into c values ('x\xC3\xA4');\n                      ^");
    EXPECT_EQ(applied_in(failed), (names{"1_users.sql", "2_posts.sql"}));
    EXPECT_FALSE(exists("c"));
    EXPECT_EQ(on(broken).status().pending, names{"3_c.sql"});
    EXPECT_EQ(applied_in(apply(with(two, "3_c.sql", "create table c (id int);"))), names{"3_c.sql"});
}

TEST_F(migrate_test, leaves_nothing_at_all_with_one_transaction_for_all) {
    const auto failed = apply(with(two, "3_c.sql", "select 1/0;"), apply_options{}.mode(tx_mode::all));
    EXPECT_TRUE(says(failed, "3_c.sql:1:1: division by zero")) << problem_of(failed);
    EXPECT_TRUE(failed.applied.empty());
    EXPECT_FALSE(exists("users"));
    EXPECT_EQ(on(two).status().pending.size(), 2u);
    EXPECT_EQ(apply(two, apply_options{}.mode(tx_mode::all)).applied.size(), 2u);
}

TEST_F(migrate_test, keeps_what_took_effect_without_transactions_and_resumes) {
    const auto none = apply_options{}.mode(tx_mode::none);
    const file_list broken{
        {"1_a.sql", "create table a (id int);\ninsert into a values (1);\nselect 1/0;\nselect 4;"}};
    const auto failed = apply(broken, none);
    EXPECT_TRUE(says(failed, "1_a.sql:3:1: division by zero")) << problem_of(failed);
    EXPECT_EQ(failed.applied[0].statements, 2u);
    const auto status = on(broken).status();
    ASSERT_EQ(status.applied.size(), 1u);
    EXPECT_TRUE(status.applied[0].partial);
    EXPECT_EQ(status.applied[0].applied, 2u);
    EXPECT_EQ(status.applied[0].total, 4u);
    EXPECT_EQ(status.applied[0].error, "division by zero [22012]");
    EXPECT_EQ(status.applied[0].error_sql, "select 1/0;");
    EXPECT_EQ(status.pending, names{"1_a.sql"});

    const auto edited =
        apply({{"1_a.sql", "create table a (id int);\ninsert into a values (2);\nselect 3;"}}, none);
    EXPECT_TRUE(says(edited, "1_a.sql:2:1: statement 2 was applied already")) << problem_of(edited);
    EXPECT_TRUE(
        says(apply({{"1_a.sql", "create table a (id int);"}}, none), "statement 2 was applied already"));

    const file_list repaired{{"1_a.sql", "create table a (id int);\ninsert into a values (1);\nselect 3;"}};
    const auto resumed = apply(repaired, none);
    EXPECT_EQ(problem_of(resumed), "");
    EXPECT_EQ(resumed.applied[0].skipped, 2u);
    EXPECT_EQ(resumed.applied[0].statements, 1u);
    EXPECT_EQ(one<std::int64_t>("select count(*) from a"), 1);
    EXPECT_TRUE(on(repaired).status().up_to_date());
    EXPECT_FALSE(on(repaired).status().applied[0].edited);
}

TEST_F(migrate_test, keeps_no_password_in_the_journal) {
    apply({{"1_a.sql", "create role postgres password 'secret';"}}, apply_options{}.mode(tx_mode::none));
    const auto row =
        one<std::string>("select error || error_stmt from atlas_schema_revisions.atlas_schema_revisions");
    EXPECT_EQ(row.find("secret"), std::string::npos) << row;
    EXPECT_NE(row.find("already exists"), std::string::npos) << row;
}

TEST_F(migrate_test, refuses_before_anything_is_executed_what_cannot_work) {
    const auto refused = [&](const char* sql, const char* why, apply_options o = {}) {
        const auto r = apply(with(two, "3_c.sql", sql), o);
        EXPECT_TRUE(says(r, why)) << problem_of(r);
        EXPECT_FALSE(exists("users")) << sql;
    };
    refused("select 1;\ncommit;", "3_c.sql:2:1: a file must not control transactions");
    refused("copy users from stdin;", "3_c.sql:1:1: COPY FROM STDIN");
    refused("\\connect other", "3_c.sql:1:1: this is a command of psql");
    refused("create index concurrently i on users (id);", "cannot run in a transaction");
    refused("select 'open", "3_c.sql:1:8: a string that begins here has no end");
    refused("-- atlas:txmode none\n\nvacuum;", "contradicts --tx-mode all",
            apply_options{}.mode(tx_mode::all));
}

TEST_F(migrate_test, obeys_the_transaction_mode_of_a_file) {
    const auto files = with(
        two, "3_c.sql", "-- atlas:txmode none\n\ncreate index concurrently i on users (id);\nvacuum users;");
    EXPECT_EQ(problem_of(apply(files)), "");
    EXPECT_TRUE(one<bool>("select indisvalid from pg_index where indexrelid = 'i'::regclass"));
    const file_list own{{"1_users.sql", two[0].second},
                        {"2_posts.sql", two[1].second},
                        files[2],
                        {"4_d.sql", "-- atlas:txmode file\n\ncreate table d ();\nselect 1/0;"},
                        {"5_e.sql", "select 1;"}};
    EXPECT_TRUE(says(apply(own, apply_options{}.mode(tx_mode::none)), "4_d.sql:4:1"));
    EXPECT_FALSE(exists("d"));
}

TEST_F(migrate_test, undoes_what_a_file_sets_before_the_next_one) {
    const auto r =
        apply({{"1_a.sql", "create role m_1; set role m_1; set search_path = ''; set lock_timeout = 1;"},
               {"2_b.sql", "reset role; create table b (); drop role m_1;"}});
    EXPECT_EQ(problem_of(r), "");
    EXPECT_TRUE(exists("public.b"));
}

TEST_F(migrate_test, takes_a_baseline_for_a_database_that_has_something) {
    connect().script("create table users ()");
    EXPECT_TRUE(says(apply(two), "the database is not empty"));
    const auto r = apply(two, apply_options{}.baseline("1"));
    EXPECT_EQ(problem_of(r), "");
    EXPECT_EQ(applied_in(r), names{"2_posts.sql"});
    const auto status = on(two).status();
    EXPECT_TRUE(status.applied[0].baseline);
    EXPECT_TRUE(status.up_to_date());
    EXPECT_EQ(problem_of(apply(two, apply_options{}.baseline("1"))), "") << "counts the first time only";
}

TEST_F(migrate_test, says_what_it_would_do_and_does_nothing) {
    const auto r = apply(two, apply_options{}.dry_run().baseline("1"));
    EXPECT_EQ(problem_of(r), "");
    ASSERT_EQ(r.planned.size(), 1u);
    EXPECT_EQ(r.planned[0].statements, names{"create table posts (id int8 primary key);"});
    EXPECT_TRUE(r.applied.empty());
    EXPECT_FALSE(
        one<bool>("select exists (select from pg_namespace where nspname = 'atlas_schema_revisions')"));
}

TEST_F(migrate_test, stops_at_an_amount_or_a_version) {
    EXPECT_EQ(apply(two, apply_options{}.amount(1)).applied.size(), 1u);
    EXPECT_TRUE(apply(two, apply_options{}.to_version("1")).applied.empty());
    EXPECT_EQ(apply(two, apply_options{}.to_version("2")).applied.size(), 1u);
}

TEST_F(migrate_test, applies_files_added_below_when_told_to) {
    apply({two[0], {"3_c.sql", "select 3;"}});
    const file_list all{two[0], two[1], {"3_c.sql", "select 3;"}};
    EXPECT_TRUE(says(apply(all), "2_posts.sql"));
    EXPECT_EQ(on(all).status().out_of_order, names{"2_posts.sql"});
    EXPECT_TRUE(apply(all, apply_options{}.order(exec_order::linear_skip)).applied.empty());
    EXPECT_EQ(applied_in(apply(all, apply_options{}.order(exec_order::non_linear))), names{"2_posts.sql"});
    EXPECT_EQ(problem_of(apply(all)), "") << "later hashes changed, no file did";
}

TEST_F(migrate_test, refuses_an_applied_file_that_was_edited) {
    apply(two);
    const file_list edited{two[0], {"2_posts.sql", "create table posts (id int4 primary key);"}};
    const auto r = apply(edited);
    EXPECT_TRUE(says(r, "2_posts.sql was edited after it had been applied")) << problem_of(r);
    EXPECT_TRUE(on(edited).status().applied[1].edited);
    const auto allowed = apply(with(edited, "3_c.sql", "select 3"), apply_options{}.allow_edited());
    EXPECT_EQ(problem_of(allowed), "");
    EXPECT_EQ(allowed.warnings.size(), 1u);
}

TEST_F(migrate_test, runs_a_file_only_when_its_checks_hold) {
    const auto archive = [](const char* check) {
        return "-- atlas:txtar\n\n-- checks.sql --\n" + std::string{check} +
               "\n-- migration.sql --\ndrop table users;\n";
    };
    apply(two);
    const auto r = apply(with(two, "3_c.sql", archive("select not exists (select from users);")));
    EXPECT_TRUE(says(r, "3_c.sql:4:1: the check of checks.sql does not hold")) << problem_of(r);
    EXPECT_TRUE(exists("users"));
    EXPECT_TRUE(
        says(apply(with(two, "3_c.sql", archive("select x from users;"))), "3_c.sql:4:1: column \"x\""));
    EXPECT_EQ(problem_of(apply(
                  with(two, "3_c.sql", archive("-- atlas:assert oneof\n\nselect false; select true;")))),
              "");
    EXPECT_FALSE(exists("users"));
}

TEST_F(migrate_test, keeps_the_revisions_where_it_is_told) {
    connect().script("create schema shop");
    const auto o = apply_options{}.revisions_schema("shop");
    EXPECT_EQ(problem_of(apply(two, o)), "");
    EXPECT_TRUE(exists("shop.atlas_schema_revisions"));
    EXPECT_TRUE(on(two).status(o).up_to_date());
    const auto bound = url() + "&search_path=shop";
    EXPECT_TRUE(blocking::migrator(dir(two), bound).status().up_to_date()) << "the schema of the session";
}

TEST_F(migrate_test, asks_which_revisions_are_meant) {
    apply(two);
    connect().script("create schema shop");
    const auto r = blocking::migrator(dir(two), url() + "&search_path=shop").try_apply();
    EXPECT_TRUE(says(r, "--revisions-schema")) << problem_of(r);
}

TEST_F(migrate_test, refuses_a_revisions_table_that_is_another) {
    connect().script(
        "create schema atlas_schema_revisions; create table atlas_schema_revisions.atlas_schema_revisions "
        "(version text primary key)");
    EXPECT_TRUE(says(apply(two), "has no column description"));
}

TEST_F(migrate_test, refuses_a_server_that_does_not_write) {
    const auto r = blocking::migrator(dir(two), url() + "&default_transaction_read_only=on").try_apply();
    EXPECT_EQ(r.problem.code(), errc::no_suitable_host) << problem_of(r);
    EXPECT_FALSE(exists("atlas_schema_revisions.atlas_schema_revisions"));
}

TEST_F(migrate_test, sets_the_version_without_executing) {
    on(two).set("1");
    EXPECT_EQ(on(two).status().pending, names{"2_posts.sql"});
    EXPECT_TRUE(on(two).status().applied[0].set_by_hand);
    on(two).set(std::nullopt);
    EXPECT_TRUE(on(two).status().up_to_date());
    EXPECT_FALSE(exists("posts"));
    on(two).set("1");
    EXPECT_EQ(on(two).status().current, "1");
    EXPECT_TRUE(on(two).try_set("7"));
}

TEST_F(migrate_test, resolves_a_file_that_is_applied_in_part) {
    const file_list files{{"1_a.sql", "create table a ();\nselect 1/0;"}, {"2_b.sql", "select 1"}};
    apply(files, apply_options{}.mode(tx_mode::none));
    on(files).set("1");
    EXPECT_EQ(on(files).status().pending, names{"2_b.sql"});
    EXPECT_EQ(one<std::int64_t>("select type from atlas_schema_revisions.atlas_schema_revisions"), 6);
}

TEST_F(migrate_test, goes_back_by_the_ways_that_were_written) {
    const auto archive = [](const char* up, const char* down) {
        return std::string{"-- atlas:txtar\n\n-- migration.sql --\n"} + up + "\n-- down.sql --\n" + down +
               "\n";
    };
    const file_list files{
        {"1_a.sql", "create table a (id int);"},
        {"2_b.sql", archive("create table b (id int);\ninsert into b values (1);", "drop table b;")},
        {"3_c.sql", archive("alter table a add note text;", "alter table a drop column note;")}};
    apply(files);
    EXPECT_EQ(problem_of(on(files).try_down(down_options{})), "") << "the column is empty";
    EXPECT_EQ(on(files).status().current, "2");
    const auto full = on(files).try_down();
    EXPECT_TRUE(says(full, "2_b.sql:7:1: \"b\" is not empty")) << problem_of(full);
    EXPECT_TRUE(exists("b"));
    EXPECT_EQ(on(files).try_down(down_options{}.allow_data_loss()).applied.size(), 1u);
    EXPECT_FALSE(exists("b"));
    EXPECT_TRUE(says(on(files).try_down(down_options{}.way(way_back::written)), "1_a.sql has no way back"));
    EXPECT_EQ(apply(files).applied.size(), 2u);
    EXPECT_EQ(on(files).try_down(down_options{}.to_version("1").allow_data_loss()).applied.size(), 2u);
}

TEST_F(migrate_test, tells_a_service_whether_it_may_start) {
    auto db = connect();
    EXPECT_FALSE(check_version(db, dir(two)).is_ready());
    apply(two, apply_options{}.amount(1));
    EXPECT_EQ(check_version(db, dir(two)).current, "1");
    apply(two);
    EXPECT_TRUE(check_version(db, dir(two)).is_ready());
    EXPECT_TRUE(check_version(db, dir({two[0]})).is_ready()) << "the database may be ahead";
    apply(with(two, "3_c.sql", "select 1/0"), apply_options{}.mode(tx_mode::none));
    EXPECT_FALSE(check_version(db, dir(two)).is_ready());
    EXPECT_TRUE(check_version(db, dir(two)).partial);
}

TEST_F(migrate_test, has_an_awaitable_twin) {
    auto body = [](std::string address) -> boost::asio::awaitable<version_state> {
        const tusk::migrator m{dir(two), address};
        const auto report = co_await m.apply();
        EXPECT_EQ(report.applied.size(), 2u);
        const auto status = co_await m.status();
        EXPECT_TRUE(status.up_to_date());
        const tusk::migrator broken{dir(with(two, "3_c.sql", "select 1/0")), address};
        const auto failed = co_await broken.try_apply();
        EXPECT_TRUE(says(failed, "3_c.sql:1:1"));
        auto db = co_await tusk::connection::open(address);
        co_return co_await check_version(db, m.files());
    };
    EXPECT_TRUE(tusk::testing::run_async(body(url())).is_ready());
}

} // namespace apply_test
} // namespace tusk::migrate
