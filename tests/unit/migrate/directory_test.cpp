// Files, directives, sums, and what is pending: from memory.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include <unistd.h>

#include <tests/temporary_directory.hpp>
#include <tusk/migrate/directory.hpp>
#include <tusk/migrate/pending.hpp>
#include <tusk/migrate/sum_builder.hpp>

namespace tusk::migrate {
namespace directory_test {

namespace fs = std::filesystem;
using names = std::vector<std::string>;

migration_file file_of(std::string content, std::string name = "1_a.sql") {
    return migration_file::parse(std::move(name), std::move(content)).value();
}

std::string refusal_of(std::string content) {
    const auto file = migration_file::parse("1_a.sql", std::move(content));
    return file ? "" : std::string{file.error().text()};
}

class migration_folder : public testing::Test {
protected:
    void write(const std::string& name, const std::string& content) const { directory_.write(name, content); }
    directory open() const { return directory::open("file://" + path_.string()).value(); }
    std::string refusal() const {
        const auto f = open().validate();
        return f ? std::string{f.text()} : "";
    }
    const tests::temporary_directory directory_;
    const fs::path path_ = directory_.path();
};

// ---- files

TEST(migration_file, has_its_version_before_the_first_underscore) {
    const auto file = file_of("", "20240102150405_add_users.sql");
    EXPECT_EQ(file.version(), "20240102150405");
    EXPECT_EQ(file.description(), "add_users");
    EXPECT_EQ(file_of("", "7.sql").version(), "7");
    EXPECT_FALSE(migration_file::parse("_x.sql", ""));
}

TEST(migration_file, obeys_directives_above_an_empty_line_in_both_spellings) {
    EXPECT_EQ(file_of("-- atlas:txmode none\n\nvacuum;").mode(), tx_mode::none);
    EXPECT_EQ(file_of("-- about\n-- tusk:txmode file\n\nselect 1;").mode(), tx_mode::file);
    EXPECT_TRUE(file_of("-- atlas:checkpoint v1\n\nselect 1;").is_checkpoint());
    EXPECT_EQ(file_of("-- atlas:checkpoint v1\n\nselect 1;").tag(), "v1");
    EXPECT_EQ(file_of("-- x\n-- atlas:txmode none\nvacuum;").mode(), std::nullopt)
        << "belongs to the statement";
    EXPECT_EQ(file_of("select 1;\n\n-- atlas:txmode none\n\nselect 2;").mode(), std::nullopt);
}

TEST(migration_file, refuses_directives_that_make_no_sense) {
    EXPECT_TRUE(refusal_of("-- atlas:txmode all\n\n").find("whole run") != std::string::npos);
    EXPECT_TRUE(refusal_of("-- atlas:txmode maybe\n\n").find("\"maybe\"") != std::string::npos);
    EXPECT_TRUE(refusal_of("-- atlas:txmode none\n-- tusk:txmode none\n\n").find("more than one") !=
                std::string::npos);
}

TEST(migration_file, refuses_bytes_that_are_no_text_and_says_where) {
    EXPECT_EQ(refusal_of("select 1;\n-- \xE4"), "1_a.sql:2:4: not UTF-8");
    EXPECT_EQ(refusal_of(std::string{"select\0 1", 9}), "1_a.sql:1:7: a NUL byte");
    EXPECT_TRUE(refusal_of("\xEF\xBB\xBFselect 1").starts_with("1_a.sql:1:1: a byte order mark"));
}

TEST(migration_file, splits_by_its_delimiter) {
    const auto file = file_of("-- atlas:delimiter \\n\\n\\n\nselect 1;\nselect 2;\n\n\nselect 3;");
    EXPECT_EQ(file.statements().value().size(), 2u);
}

TEST(migration_file, may_be_an_archive_of_checks_and_ways) {
    const std::string text = "-- atlas:txtar\n\n-- checks.sql --\n-- atlas:assert oneof\n\nselect true;\n"
                             "-- migration.sql --\ndrop table t;\n-- down.sql --\ncreate table t ();\n";
    const auto file = file_of(text);
    ASSERT_EQ(file.statements().value().size(), 1u);
    const auto s = file.statements().value()[0];
    EXPECT_EQ(s.text, "drop table t;");
    EXPECT_EQ(s.offset, text.find("drop table"));
    ASSERT_EQ(file.checks().value().size(), 1u);
    EXPECT_TRUE(file.checks().value()[0].one_of);
    ASSERT_TRUE(file.down().has_value());
    EXPECT_EQ(file.down()->value()[0].text, "create table t ();");
    EXPECT_EQ(file_of("-- atlas:txtar\n\n-- migration.sql --\nselect 'open")
                  .statements()
                  .error()
                  .text()
                  .substr(0, 12),
              "1_a.sql:4:8:");
}

// ---- sums; expected values are of an independent computation of the same definition

TEST(sum_file, is_byte_for_byte_that_of_atlas) {
    const auto plain =
        directory::of({{"2_b.sql", "create table b (id int);\n"}, {"1_a.sql", "create table a (id int);\n"}})
            .value();
    EXPECT_EQ(plain.sum().text(), "h1:S6cxXBXqelwrhCGTjJHXpx2/hWfF17/l+eLEDR3ABWs=\n"
                                  "1_a.sql h1:yR5YhhlConz9KMyPn5i4/nsXn/pa3MhpA/OStARXGI0=\n"
                                  "2_b.sql h1:TbtXQs76tfnIDIj3Su8yriMvcPp364oproXxQrtPrtk=\n");
    const auto ignored = directory::of({{"1_a.sql", "create table a (id int);\n"},
                                        {"2_b.sql", "-- atlas:sum ignore\nselect 1;\n"},
                                        {"3_c.sql", "select 3;\n"}})
                             .value();
    EXPECT_EQ(ignored.sum().text(), "h1:8Xq7Rxzk/e/dQCqE2+v9QqPpF9oZrAMkCZLqwHg1CV4=\n"
                                    "1_a.sql h1:yR5YhhlConz9KMyPn5i4/nsXn/pa3MhpA/OStARXGI0=\n"
                                    "3_c.sql h1:Z7fvlmDdm+Hf36nX4RJiDmoS+BHND2MtYp52yC4MF/A=\n");
    EXPECT_EQ(sum_file{}.text(), "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
    EXPECT_EQ(sum_file::parse(plain.sum().text()).value(), plain.sum());
}

TEST_F(migration_folder, notices_whatever_happens_to_a_file) {
    write("1_a.sql", "select 1;");
    write("3_c.sql", "select 3;");
    EXPECT_TRUE(refusal().find("has no atlas.sum") != std::string::npos);
    ASSERT_FALSE(open().write_sum());
    EXPECT_EQ(refusal(), "");
    write("1_a.sql", "select 1; ");
    EXPECT_TRUE(refusal().find("atlas.sum:2: 1_a.sql was edited") != std::string::npos) << refusal();
    write("1_a.sql", "select 1;");
    write("2_b.sql", "select 2;");
    EXPECT_TRUE(refusal().find("atlas.sum:3: 2_b.sql was added") != std::string::npos) << refusal();
    fs::remove(path_ / "2_b.sql");
    fs::remove(path_ / "3_c.sql");
    EXPECT_TRUE(refusal().find("atlas.sum:3: 3_c.sql was removed") != std::string::npos) << refusal();
    write("3_c.sql", "select 3;");
    write("4_d.sql", "select 4;");
    EXPECT_TRUE(refusal().find("atlas.sum:4: 4_d.sql was added") != std::string::npos) << refusal();
    fs::remove(path_ / "4_d.sql");
    EXPECT_EQ(refusal(), "");
    write("atlas.sum", "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n1_a.sql h1:x\n");
    EXPECT_TRUE(refusal().find("does not belong to the others") != std::string::npos) << refusal();
    write("atlas.sum", "nonsense\n");
    EXPECT_TRUE(refusal().find("no hash") != std::string::npos) << refusal();
}

TEST_F(migration_folder, notices_line_ends_that_changed) {
    write("1_a.sql", "select 1;\n");
    ASSERT_FALSE(open().write_sum());
    write("1_a.sql", "select 1;\r\n");
    EXPECT_TRUE(refusal().find("1_a.sql was edited") != std::string::npos);
    EXPECT_TRUE(open().files()[0].has_crlf());
}

TEST_F(migration_folder, holds_the_ways_back_with_a_sum_of_their_own) {
    write("1_a.sql", "create table a ();");
    write("down/1_a.sql", "drop table a;");
    ASSERT_FALSE(open().write_sum());
    EXPECT_EQ(refusal(), "");
    EXPECT_EQ(open().down_of(open().files()[0])->value()[0].text, "drop table a;");
    write("down/1_a.sql", "drop table b;");
    EXPECT_TRUE(refusal().find("1_a.sql was edited") != std::string::npos);
    write("down/2_b.sql", "");
    EXPECT_FALSE(directory::open(path_.string()));
}

TEST_F(migration_folder, leaves_the_old_file_when_it_cannot_be_written) {
    write("file", "old");
    EXPECT_TRUE(write_whole(path_ / "missing" / "file", "new"));
    ASSERT_FALSE(write_whole(path_ / "file", "new"));
    EXPECT_EQ(read_whole(path_ / "file").value(), "new");
    std::size_t files = 0;
    for ([[maybe_unused]] const auto& each : fs::directory_iterator{path_}) ++files;
    EXPECT_EQ(files, 1u) << "no temporary file stays";
}

TEST_F(migration_folder, refuses_a_file_past_the_limit_without_reading_it) {
    write("1_a.sql", "");
    fs::resize_file(path_ / "1_a.sql", 100u << 20);
    const auto opened = directory::open(path_.string());
    ASSERT_FALSE(opened);
    EXPECT_TRUE(opened.error().text().find("64 MiB") != std::string_view::npos);
}

TEST(directory, refuses_versions_that_cannot_be_told_apart) {
    const auto refused = [](const char* first, const char* second) {
        const auto out = directory::of({{first, ""}, {second, ""}});
        return out ? "" : std::string{out.error().text()};
    };
    EXPECT_TRUE(refused("1_a.sql", "1_b.sql").find("same version") != std::string::npos);
    EXPECT_TRUE(refused("9_a.sql", "10_b.sql").find("another order") == std::string::npos)
        << "both orders put 10 first";
    EXPECT_TRUE(refused("1_a.sql", "10_b.sql").find("another order") != std::string::npos);
    EXPECT_EQ(refused("1_a.sql", "2_b.sql"), "");
}

TEST(directory, makes_versions_of_the_time_in_utc) {
    EXPECT_EQ(version_of(std::chrono::system_clock::time_point{std::chrono::seconds{1704207845}}),
              "20240102150405");
}

// ---- pending

directory five() {
    return directory::of({{"1_a.sql", "select 1;"},
                          {"2_b.sql", "select 2;"},
                          {"3_c.sql", "-- atlas:checkpoint\n\nselect 3;"},
                          {"4_d.sql", "select 4;"},
                          {"5_e.sql", "select 5;"}})
        .value();
}

revision row(std::string version, std::int64_t applied = 1, std::int64_t total = 1) {
    revision r;
    r.version = std::move(version);
    r.applied = applied;
    r.total = total;
    return r;
}

names pending_of(const directory& dir, const std::vector<revision>& rows, const apply_options& o = {},
                 bool clean = true) {
    const auto set = compute_pending(dir, rows, clean, o);
    if (!set) return {"refused: " + std::string{set.error().text()}};
    names out;
    for (const auto* each : set->files) out.push_back(each->name());
    return out;
}

bool refuses(const names& what, const char* why) {
    return what.size() == 1 && what[0].starts_with("refused: ") && what[0].find(why) != std::string::npos;
}

TEST(pending, begins_with_the_last_checkpoint_on_an_empty_database) {
    EXPECT_EQ(pending_of(five(), {}), (names{"3_c.sql", "4_d.sql", "5_e.sql"}));
}

TEST(pending, leaves_checkpoints_out_once_something_is_applied) {
    EXPECT_EQ(pending_of(five(), {row("1")}), (names{"2_b.sql", "4_d.sql", "5_e.sql"}));
    EXPECT_EQ(pending_of(five(), {row("3")}), (names{"4_d.sql", "5_e.sql"}));
    EXPECT_EQ(pending_of(five(), {row("5")}), names{});
}

TEST(pending, wants_to_know_what_is_in_a_database_that_is_not_empty) {
    EXPECT_TRUE(refuses(pending_of(five(), {}, {}, false), "not empty"));
    EXPECT_EQ(pending_of(five(), {}, apply_options{}.allow_dirty(), false).size(), 3u);
    EXPECT_EQ(pending_of(five(), {}, apply_options{}.baseline("4"), false), names{"5_e.sql"});
    EXPECT_TRUE(refuses(pending_of(five(), {}, apply_options{}.baseline("9"), false), "baseline"));
    EXPECT_TRUE(apply_options{}.baseline("4").allow_dirty().check());
}

TEST(pending, goes_on_with_the_file_that_is_applied_in_part) {
    EXPECT_EQ(pending_of(five(), {row("1"), row("2", 1, 3)}), (names{"2_b.sql", "4_d.sql", "5_e.sql"}));
    auto resolved = row("2", 1, 3);
    resolved.type |= type_resolved;
    EXPECT_EQ(pending_of(five(), {row("1"), resolved}), (names{"4_d.sql", "5_e.sql"}));
    EXPECT_TRUE(refuses(pending_of(five(), {row("1"), row("22", 0, 3)}), "its file is gone"));
    EXPECT_EQ(pending_of(five(), {row("3", 0, 2)}), (names{"3_c.sql", "4_d.sql", "5_e.sql"}));
}

TEST(pending, treats_files_added_below_the_last_one_as_it_is_told) {
    const std::vector<revision> rows{row("1"), row("4")};
    EXPECT_TRUE(refuses(pending_of(five(), rows), "2_b.sql"));
    EXPECT_EQ(pending_of(five(), rows, apply_options{}.order(exec_order::linear_skip)), names{"5_e.sql"});
    EXPECT_EQ(pending_of(five(), rows, apply_options{}.order(exec_order::non_linear)),
              (names{"2_b.sql", "5_e.sql"}));
    EXPECT_EQ(pending_of(five(), {row("4")}), names{"5_e.sql"}) << "the history begins with 4";
}

TEST(pending, is_cut_by_amount_or_version) {
    EXPECT_EQ(pending_of(five(), {}, apply_options{}.amount(1)), names{"3_c.sql"});
    EXPECT_EQ(pending_of(five(), {}, apply_options{}.to_version("4")), (names{"3_c.sql", "4_d.sql"}));
    EXPECT_EQ(pending_of(five(), {row("5")}, apply_options{}.to_version("4")), names{});
    EXPECT_TRUE(
        refuses(pending_of(five(), {}, apply_options{}.to_version("44")), "no file has the version 44"));
}

TEST(pending, knows_files_that_were_edited_later_from_files_that_came_later) {
    const auto before = directory::of({{"1_a.sql", "select 1;"}, {"3_c.sql", "select 3;"}}).value();
    auto first = row("1");
    first.hash = before.sum().hash_of("1_a.sql");
    first.executed_at += std::chrono::seconds{1};
    auto third = row("3");
    third.hash = before.sum().hash_of("3_c.sql");
    third.executed_at += std::chrono::seconds{2};
    const std::vector<revision> rows{first, third};
    EXPECT_TRUE(edited_files(before, rows).empty());
    const auto more =
        directory::of({{"1_a.sql", "select 1;"}, {"2_b.sql", "select 2;"}, {"3_c.sql", "select 3;"}}).value();
    EXPECT_TRUE(edited_files(more, rows).empty());
    const auto edited = directory::of({{"1_a.sql", "select 1;"}, {"3_c.sql", "select 33;"}}).value();
    ASSERT_EQ(edited_files(edited, rows).size(), 1u);
    EXPECT_EQ(edited_files(edited, rows)[0]->name(), "3_c.sql");
}

TEST(pending, finds_the_statement_that_was_changed_after_it_was_applied) {
    const auto hashes = [](const char* sql) { return statement_hashes(file_of(sql).statements().value()); };
    auto r = row("1", 2, 3);
    const auto then = hashes("select 1; select 2; select 3;");
    r.partial_hashes = "[\"" + then[0] + "\",\"" + then[1] + "\"]";
    EXPECT_EQ(first_changed_statement(r, then), 2u);
    EXPECT_EQ(first_changed_statement(r, hashes("select 1; select 2; select 4; select 5;")), 2u);
    EXPECT_EQ(first_changed_statement(r, hashes("select 1; select 3; select 3;")), 1u);
    EXPECT_EQ(first_changed_statement(r, hashes("select 1;")), 1u) << "the file got shorter";
}

} // namespace directory_test
} // namespace tusk::migrate
