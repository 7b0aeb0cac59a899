#include "round_trip.hpp"

using namespace types_test;

namespace text_search_test {

using tusk::lexeme;
using tusk::ts_position;
using tusk::tsquery;
using tusk::tsvector;
namespace oid = tusk::oid;

std::string random_word(std::mt19937_64& random) {
    static const std::string letters[] = {"a", "b", "'", "\\", " ", ":", ",", "\"", "é", "{", "}", "&"};
    std::string out;
    for (std::size_t left = below(random, 5) + 1; left != 0; --left)
        out += letters[below(random, std::size(letters))];
    return out;
}

tsvector random_vector(std::mt19937_64& random) {
    std::vector<lexeme> lexemes;
    for (std::size_t words = below(random, 6); words != 0; --words) {
        lexeme& one = lexemes.emplace_back(random_word(random));
        for (std::size_t left = below(random, 5); left != 0; --left)
            one.positions.push_back({static_cast<std::uint16_t>(below(random, ts_position::max) + 1),
                                     static_cast<tusk::ts_weight>(below(random, 4))});
    }
    return tsvector{std::move(lexemes)};
}

TEST_F(types, tsvector) {
    auto db = connect();
    auto values = drawn(300, random_vector);
    values.push_back(tsvector{});
    values.push_back(tsvector{{lexeme{std::string(2046, 'x'), {{ts_position::max, tusk::ts_weight::a}}}}});
    check_all(db, {"tsvector", oid::tsvector}, values);
    for (const tsvector& value : values)
        EXPECT_EQ(db.one<std::string>("select $1::tsvector::text", value), value.to_string());
    const auto document =
        db.one<tsvector>("select setweight(to_tsvector('english', 'The fat cats sat'), 'B')");
    EXPECT_EQ(document.to_string(), "'cat':3B 'fat':2B 'sat':4B");
}

TEST_F(types, tsquery) {
    auto db = connect();
    std::vector<tsquery> values;
    for (const char* query : {"'fat' & ( 'rat' | 'cat' )", "!'a'", "'a' <-> 'b' <3> 'c'", "'super':*AB",
                              "'it''s' & 'b\\\\c'", ""})
        values.emplace_back(query);
    check_all(db, {"tsquery", oid::tsquery}, values);
    EXPECT_EQ(db.one<tsquery>("select to_tsquery('english', 'fat & (rats | !cats)')"),
              tsquery{"'fat' & ( 'rat' | !'cat' )"});
    EXPECT_TRUE(
        db.one<bool>("select $1::tsvector @@ $2::tsquery", tsvector{{lexeme{"fat"}}}, tsquery{"fat"}));
}

} // namespace text_search_test
