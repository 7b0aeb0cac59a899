// What needs the schema engine: the next file, checkpoints, drift.
#include <filesystem>

#include <tests/temporary_directory.hpp>

#include "support.hpp"

namespace tusk::migrate {
namespace state_test {

namespace fs = std::filesystem;
using names = std::vector<std::string>;

class state : public migrate_test {
protected:
    /// Throwaway databases on the server of the test.
    dev_options dev() const { return dev_options{}.dev_url(url()); }
    next_migration next(const file_list& files, const std::string& wanted,
                        const diff_options& how = {}) const {
        return try_next(files, wanted, how).value();
    }
    result<next_migration> try_next(const file_list& files, const std::string& wanted,
                                    diff_options how = {}) const {
        const auto file = folder.write("schema.sql", wanted);
        auto where = how.dev();
        return diff(dir(files), how.to("file://" + file.string()).dev(where.dev_url(url())));
    }
    drift_report drifted(const file_list& files, dev_options o = {}) const {
        return drift(dir(files), parse_connect_config(url()).value(), o.dev_url(url())).value();
    }
    bool is_gone(const std::string& prefix) const {
        return !one<bool>("select exists (select from pg_database where datname like '" + prefix + "%')");
    }
    const tests::temporary_directory folder;
};

const file_list users{{"1_users.sql", "create table users (id int8 primary key);"}};

TEST_F(state, the_next_file_brings_a_directory_to_the_wanted_state) {
    const auto wanted = "create table users (id int8 primary key, name text not null default '');\n"
                        "create table posts (id int8 primary key, author int8 references users);";
    const auto found = next(users, wanted);
    EXPECT_FALSE(found.is_synced());
    EXPECT_NE(found.content.find("-- Create table public.posts\nCREATE TABLE public.posts"),
              std::string::npos)
        << found.content;
    auto files = users;
    files.emplace_back("2_posts.sql", found.content);
    EXPECT_TRUE(next(files, wanted).is_synced()) << "it is there now";
    EXPECT_EQ(problem_of(apply(files)), "");
    EXPECT_TRUE(exists("posts"));
    EXPECT_TRUE(is_gone("tusk_scratch"));
}

TEST_F(state, a_file_that_no_transaction_can_hold_says_so_and_is_resumable) {
    const auto found =
        next(users, "create table users (id int8 primary key);\nalter table users add name text;\n"
                    "create index users_name on users (name);");
    EXPECT_TRUE(found.content.starts_with("-- atlas:txmode none\n\n")) << found.content;
    EXPECT_NE(found.content.find("CREATE INDEX CONCURRENTLY"), std::string::npos) << found.content;
    auto files = users;
    files.emplace_back("2_name.sql", found.content);
    EXPECT_EQ(problem_of(apply(files)), "");
    EXPECT_TRUE(one<bool>("select indisvalid from pg_index where indexrelid = 'users_name'::regclass"));
}

TEST_F(state, offline_makes_one_transaction) {
    diff_options how;
    how.dev(dev_options{}.plan(schema::plan_options{}.online(false)));
    const auto found = next(
        users, "create table users (id int8 primary key, name text);\ncreate index on users (name);", how);
    EXPECT_EQ(found.content.find("txmode"), std::string::npos) << found.content;
    EXPECT_EQ(found.content.find("CONCURRENTLY"), std::string::npos) << found.content;
}

TEST_F(state, hints_of_renames_are_followed) {
    const auto found = next(users, "-- tusk:renamed from=users\ncreate table people (id int8 primary key);");
    EXPECT_NE(found.content.find("RENAME TO people"), std::string::npos) << found.content;
    EXPECT_EQ(found.content.find("DROP"), std::string::npos) << found.content;
}

TEST_F(state, what_the_policy_refuses_is_not_written_and_what_it_skips_is_left_out) {
    diff_options refuses;
    refuses.dev(dev_options{}.plan(schema::plan_options{}.refuse(schema::hazard::deletes_data)));
    const auto refused = try_next(users, "create table other ();", refuses);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message().find("deletes_data"), std::string::npos) << refused.error().message();
    diff_options skips;
    skips.dev(dev_options{}.plan(schema::plan_options{}.skip("drop")));
    const auto kept = next(users, "create table other ();", skips);
    EXPECT_EQ(kept.content.find("DROP"), std::string::npos) << kept.content;
    EXPECT_FALSE(kept.left_out.empty());
}

TEST_F(state, a_mistake_in_the_wanted_schema_names_its_line_and_leaves_nothing_behind) {
    const auto wrong = try_next(users, "create table a ();\ncreate table b (id nothing);");
    ASSERT_FALSE(wrong);
    EXPECT_NE(wrong.error().message().find("schema.sql:2"), std::string::npos) << wrong.error().message();
    const auto broken = try_next({{"1_a.sql", "select 1;\nselect 1/0;"}}, "create table a ();");
    ASSERT_FALSE(broken);
    EXPECT_NE(broken.error().message().find("1_a.sql:2:1"), std::string::npos) << broken.error().message();
    EXPECT_TRUE(is_gone("tusk_scratch"));
}

TEST_F(state, a_written_file_has_its_sum_and_its_way_back) {
    const auto where = "file://" + (folder / "migrations").string();
    diff_options o;
    o.to("file://" + folder.write("schema.sql", "create table users (id int8);").string());
    o.with_down().dev(dev());
    const auto found = diff(directory::of({}).value(), o).value();
    EXPECT_NE(found.down.find("DROP TABLE public.users"), std::string::npos) << found.down;
    const auto made = write_next(where, "add users", found).value();
    EXPECT_TRUE(made.string().ends_with("_add_users.sql")) << made;
    const auto files = directory::open(where).value();
    EXPECT_FALSE(files.validate());
    const blocking::migrator m{files, url()};
    m.apply();
    EXPECT_EQ(problem_of(m.try_down()), "");
    EXPECT_FALSE(exists("users"));
    EXPECT_TRUE(diff(files, o).value().is_synced());
}

TEST_F(state, a_database_is_a_wanted_state_too_and_its_revisions_do_not_count) {
    apply(users);
    connect().script("alter table users add note text");
    const auto found = diff(dir(users), diff_options{}.to(url()).dev(dev())).value();
    EXPECT_NE(found.content.find("ADD COLUMN note"), std::string::npos) << found.content;
    EXPECT_EQ(found.content.find("atlas_schema_revisions"), std::string::npos) << found.content;
}

const file_list history{
    {"1_a.sql", "create type mood as enum ('good', 'bad');\ncreate table a (id int8, m mood);"},
    {"2_b.sql", "create view v as select id from a;\ninsert into a values (1, 'good');"},
    {"3_c.sql", "alter table a add note text;\ncreate function f() returns int8 language sql as "
                "'select count(*) from a';"}};

TEST_F(state, a_checkpoint_stands_for_what_is_above_it) {
    const auto made = checkpoint(dir(history), "v1", dev()).value();
    EXPECT_TRUE(made.content.starts_with("-- atlas:checkpoint v1\n\n")) << made.content;
    EXPECT_EQ(made.with_rows, names{"public.a"});
    auto files = history;
    files.emplace_back("4_checkpoint.sql", made.content);
    files.emplace_back("5_d.sql", "alter table a drop column note;");
    EXPECT_EQ(applied_in(apply(files)), (names{"4_checkpoint.sql", "5_d.sql"}));
    const auto other = tusk::testing::database::create();
    const blocking::migrator m{dir(history), other.url()};
    m.apply();
    const auto rest = blocking::migrator{dir(files), other.url()}.apply();
    EXPECT_EQ(applied_in(rest), names{"5_d.sql"}) << "a database that has the files needs no checkpoint";
    for (const auto& each : {url(), other.url()})
        EXPECT_FALSE(drift(dir(files), parse_connect_config(each).value(), dev()).value().has_drifted());
    EXPECT_TRUE(checkpoint(dir({}), "", dev()).has_error());
    EXPECT_TRUE(checkpoint(dir(history), "two words", dev()).has_error());
}

TEST_F(state, a_version_below_the_checkpoint_can_be_applied) {
    auto files = history;
    files.emplace_back("4_checkpoint.sql", "-- atlas:checkpoint\n\nselect 1/0;");
    EXPECT_EQ(applied_in(apply(files, apply_options{}.to_version("2"))), (names{"1_a.sql", "2_b.sql"}));
}

TEST_F(state, drift_is_told_object_by_object) {
    apply(history);
    EXPECT_FALSE(drifted(history).has_drifted());
    connect().script("create table mine (); alter table a add column by_hand int; drop view v; delete from "
                     "a; alter table a "
                     "alter note set not null");
    const auto found = drifted(history);
    EXPECT_EQ(found.version, "3");
    EXPECT_EQ(found.differences,
              (names{"column public.a.by_hand was added", "column public.a.note was changed (not_null)",
                     "table public.mine was added", "view public.v is gone"}));
    EXPECT_NE(found.sql.find("CREATE VIEW public.v"), std::string::npos) << found.sql;
    const auto fewer = drifted(history, dev_options{}.counts(schema::scope{}.exclude("public.mine")));
    EXPECT_EQ(fewer.differences.size(), 3u);
    connect().script(found.sql);
    EXPECT_FALSE(drifted(history).has_drifted()) << "the statements bring it back";
}

TEST_F(state, drift_compares_with_what_is_applied) {
    apply(history, apply_options{}.amount(1));
    EXPECT_FALSE(drifted(history).has_drifted());
    EXPECT_EQ(drifted(history).version, "1");
    auto more = history;
    more.emplace_back("4_d.sql", "create table d ();\nselect 1/0;");
    apply(more, apply_options{}.mode(tx_mode::none));
    const auto half = drifted(more);
    EXPECT_TRUE(half.partial);
    EXPECT_EQ(half.differences, names{"table public.d was added"});
}

TEST_F(state, an_embedded_server_makes_the_roles_that_files_name) {
    const file_list files{{"1_a.sql", "create table a ();\ngrant select on a to tusk_test_nobody;"}};
    const auto file = folder.write("schema.sql", "create table a (); grant select on a to tusk_test_nobody;");
    EXPECT_TRUE(diff(dir(files), diff_options{}.to("file://" + file.string())).value().is_synced());
}

} // namespace state_test
} // namespace tusk::migrate
