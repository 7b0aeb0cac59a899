#pragma once

#include <optional>
#include <random>
#include <string>
#include <vector>

#include <tusk/testing/gtest.hpp>
#include <tusk/types.hpp>

/// Values through a real server, in every format and direction.
namespace types_test {

/// An SQL type by name and OID; 0 for a type whose OID is known at run time only.
struct sql_type {
    std::string name;
    tusk::oid_t oid = 0;
};

template <class T>
std::string text_of(const T& value, tusk::oid_t type) {
    tusk::value_sink sink;
    EXPECT_EQ(tusk::codec<T>::encode_text(sink, type, value), tusk::codec_errc::ok);
    return {reinterpret_cast<const char*>(sink.data()), sink.size()};
}

/// Equal, or with a NaN somewhere and spelled alike.
template <class T>
bool same(const T& a, const T& b) {
    return a == b ||
           (!(a == a) && text_of(a, tusk::codec<T>::natural) == text_of(b, tusk::codec<T>::natural));
}

template <class T>
class round_trip {
public:
    round_trip(tusk::blocking::connection& db, const sql_type& type)
        : db_{db}, type_{type}, parameter_{"select $1::" + type.name},
          printed_{"select ($1::" + type.name + ")::text"}, parsed_{"select $1::text::" + type.name} {}

    /// Sends `value` as a parameter and as text, reads it back in the preferred format (binary where there is
    /// one) and as the server's text; each has to be `wanted`.
    void check(const T& value, const T& wanted) {
        const std::string text = text_of(value, type_.oid);
        EXPECT_TRUE(same(db_.one<T>(parameter_, value), wanted)) << type_.name << ": sent " << text;
        EXPECT_TRUE(same(db_.one<T>(parsed_, text), wanted)) << type_.name << ": sent as text " << text;
        const auto printed = db_.one<std::string>(printed_, value);
        T read{};
        EXPECT_EQ(static_cast<int>(tusk::codec<T>::decode_text(type_.oid, printed, read)), 0)
            << type_.name << ": text " << printed;
        EXPECT_TRUE(same(read, wanted)) << type_.name << ": text " << printed << ", sent " << text;
    }
    void check(const T& value) { check(value, value); }

private:
    tusk::blocking::connection& db_;
    sql_type type_;
    std::string parameter_, printed_, parsed_;
};

/// Every value alone, and all of them in arrays that also hold NULLs.
template <class T>
void check_all(tusk::blocking::connection& db, const sql_type& type, const std::vector<T>& values) {
    round_trip<T> one{db, type};
    for (const T& value : values) one.check(value);
    using array = std::vector<std::optional<T>>;
    array all{std::nullopt};
    for (const T& value : values) all.emplace_back(value);
    all.emplace_back(std::nullopt);
    const tusk::oid_t array_oid =
        type.oid == 0 ? tusk::oid::first_user : tusk::detail::natural_array(type.oid);
    round_trip<array> many{db, {type.name + "[]", array_oid}};
    many.check(all);
    many.check(array{});
}

/// `count` values that `make` draws; the seed is fixed.
template <class F>
auto drawn(std::size_t count, F make) {
    std::mt19937_64 random{20240607};
    std::vector<decltype(make(random))> out;
    for (std::size_t i = 0; i < count; ++i) out.push_back(make(random));
    return out;
}
inline std::size_t below(std::mt19937_64& random, std::size_t n) {
    return static_cast<std::size_t>(random() % n);
}

class types : public tusk::testing::database_test {};

} // namespace types_test
