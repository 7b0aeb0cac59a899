// What lint reports and what it leaves alone; what import makes of other tools' files.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include <unistd.h>

#include <boost/json/parse.hpp>

#include <tests/temporary_directory.hpp>
#include <tusk/migrate/changes.hpp>
#include <tusk/migrate/import.hpp>
#include <tusk/migrate/lint.hpp>

namespace tusk::migrate {
namespace lint_test {

namespace fs = std::filesystem;
using names = std::vector<std::string>;

lint_report linted(const std::string& sql, const lint_options& o = {}) {
    return lint(directory::of({{"1_a.sql", sql}}).value(), o).value();
}

names codes(const std::string& sql, const lint_options& o = {}) {
    names out;
    for (const auto& each : linted(sql, o).findings) out.push_back(each.code);
    return out;
}

/// A statement, and the codes that are reported for it.
struct rule {
    const char* sql;
    names expected;
};

TEST(lint, reports_each_code_and_leaves_its_harmless_relatives_alone) {
    const std::vector<rule> rules{
        {"drop schema shop cascade;", {"DS101"}},
        {"create schema shop; drop schema shop;", {}},
        {"drop table users;", {"DS102"}},
        {"drop table shop.users, posts;", {"DS102", "DS102"}},
        {"create table users (); drop table users;", {}},
        {"drop view v;", {}},
        {"alter table users drop column name;", {"DS103"}},
        {"create unique index concurrently i on users (name);", {"PG103", "MF101"}},
        {"-- atlas:txmode none\n\ncreate index concurrently i on users (name);", {}},
        {"create index i on users (name);", {"PG101"}},
        {"create table users (name text); create unique index i on users (name);", {}},
        {"drop index i;", {"PG102"}},
        {"-- atlas:txmode none\n\ndrop index concurrently i;", {}},
        {"drop index concurrently i;", {"PG103"}},
        {"alter table users add column n int not null;", {"MF103"}},
        {"alter table users add column n int not null default 0;", {}},
        {"alter table users add column n int;", {}},
        {"alter table users add column at timestamptz default now();", {}},
        {"alter table users add column id uuid default gen_random_uuid();", {"PG302"}},
        {"alter table users add column id bigserial;", {"PG302"}},
        {"alter table users alter column name set not null;", {"MF104", "PG303"}},
        {"update users set name = ''; alter table users alter column name set not null;", {"PG303"}},
        {"alter table users add constraint c check (name is not null) not valid; alter table users validate "
         "constraint "
         "c; alter table users alter column name set not null;",
         {}},
        {"alter table users alter column name type varchar(9);", {"PG301"}},
        {"alter table users add primary key (id);", {"PG104", "PG304"}},
        {"alter table users add primary key using index i;", {}},
        {"alter table users add constraint u unique (name);", {"PG105", "MF101"}},
        {"alter table users add constraint u unique using index i;", {}},
        {"alter table users add constraint c check (age > 0);", {"PG305"}},
        {"alter table users add constraint c check (age > 0) not valid;", {}},
        {"alter table posts add constraint f foreign key (u) references users;", {"PG306"}},
        {"alter table posts add constraint f foreign key (u) references users not valid;", {}},
        {"alter table posts drop constraint posts_user_fkey;", {"CD101"}},
        {"alter table users rename to people;", {"BC101"}},
        {"alter table users rename column name to title;", {"BC102"}},
        {"insert into users values (1); select 'drop table users';", {}},
    };
    for (const auto& each : rules) EXPECT_EQ(codes(each.sql), each.expected) << each.sql;
}

TEST(lint, obeys_nolint_at_a_file_and_at_a_statement) {
    EXPECT_EQ(codes("-- atlas:nolint\n\ndrop table a;"), names{});
    EXPECT_EQ(codes("-- tusk:nolint DS102\n\ndrop table a; drop index i;"), names{"PG102"});
    EXPECT_EQ(codes("-- atlas:nolint destructive\ndrop table a;\ndrop table b;"), names{"DS102"});
    EXPECT_EQ(codes("-- atlas:nolint MF103\ndrop table a;"), names{"DS102"});
}

TEST(lint, is_as_strict_as_it_is_told) {
    EXPECT_TRUE(linted("drop table a;").has_errors());
    EXPECT_FALSE(linted("drop index i;").has_errors());
    EXPECT_TRUE(linted("drop index i;", lint_options{}.error("PG102")).has_errors());
    EXPECT_TRUE(linted("drop index i;", lint_options{}.error("concurrent_index")).has_errors());
    EXPECT_EQ(codes("drop table a;", lint_options{}.ignore("destructive")), names{});
}

TEST(lint, looks_at_the_last_files_or_those_that_are_named) {
    const auto dir = directory::of({{"1_a.sql", "drop table a;"}, {"2_b.sql", "drop table b;"}}).value();
    EXPECT_EQ(lint(dir).value().files.size(), 2u);
    EXPECT_EQ(lint(dir, lint_options{}.latest(1)).value().files, names{"2_b.sql"});
    EXPECT_EQ(lint(dir, lint_options{}.only({"1_a.sql"})).value().files, names{"1_a.sql"});
}

TEST(lint, says_what_it_could_not_analyse) {
    const auto report = linted("select 1;\nselect \xC3\xA4 from from t;");
    ASSERT_EQ(report.not_analysed.size(), 1u);
    EXPECT_TRUE(report.not_analysed[0].starts_with("1_a.sql:2:15: syntax error")) << report.not_analysed[0];
}

TEST(lint, answers_people_and_tools) {
    const auto report = linted("select 1;\n  drop table users;");
    ASSERT_EQ(report.findings.size(), 1u);
    EXPECT_EQ(report.findings[0].where, (text_position{2, 3}));
    EXPECT_EQ(report.findings[0].excerpt, "  drop table users;\n  ^");
    const auto plain = boost::json::parse(to_json(report));
    EXPECT_EQ(plain.at("findings").at(0).at("code"), "DS102");
    const auto sarif = boost::json::parse(to_sarif(report));
    const auto& result = sarif.at("runs").at(0).at("results").at(0);
    EXPECT_EQ(result.at("ruleId"), "DS102");
    EXPECT_EQ(result.at("level"), "error");
    EXPECT_EQ(result.at("locations").at(0).at("physicalLocation").at("region").at("startLine"), 2);
}

// ---- changes and import

class folders : public testing::Test {
protected:
    void write(const std::string& name, const std::string& content) const { directory_.write(name, content); }
    std::string read(const std::string& name) const { return read_whole(path_ / name).value(); }
    std::string url(const std::string& name) const { return "file://" + (path_ / name).string(); }
    names imported_from(const std::string& format) const {
        const auto done = import_directory(url("from") + "?format=" + format, url("to"));
        if (!done) return {std::string{done.error().text()}};
        EXPECT_FALSE(directory::open(url("to")).value().validate());
        return done->files;
    }
    names statements(const std::string& file) const {
        names out;
        const auto content = migration_file::parse("1.sql", read(file)).value();
        const auto found = content.statements().value();
        for (const auto& each : found) out.push_back(each.text);
        return out;
    }
    const tests::temporary_directory directory_;
    const fs::path path_ = directory_.path();
};

TEST_F(folders, get_new_files_behind_all_others) {
    const auto first = new_file(url("m"), "add users!").value();
    const auto second = new_file(url("m"), "").value();
    EXPECT_TRUE(first.filename().string().ends_with("_add_users_.sql"));
    const auto dir = directory::open(url("m")).value();
    EXPECT_FALSE(dir.validate());
    EXPECT_EQ(dir.files()[1].name(), second.filename().string());
    write("m/90000000000000_last.sql", "");
    EXPECT_FALSE(new_file(url("m"), "x")) << "somebody's file is not signed by accident";
    ASSERT_FALSE(directory::open(url("m")).value().write_sum());
    EXPECT_EQ(new_file(url("m"), "x").value().filename().string(), "90000000000001_x.sql");
}

TEST_F(folders, keep_the_length_of_their_versions) {
    write("m/8_a.sql", "");
    ASSERT_FALSE(directory::open(url("m")).value().write_sum());
    EXPECT_EQ(new_file(url("m"), "b").value().filename().string(), "9_b.sql");
    EXPECT_FALSE(new_file(url("m"), "c")) << "10 would sort before 8";
    EXPECT_FALSE(rebase_files(url("m"), {"8"}));
    EXPECT_FALSE(directory::open(url("m")).value().validate()) << "nothing was touched";
}

TEST_F(folders, lose_files_with_their_ways_back) {
    write("m/1_a.sql", "select 1;");
    write("m/2_b.sql", "select 2;");
    write("m/down/2_b.sql", "select -2;");
    ASSERT_FALSE(directory::open(url("m")).value().write_sum());
    EXPECT_EQ(remove_file(url("m"), "").value(), "2_b.sql");
    EXPECT_FALSE(fs::exists(path_ / "m/down/2_b.sql"));
    EXPECT_FALSE(remove_file(url("m"), "7"));
    EXPECT_FALSE(directory::open(url("m")).value().validate());
}

TEST_F(folders, put_rebased_files_on_top_in_the_order_given) {
    for (const char* name : {"1_a.sql", "2_b.sql", "3_c.sql"}) write(std::string{"m/"} + name, name);
    write("m/down/1_a.sql", "-- a");
    ASSERT_FALSE(directory::open(url("m")).value().write_sum());
    const auto made = rebase_files(url("m"), {"2", "1_a.sql"}).value();
    const auto dir = directory::open(url("m")).value();
    EXPECT_FALSE(dir.validate());
    ASSERT_EQ(dir.files().size(), 3u);
    EXPECT_EQ(dir.files()[0].name(), "3_c.sql");
    EXPECT_EQ(dir.files()[1].content(), "2_b.sql");
    EXPECT_EQ(dir.files()[2].name(), made[1]);
    EXPECT_TRUE(fs::exists(path_ / "m/down" / made[1]));
}

TEST_F(folders, are_imported_from_golang_migrate) {
    write("from/1_users.up.sql", "BEGIN;\ncreate table users ();\nCOMMIT;\n");
    write("from/1_users.down.sql", "drop table users;");
    write("from/10_index.up.sql", "create index concurrently i on users (id);");
    EXPECT_EQ(imported_from("golang-migrate"), (names{"01_users.sql", "10_index.sql"}));
    EXPECT_EQ(statements("to/01_users.sql"), names{"create table users ();"});
    EXPECT_EQ(statements("to/down/01_users.sql"), names{"drop table users;"});
    EXPECT_TRUE(read("to/10_index.sql").starts_with("-- atlas:txmode none\n\n"));
}

TEST_F(folders, are_imported_from_goose) {
    write("from/001_a.sql",
          "-- +goose Up\n-- +goose StatementBegin\ncreate function f() returns int language sql as $$ "
          "select 1; $$;\n-- +goose StatementEnd\nselect 2;\n-- +goose Down\ndrop function f;\n");
    write("from/002_b.sql", "-- +goose NO TRANSACTION\n-- +goose Up\nvacuum;\n");
    EXPECT_EQ(imported_from("goose"), (names{"001_a.sql", "002_b.sql"}));
    EXPECT_EQ(statements("to/001_a.sql").size(), 2u);
    EXPECT_EQ(statements("to/down/001_a.sql"), names{"drop function f;"});
    EXPECT_TRUE(read("to/002_b.sql").starts_with("-- atlas:txmode none\n\n"));
}

TEST_F(folders, are_imported_from_dbmate) {
    write("from/20200101_a.sql", "-- migrate:up\ncreate table a ();\n\n-- migrate:down\ndrop table a;\n");
    write("from/20200102_b.sql", "-- migrate:up transaction:false\nvacuum;\n-- migrate:down\n");
    EXPECT_EQ(imported_from("dbmate"), (names{"20200101_a.sql", "20200102_b.sql"}));
    EXPECT_EQ(statements("to/20200101_a.sql"), names{"create table a ();"});
    EXPECT_TRUE(read("to/20200102_b.sql").starts_with("-- atlas:txmode none\n\n"));
    EXPECT_FALSE(fs::exists(path_ / "to/down/20200102_b.sql"));
}

TEST_F(folders, are_imported_from_flyway) {
    write("from/V1__old.sql", "select 'old';");
    write("from/B2__base.sql", "create table a ();");
    write("from/sub/V3.1__more.sql", "create table b ();");
    write("from/U3.1__more.sql", "drop table b;");
    write("from/R__view.sql", "create or replace view v as select 1;");
    EXPECT_EQ(imported_from("flyway"), (names{"2-0_base.sql", "3-1_more.sql", "3-1r0_view.sql"}));
    EXPECT_EQ(statements("to/down/3-1_more.sql"), names{"drop table b;"});
}

TEST_F(folders, are_imported_from_liquibase) {
    write("from/changes.sql",
          "--liquibase formatted sql\n\n--changeset ann:1\ncreate table a ();\n--rollback drop table "
          "a;\n\n--changeset bob:2 runInTransaction:false\nvacuum;\n");
    EXPECT_EQ(imported_from("liquibase"), (names{"1_ann_1.sql", "2_bob_2.sql"}));
    EXPECT_EQ(statements("to/1_ann_1.sql"), names{"create table a ();"});
    EXPECT_EQ(statements("to/down/1_ann_1.sql"), names{"drop table a;"});
    EXPECT_TRUE(read("to/2_bob_2.sql").starts_with("-- atlas:txmode none\n\n"));
}

TEST_F(folders, are_not_imported_over_others_or_from_what_is_not_known) {
    write("from/1_a.sql", "select 1;");
    EXPECT_EQ(imported_from("atlas"), names{"1_a.sql"});
    EXPECT_TRUE(imported_from("atlas")[0].find("not an empty directory") != std::string::npos);
    EXPECT_TRUE(imported_from("sqitch")[0].find("is not known") != std::string::npos);
}

} // namespace lint_test
} // namespace tusk::migrate
