#include "round_trip.hpp"

using namespace types_test;

namespace extension_types_test {

using tusk::hstore;
using tusk::ltree;

class extension_types : public tusk::testing::database_test {
protected:
    tusk::testing::database_options options() const override {
        tusk::testing::database_options o;
        o.script("create extension hstore; create extension ltree");
        return o;
    }
};

std::string random_text(std::mt19937_64& random) {
    constexpr std::string_view letters = "ab\"\\=>, '{}\tN\n";
    std::string out;
    for (std::size_t left = below(random, 6); left != 0; --left)
        out += letters[below(random, letters.size())];
    return out;
}

hstore random_pairs(std::mt19937_64& random) {
    hstore out;
    for (std::size_t left = below(random, 6); left != 0; --left) {
        std::optional<std::string> value;
        if (below(random, 4) != 0) value = random_text(random);
        out.emplace(random_text(random), value);
    }
    return out;
}

TEST_F(extension_types, hstore) {
    auto db = connect();
    auto values = drawn(300, random_pairs);
    values.push_back(hstore{});
    values.push_back(hstore{{"NULL", "NULL"}, {"null", std::nullopt}, {"", ""}});
    hstore large;
    for (int i = 0; i < 5000; ++i) large.emplace(std::to_string(i), std::string(20, 'x'));
    values.push_back(large);
    check_all(db, {"hstore"}, values);
    // The binary form, as the extension's own send function makes it and its receive function reads it.
    for (const hstore& value : values) {
        const auto sent = db.one<tusk::bytes>("select hstore_send($1::hstore)", value);
        hstore read;
        ASSERT_EQ(static_cast<int>(tusk::codec<hstore>::decode_binary(0, sent.data(), sent.size(), read)), 0);
        EXPECT_EQ(read, value);
        tusk::value_sink mine;
        ASSERT_EQ(static_cast<int>(tusk::codec<hstore>::encode_binary(mine, 0, value)), 0);
        EXPECT_EQ(mine.size(), sent.size()); // the server orders keys by their length
    }
    EXPECT_EQ(db.one<std::string>("select $1::hstore -> 'a'", hstore{{"a", "1"}, {"b", std::nullopt}}), "1");
}

TEST_F(extension_types, ltree_and_its_queries) {
    auto db = connect();
    const auto paths = drawn(200, [](auto& random) {
        std::string text;
        for (std::size_t left = below(random, 5); left != 0; --left) {
            text += text.empty() ? "" : ".";
            text += static_cast<char>('a' + below(random, 3));
        }
        return ltree{text};
    });
    check_all(db, {"ltree"}, paths);
    for (std::size_t i = 1; i < paths.size(); ++i) {
        EXPECT_EQ(db.one<bool>("select $1::ltree @> $2::ltree", paths[i - 1], paths[i]),
                  paths[i - 1].is_ancestor_of(paths[i]));
        EXPECT_EQ(db.one<std::size_t>("select nlevel($1::ltree)", paths[i]), paths[i].labels().size());
        const auto sent = db.one<tusk::bytes>("select ltree_send($1::ltree)", paths[i]);
        ltree read;
        EXPECT_EQ(static_cast<int>(tusk::codec<ltree>::decode_binary(0, sent.data(), sent.size(), read)), 0);
        EXPECT_EQ(read, paths[i]);
    }
    check_all(db, {"lquery"}, std::vector{tusk::lquery{"*.a.*{1,2}"}, tusk::lquery{"a|b@"}});
    check_all(db, {"ltxtquery"}, std::vector{tusk::ltxtquery{"a & b@*"}});
    EXPECT_TRUE(db.one<bool>("select $1::ltree ~ $2::lquery", ltree{"a.b"}, tusk::lquery{"a.*"}));
}

} // namespace extension_types_test
