#pragma once

#include "over_asio.hpp"

/// A schema full of types that users made, and what they are in C++.
namespace client_test {

enum class mood { sad, happy, not_so_good };

struct address {
    std::string street;
    std::optional<int> number;
    friend bool operator==(const address&, const address&) = default;
};

struct person {
    std::string name;
    std::optional<mood> feels;
    std::vector<std::optional<address>> homes;
    std::vector<mood> history;
    friend bool operator==(const person&, const person&) = default;
};

struct house {
    int id;
    address at;
    mood owner;
    std::vector<mood> moods;
    int rooms;
    friend bool operator==(const house&, const house&) = default;
};

class user_types_test : public users_test, public testing::WithParamInterface<const char*> {
protected:
    tusk::testing::database_options options() const override {
        tusk::testing::database_options o;
        o.script("create type mood as enum ('sad', 'happy', 'not so good');"
                 "create domain positive as int4 check (value > 0);"
                 "create type address as (street text, number int4);"
                 "create type person as (name text, feels mood, homes address[], history mood[]);"
                 "create table houses (id int4, at address, owner mood, moods mood[], rooms positive)");
        return o;
    }
    void SetUp() override {
        users_test::SetUp();
        on = connect_by(GetParam(), url());
    }
    void TearDown() override {
        on.reset();
        users_test::TearDown();
    }
    std::shared_ptr<tusk::blocking::verbs> on;
};

} // namespace client_test

template <>
struct tusk::enum_labels<client_test::mood> {
    static constexpr std::array labels{enum_label{client_test::mood::sad, "sad"},
                                       enum_label{client_test::mood::happy, "happy"},
                                       enum_label{client_test::mood::not_so_good, "not so good"}};
};
