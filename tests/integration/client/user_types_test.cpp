// Types that users made, looked up on first sight: both clients, every way of executing a statement.
#include "user_types.hpp"

using namespace client_test;
using namespace tusk::literals;

namespace user_types_test {

class user_types : public user_types_test {};
INSTANTIATE_TEST_SUITE_P(drivers, user_types, testing::Values("blocking", "asio"),
                         [](const auto& i) { return std::string{i.param}; });

const person ann{"Ann", mood::happy, {address{"Main St", 12}, std::nullopt}, {mood::sad, mood::not_so_good}};
const house home{1, {"Main St", 5}, mood::happy, {mood::sad, mood::not_so_good}, 7};
const house empty_home{2, {"", std::nullopt}, mood::sad, {}, 1};

struct plain_pair {
    int a;
    std::string b;
    friend bool operator==(const plain_pair&, const plain_pair&) = default;
};

TEST_P(user_types, are_fields_of_rows) {
    EXPECT_EQ(on->one<house>("select 1 as id, row('Main St', 5)::address as at, 'happy'::mood as owner, "
                             "array['sad', 'not so good']::mood[] as moods, 7::positive as rooms"),
              home);
    EXPECT_EQ(on->all<mood>("select unnest(enum_range(null::mood))"),
              (std::vector{mood::sad, mood::happy, mood::not_so_good}));
    EXPECT_EQ(on->one<std::optional<address>>("select null::address"), std::nullopt);
    EXPECT_EQ(on->one<std::optional<address>>("select row('', null)::address"), (address{"", std::nullopt}));
    EXPECT_EQ(on->one<std::string>("select 'happy'::mood"), "happy");
    EXPECT_EQ(on->one<mood>("select 'not so good'::text"), mood::not_so_good);
}

TEST_P(user_types, are_arguments) {
    const char* const printed = R"_((Ann,happy,"{""(\\""Main St\\"",12)"",NULL}","{sad,""not so good""}"))_";
    EXPECT_EQ(on->one<std::string>("select $1::person::text", ann), printed);
    EXPECT_EQ(on->one<std::tuple<person>>("select $1::person", ann), std::tuple{ann});
    EXPECT_EQ(on->one<mood>("select $1::mood", mood::not_so_good), mood::not_so_good);
    EXPECT_EQ(on->one<std::int64_t>("select $1::positive + 1", std::int16_t{41}), 42);
    EXPECT_EQ(on->one<std::string>("select ($1::address).street", std::tuple{"x", 1}), "x");
    EXPECT_EQ(on->one<int>("select coalesce(($1::address).number, -1)", std::tuple{"x", std::nullopt}), -1);
    EXPECT_EQ(on->one<std::string>("select $1::mood::text", "sad"), "sad");
    EXPECT_EQ(on->one<std::int64_t>("select count(*) from unnest($1::address[])",
                                    std::vector<address>{{"a", 1}, {"b", 2}}),
              2);
}

TEST_P(user_types, of_rows_without_a_name_are_read_by_position) {
    using triple = std::tuple<int, std::string, std::optional<bool>>;
    const auto row = on->one<std::tuple<triple>>("select row(5, E'a \"b\"\\\\,', null::bool)");
    EXPECT_EQ(std::get<0>(row), (triple{5, "a \"b\"\\,", std::nullopt}));
    EXPECT_EQ(on->one<std::tuple<plain_pair>>("select row(5, '')"), std::tuple{(plain_pair{5, ""})});
    using pairs = std::vector<std::pair<int, mood>>;
    EXPECT_EQ(on->one<pairs>("select array_agg(r) from (values (1, 'sad'::mood), (2, 'happy')) r"),
              (pairs{{1, mood::sad}, {2, mood::happy}}));
    const auto f = failure_of([&] { on->one<std::tuple<plain_pair>>("select row(5)"); });
    EXPECT_EQ(f.code(), tusk::errc::type_mismatch);
    EXPECT_NE(f.message().find("fewer values than the 2 members"), std::string::npos) << f.message();
}

TEST_P(user_types, go_in_and_out_by_statements_of_every_kind) {
    on->exec("insert into houses values ($1, $2, $3, $4, $5)", home.id, home.at, home.owner, home.moods,
             home.rooms);
    tusk::batch b;
    b.exec("insert into houses values ($1, $2, $3, $4, $5)", 2, empty_home.at, mood::sad, std::vector<mood>{},
           1);
    auto all = b.all<house>("select * from houses order by id");
    auto people = b.one<std::tuple<person>>("select $1::person", ann);
    auto moods = b.one<std::vector<std::vector<mood>>>("select array[owner, owner] from houses where id = 1 "
                                                       "union all select null where false");
    ASSERT_FALSE(on->try_exec("select 1").has_error());
    const auto f = on->try_run(b);
    EXPECT_EQ(f.code(), tusk::errc::type_mismatch) << "one dimension, two wanted: " << f.message();
    EXPECT_EQ(all.get(), (std::vector{home, empty_home}));
    EXPECT_EQ(std::get<0>(people.get()), ann);
    std::int64_t rooms = 0;
    on->for_each<house>([&](const house& h) { rooms += h.rooms; }, "select * from houses");
    EXPECT_EQ(rooms, 8);
    EXPECT_EQ(on->maybe<house>("select * from houses where id = $1", 2), empty_home);
}

TEST_P(user_types, go_through_copy) {
    const std::vector<house> houses{home, empty_home};
    EXPECT_EQ(on->copy_in("houses", tusk::columns("id", "at", "owner", "moods", "rooms"), houses), 2U);
    std::vector<house> back;
    EXPECT_EQ(on->copy_out<house>("select * from houses order by id", std::back_inserter(back)), 2U);
    EXPECT_EQ(back, houses);
    std::vector<std::tuple<std::string, mood>> owners;
    on->copy_out<std::tuple<std::string, mood>>("select owner, owner from houses order by id",
                                                std::back_inserter(owners));
    EXPECT_EQ(owners[0], (std::tuple{std::string{"happy"}, mood::happy}));
}

TEST_P(user_types, are_looked_up_in_every_mode) {
    for (const char* mode : {"cache_statement", "cache_describe", "describe_exec"}) {
        const auto other = connect_by(GetParam(), url() + "&default_query_exec_mode=" + mode);
        for (int i = 0; i < 3; ++i)
            EXPECT_EQ(other->one<std::tuple<person>>("select $1::person", ann), std::tuple{ann}) << mode;
        tusk::batch b;
        auto row = b.one<std::tuple<address>>("select $1::address", address{"x", 1});
        auto again = b.one<std::tuple<address>>("select $1::address", address{"y", 2});
        other->run(b);
        EXPECT_EQ(std::get<0>(row.get()).street, "x");
        EXPECT_EQ(std::get<0>(again.get()).street, "y");
    }
}

TEST_P(user_types, that_do_not_fit_name_type_and_attribute) {
    struct wrong_name {
        std::string street;
        int house_number;
    };
    struct too_few {
        std::string street;
    };
    struct wrong_type {
        int street;
        int number;
    };
    const auto message = [&]<class T>(T value) {
        const auto in = failure_of([&] { on->one<std::string>("select $1::address", value); });
        const auto out = failure_of([&] { on->one<std::optional<T>>("select row('a', null)::address"); });
        EXPECT_EQ(in.code(), tusk::errc::type_mismatch);
        EXPECT_EQ(out.code(), tusk::errc::type_mismatch);
        EXPECT_EQ(in.sent(), tusk::sent_state::none);
        return in.message() + "\n" + out.message();
    };
    auto text = message(wrong_name{});
    EXPECT_NE(text.find("public.address has no attribute \"house_number\""), text.npos) << text;
    text = message(too_few{});
    EXPECT_NE(text.find("no member for attribute \"number\" of public.address"), text.npos) << text;
    text = failure_of([&] { on->one<std::optional<wrong_type>>("select null::address"); }).message();
    EXPECT_NE(text.find("attribute \"street\" has type text"), text.npos) << text;
    text = message(std::tuple{1, 2, 3});
    EXPECT_NE(text.find("public.address has 2 attributes"), text.npos) << text;
}

TEST_P(user_types, name_the_attribute_of_a_bad_value) {
    struct strict {
        std::string street;
        int number;
    };
    auto f = failure_of([&] { on->one<std::optional<strict>>("select row('a', null)::address"); });
    EXPECT_EQ(f.code(), tusk::errc::null_value);
    EXPECT_NE(f.message().find("attribute \"number\" is NULL"), std::string::npos) << f.message();
    on->exec("alter type mood add value 'furious'");
    f = failure_of([&] { on->one<mood>("select 'furious'::mood"); });
    EXPECT_EQ(f.code(), tusk::errc::value_out_of_range);
    EXPECT_NE(f.message().find("\"furious\""), std::string::npos) << f.message();
    EXPECT_NE(f.message().find("public.mood"), std::string::npos) << f.message();
    f = failure_of([&] { on->one<std::string>("select $1::mood", mood{99}); });
    EXPECT_NE(f.message().find("no label for the value 99"), std::string::npos) << f.message();
    EXPECT_EQ(on->one<std::string>("select 'furious'::mood"), "furious");
}

TEST_P(user_types, that_were_altered_are_looked_up_again) {
    struct longer {
        std::string street;
        std::optional<int> number;
        std::string zip;
        bool operator==(const longer&) const = default;
    };
    EXPECT_EQ(on->one<std::string>("select $1::address::text", address{"a", 1}), "(a,1)");
    EXPECT_EQ(on->one<std::optional<address>>("select ('(a,1)'::text)::address"), (address{"a", 1}));
    on->exec("drop table houses");
    on->exec("alter type address add attribute zip text");
    // The server says that it wants another attribute; the type is looked up again within the call.
    const auto f = failure_of([&] { on->one<std::string>("select $1::address::text", address{"a", 1}); });
    EXPECT_NE(f.message().find("attribute \"zip\""), std::string::npos) << f.message();
    EXPECT_EQ(on->one<std::string>("select $1::address::text", longer{"a", 1, "z"}), "(a,1,z)");
    EXPECT_EQ(on->one<std::optional<longer>>("select row('a', 1, 'z')::address"), (longer{"a", 1, "z"}));
}

TEST_P(user_types, that_were_altered_between_two_rows_fail_once) {
    struct pair {
        int a;
        int b;
        bool operator==(const pair&) const = default;
    };
    struct triple {
        int a;
        int b;
        int c;
        bool operator==(const triple&) const = default;
    };
    on->exec("create table pairs (a int4, b int4)");
    on->exec("insert into pairs values (1, 2)");
    const char* const sql = "select p from pairs p";
    EXPECT_EQ(on->one<std::optional<pair>>(sql), (pair{1, 2}));
    on->exec("alter table pairs add c int4 default 3");
    auto f = failure_of([&] { on->one<std::optional<pair>>(sql); });
    EXPECT_EQ(f.code(), tusk::errc::type_mismatch);
    EXPECT_NE(f.message().find("altered since it was looked up"), std::string::npos) << f.message();
    f = failure_of([&] { on->one<std::optional<pair>>(sql); });
    EXPECT_NE(f.message().find("no member for attribute \"c\""), std::string::npos) << f.message();
    EXPECT_EQ(on->one<std::optional<triple>>(sql), (triple{1, 2, 3}));
    on->exec("alter table pairs drop a");
    EXPECT_NE(failure_of([&] { on->one<std::optional<triple>>(sql); }).code(), std::error_code{});
    struct rest {
        int c;
        int b;
    };
    EXPECT_EQ(on->one<std::optional<rest>>(sql)->b, 2) << "dropped attributes are no attributes";
}

TEST_P(user_types, that_were_made_anew_have_another_oid) {
    EXPECT_EQ(on->one<mood>("select $1::mood", mood::sad), mood::sad);
    EXPECT_EQ(on->one<std::string>("select $1::address::text", address{"a", 1}), "(a,1)");
    on->exec("drop table houses");
    on->exec("drop type person");
    on->exec("drop type mood");
    on->exec("drop type address");
    on->exec("create type mood as enum ('happy', 'sad')");
    on->exec("create type address as (number int4, street text)");
    EXPECT_EQ(on->one<mood>("select $1::mood", mood::sad), mood::sad);
    EXPECT_EQ(on->one<std::string>("select $1::address::text", address{"a", 1}), "(1,a)");
}

TEST_P(user_types, leave_a_failed_transaction_as_it_is) {
    on->exec("begin");
    EXPECT_EQ(on->one<mood>("select 'sad'::mood"), mood::sad);
    EXPECT_FALSE(on->try_exec("select 1 / 0").has_value());
    const auto f = failure_of([&] { on->one<std::string>("select $1::address::text", address{"a", 1}); });
    EXPECT_EQ(f.code(), tusk::make_error_code("25P02"_sqlstate)) << f.message();
    on->exec("rollback");
    EXPECT_EQ(on->one<std::string>("select $1::address::text", address{"a", 1}), "(a,1)");
}

TEST_P(user_types, can_be_ranges_and_arrays_of_anything) {
    on->exec("create type mood_range as range (subtype = mood)");
    on->exec("create domain moods as mood[]");
    on->exec("create domain small as positive check (value < 10)");
    on->exec("create domain home as address");
    using mood_range = tusk::range<mood>;
    const mood_range some{mood::sad, mood::not_so_good};
    EXPECT_EQ(on->one<mood_range>("select $1::mood_range", some), some);
    EXPECT_EQ(on->one<std::vector<mood_range>>("select $1::mood_range[]", std::vector{some, some}),
              (std::vector{some, some}));
    EXPECT_EQ(on->one<std::vector<mood>>("select $1::moods", std::vector{mood::sad}), std::vector{mood::sad});
    EXPECT_EQ(on->one<std::vector<int>>("select $1::small[]", std::vector{1, 9}), (std::vector{1, 9}));
    EXPECT_EQ(on->one<std::vector<address>>("select $1::home[]", std::vector{home.at}), std::vector{home.at});
    using matrix = std::vector<std::vector<address>>;
    const matrix addresses{{home.at, home.at}, {empty_home.at, home.at}};
    EXPECT_EQ(on->one<matrix>("select $1::home[]", addresses), addresses);
}

TEST_P(user_types, can_be_multiranges) {
    if (tusk::testing::test_server::shared().major_version() < 14)
        GTEST_SKIP() << "multiranges came with PostgreSQL 14";
    on->exec("create type number_range as range (subtype = positive, multirange_type_name = number_ranges)");
    using numbers = tusk::multirange<int>;
    const numbers n{{tusk::range<int>{1, 5}, tusk::range<int>{7, 9}}};
    EXPECT_EQ(on->one<numbers>("select $1::number_ranges", n), n);
}

} // namespace user_types_test
