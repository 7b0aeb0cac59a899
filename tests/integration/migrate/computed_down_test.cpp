// Ways back that nobody wrote.
#include "support.hpp"

namespace tusk::migrate {
namespace computed_down_test {

using names = std::vector<std::string>;

class computed_down : public migrate_test {
protected:
    down_options how() const { return down_options{}.dev(dev_options{}.dev_url(url())); }
    apply_report down(const file_list& files, const down_options& o) const { return on(files).try_down(o); }
    names versions() const {
        return connect().all<std::string>(
            "select version from atlas_schema_revisions.atlas_schema_revisions order by 1");
    }
    bool leaves_no_scratch() const {
        return !one<bool>("select exists (select from pg_database where datname like 'tusk_scratch%')");
    }
};

const file_list three{{"1_a.sql", "create table a (id int8 primary key);"},
                      {"2_b.sql", "create table b (id int8 references a);\nalter table a add note text;"},
                      {"3_c.sql", "create index a_note on a (note);\ncreate view v as select note from a;"}};

TEST_F(computed_down, goes_back_one_file_or_to_a_version_and_forth_again) {
    apply(three);
    const auto one_back = down(three, how());
    EXPECT_EQ(problem_of(one_back), "");
    EXPECT_EQ(one_back.current, "3");
    EXPECT_EQ(one_back.target, "2");
    EXPECT_EQ(applied_in(one_back), names{"down_to_2.sql"});
    EXPECT_FALSE(exists("v"));
    EXPECT_TRUE(exists("b"));
    EXPECT_EQ(versions(), (names{"1", "2"}));
    EXPECT_EQ(problem_of(down(three, how().to_version("1"))), "");
    EXPECT_FALSE(exists("b"));
    EXPECT_EQ(problem_of(apply(three)), "");
    EXPECT_EQ(problem_of(down(three, how().amount(3))), "");
    EXPECT_FALSE(exists("a"));
    EXPECT_EQ(versions(), names{});
    EXPECT_EQ(problem_of(apply(three)), "");
    EXPECT_TRUE(leaves_no_scratch());
}

TEST_F(computed_down, names_everything_that_would_be_lost) {
    apply(three);
    connect().script("insert into a values (1, 'x'), (2, null); insert into b values (1)");
    const auto refused = down(three, how().to_version("1"));
    EXPECT_EQ(refused.problem.code(), errc::invalid_argument);
    EXPECT_NE(problem_of(refused).find("table public.b (1 row)"), std::string::npos) << problem_of(refused);
    EXPECT_NE(problem_of(refused).find("column public.a.note (1 row)"), std::string::npos);
    EXPECT_NE(problem_of(refused).find("--allow-data-loss"), std::string::npos);
    EXPECT_EQ(versions(), (names{"1", "2", "3"}));
    EXPECT_TRUE(exists("v"));
    EXPECT_EQ(refused.losses.size(), 2u);
    EXPECT_EQ(problem_of(down(three, how().to_version("1").allow_data_loss())), "");
    EXPECT_FALSE(exists("b"));
    EXPECT_EQ(one<std::int64_t>("select count(*) from a"), 2) << "rows of what stays stay";
}

TEST_F(computed_down, a_dry_run_says_what_it_would_do_and_lose) {
    apply(three);
    connect().script("insert into a values (1, 'x')");
    const auto dry = down(three, how().to_version("1").run(apply_options{}.dry_run()));
    EXPECT_EQ(problem_of(dry), "");
    ASSERT_EQ(dry.planned.size(), 1u);
    EXPECT_FALSE(dry.planned[0].statements.empty());
    EXPECT_EQ(dry.losses.size(), 1u);
    EXPECT_TRUE(dry.applied.empty());
    EXPECT_EQ(versions().size(), 3u);
    EXPECT_TRUE(exists("v"));
}

TEST_F(computed_down, leaves_alone_what_the_directory_does_not_know) {
    apply(three);
    connect().script(
        "create table mine (id int8); insert into mine values (1); alter table a add by_hand int");
    EXPECT_EQ(problem_of(down(three, how().to_version("1"))), "");
    EXPECT_TRUE(exists("mine"));
    EXPECT_EQ(one<std::int64_t>("select count(by_hand) from a"), 0) << "it is still there";
}

TEST_F(computed_down, takes_back_a_file_that_is_applied_in_part) {
    auto files = three;
    files.emplace_back("4_d.sql", "create table d ();\nselect 1/0;");
    apply(files, apply_options{}.mode(tx_mode::none));
    EXPECT_TRUE(exists("d"));
    EXPECT_EQ(problem_of(down(files, how())), "");
    EXPECT_FALSE(exists("d"));
    EXPECT_EQ(versions(), (names{"1", "2", "3"}));
}

TEST_F(computed_down, goes_back_to_the_tag_of_a_checkpoint) {
    auto files = three;
    files.emplace_back("4_checkpoint.sql", "-- atlas:checkpoint v1\n\nselect 1;");
    files.emplace_back("5_e.sql", "create table e ();");
    apply(three);
    apply(files);
    EXPECT_TRUE(exists("e"));
    EXPECT_EQ(problem_of(down(files, how().to_tag("v1"))), "");
    EXPECT_FALSE(exists("e"));
    EXPECT_EQ(versions(), (names{"1", "2", "3"}));
    EXPECT_NE(problem_of(down(files, how().to_tag("v9"))), "");
}

TEST_F(computed_down, written_ways_come_first_unless_told_otherwise) {
    const file_list files{{"1_a.sql", "create table a ();"},
                          {"2_b.sql",
                           "-- atlas:txtar\n\n-- migration.sql --\ncreate table b ();\n-- down.sql "
                           "--\ndrop table b; create table was_written ();\n"}};
    apply(files);
    EXPECT_EQ(problem_of(down(files, how())), "");
    EXPECT_TRUE(exists("was_written"));
    connect().script("drop table was_written");
    apply(files);
    EXPECT_EQ(problem_of(down(files, how().way(way_back::computed))), "");
    EXPECT_FALSE(exists("was_written"));
    EXPECT_NE(problem_of(down(files, how().way(way_back::written))).find("1_a.sql has no way back"),
              std::string::npos);
}

TEST_F(computed_down, refuses_what_it_cannot_know) {
    connect().script("create table a (id int8 primary key)");
    EXPECT_EQ(problem_of(apply(three, apply_options{}.baseline("1"))), "");
    EXPECT_EQ(problem_of(down(three, how().to_version("1"))), "");
    EXPECT_NE(problem_of(down(three, how())).find("is a baseline"), std::string::npos);
    EXPECT_TRUE(exists("a"));
    EXPECT_NE(problem_of(down(three, how().to_version("7"))), "");
}

TEST_F(computed_down, a_value_of_an_enum_that_rows_use_stops_it_with_nothing_done) {
    const file_list files{
        {"1_a.sql", "create type mood as enum ('good');\ncreate table a (m mood);"},
        {"2_b.sql", "-- atlas:txmode none\n\nalter type mood add value 'bad';\ncreate table b ();"}};
    apply(files);
    connect().script("insert into a values ('bad')");
    EXPECT_NE(problem_of(down(files, how())), "");
    EXPECT_EQ(versions(), (names{"1", "2"}));
    EXPECT_TRUE(exists("b")) << "all or nothing";
    connect().script("delete from a; insert into a values ('good')");
    EXPECT_EQ(problem_of(down(files, how())), "");
    EXPECT_FALSE(exists("b"));
    EXPECT_EQ(one<std::string>("select m::text from a"), "good");
}

} // namespace computed_down_test
} // namespace tusk::migrate
