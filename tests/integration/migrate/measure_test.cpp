// Locks and rewrites, measured; tests of migrations.
#include <cstdlib>

#include <tests/temporary_directory.hpp>
#include <tusk/migrate/git.hpp>

#include "support.hpp"

namespace tusk::migrate {
namespace measure_test {

using names = std::vector<std::string>;
using locks = std::vector<measured_lock>;

class measured : public migrate_test {
protected:
    dev_options dev() const { return dev_options{}.dev_url(url()); }
    measurement of(const std::string& sql) const {
        const auto files = base(sql);
        return measure(dir(files), {"2_b.sql"}, dev()).value();
    }
    measured_statement first_of(const std::string& sql) const {
        const auto all = of(sql);
        EXPECT_TRUE(all.with_rows) << all.why_no_rows;
        return all.statements.empty() ? measured_statement{} : all.statements.front();
    }
    names codes_of(const std::string& sql) const {
        const auto files = dir(base(sql));
        const auto facts = measure(files, {"2_b.sql"}, dev()).value();
        lint_options o;
        names out;
        for (const auto& each : lint(files, o.latest(1), &facts).value().findings)
            if (each.analyzer == "measured") out.push_back(each.code);
        return out;
    }
    static file_list base(const std::string& sql) {
        return {{"1_a.sql", "create table users (id int8 primary key, name text, age int4);\n"
                            "create table posts (id int8 primary key, author int8);"},
                {"2_b.sql", sql}};
    }
};

TEST_F(measured, tells_locks_by_statement) {
    const auto all =
        of("alter table users add note text;\ncomment on table users is 'x';\ncreate table own ();\n"
           "alter table own add x int;\nupdate users set name = '';");
    ASSERT_EQ(all.statements.size(), 5u);
    EXPECT_EQ(all.statements[0].locks, (locks{{"public.users", "AccessExclusiveLock"}}));
    EXPECT_EQ(all.statements[0].rewritten, names{});
    EXPECT_EQ(all.statements[1].locks, (locks{{"public.users", "ShareUpdateExclusiveLock"}}));
    EXPECT_EQ(all.statements[2].locks, locks{});
    EXPECT_EQ(all.statements[3].locks, locks{}) << "nobody else knows the table yet";
    EXPECT_EQ(all.statements[4].locks, locks{}) << "rows are no concern";
    EXPECT_EQ(all.statements[3].where, (text_position{4, 1}));
}

TEST_F(measured, sees_rewrites_and_scans_that_the_text_does_not_tell) {
    EXPECT_EQ(first_of("alter table users alter name type varchar(10);").rewritten,
              (names{"public.users", "public.users_pkey"}));
    EXPECT_EQ(first_of("alter table users alter name type varchar;").rewritten, names{}) << "the same bytes";
    EXPECT_EQ(first_of("alter table users add token uuid default gen_random_uuid();").rewritten,
              (names{"public.users", "public.users_pkey"}));
    EXPECT_EQ(first_of("alter table users add flag bool not null default false;").rewritten, names{});
    EXPECT_EQ(first_of("alter table users add check (age > 0);").scanned, names{"public.users"});
    EXPECT_EQ(first_of("alter table users add check (age > 0) not valid;").scanned, names{});
    EXPECT_EQ(first_of("create index on users (name);").locks, (locks{{"public.users", "ShareLock"}}));
}

TEST_F(measured, finds_what_holds_up_others) {
    EXPECT_EQ(codes_of("alter table users alter age type int8;"), names{"LK101"});
    EXPECT_EQ(codes_of("alter table users add check (age > 0);"), names{"LK102"});
    EXPECT_EQ(codes_of("alter table users add constraint c check (age > 0) not valid;"), names{});
    EXPECT_EQ(codes_of("-- atlas:nolint measured\nalter table users alter age type int8;"), names{});
    EXPECT_EQ(
        codes_of("-- atlas:txmode none\n\nalter table users add constraint c check (age > 0) not valid;\n"
                 "alter table users validate constraint c;"),
        names{})
        << "validating keeps nobody out";
}

TEST_F(measured, sees_the_locks_of_statements_that_no_transaction_holds) {
    const auto all = of("-- atlas:txmode none\n\ncreate index concurrently by_name on users (name);\n"
                        "drop index concurrently by_name;");
    ASSERT_EQ(all.statements.size(), 2u);
    EXPECT_EQ(all.statements[0].locks, (locks{{"public.users", "ShareUpdateExclusiveLock"}}));
    EXPECT_EQ(all.statements[0].held, names{});
}

TEST_F(measured, does_without_rows_that_do_not_fit) {
    const auto all = of("alter table users add constraint c check (age > 100);");
    EXPECT_FALSE(all.with_rows);
    EXPECT_NE(all.why_no_rows.find("2_b.sql:1:1"), std::string::npos) << all.why_no_rows;
    ASSERT_EQ(all.statements.size(), 1u);
    EXPECT_EQ(all.statements[0].scanned, names{"public.users"});
    const auto broken = measure(dir(base("select 1/0;")), {"2_b.sql"}, dev());
    ASSERT_FALSE(broken);
    EXPECT_NE(broken.error().message().find("2_b.sql:1:1"), std::string::npos);
}

TEST_F(measured, goes_into_the_reports_for_tools) {
    const auto files = dir(base("alter table users alter age type int8;"));
    const auto facts = measure(files, {"2_b.sql"}, dev()).value();
    const auto text = to_json(lint(files, lint_options{}.latest(1), &facts).value());
    EXPECT_NE(
        text.find(R"("locks":[{"table":"public.users","mode":"AccessExclusiveLock","keeps_out":"readers )"),
        std::string::npos)
        << text;
}

int git(const tests::temporary_directory& in, const std::string& what) {
    const auto line =
        "git -C '" + in.path().string() +
        "' -c user.name=t -c user.email=t@t -c init.defaultBranch=main -c commit.gpgsign=false " + what +
        " >/dev/null 2>&1";
    return std::system(line.c_str());
}

TEST(changed_files, are_those_that_a_branch_does_not_have) {
    const tests::temporary_directory in;
    if (git(in, "init") != 0) GTEST_SKIP() << "there is no git";
    in.write("m/1_a.sql", "select 1;");
    in.write("m/2_b.sql", "select 2;");
    in.write("other.sql", "select 0;");
    ASSERT_EQ(git(in, "add ."), 0);
    ASSERT_EQ(git(in, "commit -m base"), 0);
    ASSERT_EQ(git(in, "checkout -b work"), 0);
    in.write("m/2_b.sql", "select 22;");
    in.write("m/0_below.sql", "drop table t;");
    in.write("m/3_new.sql", "select 3;");
    in.write("other.sql", "select 1;");
    ASSERT_EQ(git(in, "add m/3_new.sql"), 0);
    const auto dir = directory::open((in / "m").string()).value();
    const auto changed = changed_since(dir, "main").value();
    EXPECT_EQ(changed, (std::set<std::string>{"0_below.sql", "2_b.sql", "3_new.sql"}));
    lint_options o;
    const auto report = lint(dir, o.only(changed).in_order()).value();
    EXPECT_EQ(report.files, (names{"0_below.sql", "2_b.sql", "3_new.sql"}));
    ASSERT_EQ(report.findings.size(), 2u);
    EXPECT_EQ(report.findings[0].code, "NL101");
    EXPECT_EQ(report.findings[1].code, "DS102");
    EXPECT_TRUE(lint(dir, lint_options{}.only({})).value().files.empty()) << "none are not all";
    EXPECT_FALSE(changed_since(dir, "--upload-pack=x"));
    EXPECT_FALSE(changed_since(dir, "nowhere"));
}

class trials : public migrate_test {
protected:
    std::vector<trial> run(const std::string& sql, const std::string& only = {}) const {
        trial_options o;
        o.only(only).dev(dev_options{}.dev_url(url()));
        return run_trials(dir(files), {folder.write("names_test.sql", sql)}, o).value();
    }
    std::string problem(const std::string& sql) const {
        const auto all = run(sql);
        EXPECT_EQ(all.size(), 1u);
        const auto at = all.empty() ? std::string::npos : all[0].problem.find("names_test.sql");
        return at == std::string::npos ? "" : all[0].problem.substr(at);
    }
    const file_list files{{"1_a.sql", "create table users (first text, last text);"},
                          {"2_b.sql",
                           "alter table users add name text unique;\nupdate users set name = first || ' "
                           "' || last;"}};
    const tests::temporary_directory folder;
};

TEST_F(trials, show_what_a_migration_does_to_rows) {
    const auto all = run("-- tusk:test names are filled\n-- tusk:migrate 1\n"
                         "insert into users values ('Ann', 'Lee');\n-- tusk:migrate latest\n"
                         "select name = 'Ann Lee' from users;\n-- tusk:output Ann Lee|1\n"
                         "select name, 1 from users;\n-- tusk:catch duplicate key\n"
                         "insert into users select * from users;\n-- tusk:log still here\n"
                         "-- tusk:down 1\n-- tusk:catch \"name\" does not exist\nselect name from users;\n"
                         "-- tusk:test each case has its own database\n-- tusk:migrate latest\n"
                         "select count(*) = 0 from users;\n");
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[0].problem, "");
    EXPECT_EQ(all[0].name, "names are filled");
    EXPECT_EQ(all[0].log, names{"still here"});
    EXPECT_EQ(all[1].problem, "");
    EXPECT_EQ(run("-- tusk:test one\nselect 1;\n-- tusk:test two\nselect false;", "^one$").size(), 1u);
}

TEST_F(trials, fail_with_the_place_and_what_is_wrong) {
    EXPECT_EQ(problem("select true;\nselect 1 = 2;"), "names_test.sql:2:1: returned false or NULL");
    EXPECT_EQ(problem("-- tusk:output 2\nselect 1;"), "names_test.sql:2:1: returned\n1\nnot\n2");
    EXPECT_EQ(problem("-- tusk:catch division\nselect 1;"), "names_test.sql:2:1: did not fail");
    EXPECT_TRUE(problem("-- tusk:catch nothing\nselect 1/0;").starts_with("names_test.sql:2:1: failed with"));
    EXPECT_TRUE(problem("select x;").starts_with("names_test.sql:1:1: column \"x\""));
    EXPECT_TRUE(problem("-- tusk:migrate 7\n").starts_with("names_test.sql:1:1: no file has the version 7"));
    EXPECT_TRUE(problem("select 1;\n-- tusk:catch x\n").find("nothing follows tusk:catch") !=
                std::string::npos);
    EXPECT_EQ(problem("-- tusk:skip\nselect false;"), "");
}

TEST_F(trials, refuse_directives_that_make_no_sense) {
    const auto wrong = [&](const std::string& sql) {
        const auto answer = run_trials(dir(files), {folder.write("x_test.sql", sql)},
                                       trial_options{}.dev(dev_options{}.dev_url(url())));
        return answer ? std::string{} : answer.error().message();
    };
    EXPECT_NE(
        wrong("select 1;\n-- tusk:migrat 1\n").find("x_test.sql:2:1: there is no directive tusk:migrat"),
        std::string::npos);
    EXPECT_NE(wrong("-- tusk:migrate\n"), "");
    EXPECT_NE(wrong("-- tusk:test\n"), "");
    EXPECT_EQ(wrong("select '-- tusk:nonsense';"), "") << "this is a string";
    EXPECT_FALSE(run_trials(dir(files), {"/nowhere/x.sql"}));
    EXPECT_FALSE(run_trials(dir(files), {}, trial_options{}.only("(")));
}

} // namespace measure_test
} // namespace tusk::migrate
