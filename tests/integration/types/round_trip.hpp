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

/// The codec of some type, chosen at run time: the verbs are compiled once for `any_value` and not again for
/// each of the types in these tests, which would take minutes. Formats are chosen as for the type itself.
struct any_codec {
    bool (*accepts)(tusk::type_ref, bool);
    bool (*binary_target)(tusk::type_ref);
    tusk::codec_errc (*decode)(const tusk::field_view&, void*);
    tusk::codec_errc (*encode)(tusk::value_sink&, tusk::type_ref, bool, const void*);

    template <class T>
    static const any_codec& of() {
        using codec = tusk::codec<T>;
        static const any_codec all{
            [](tusk::type_ref type, bool binary) { return codec::accepts(type, binary); },
            [](tusk::type_ref type) { return codec::binary_target(type); },
            [](const tusk::field_view& field, void* out) {
                return tusk::decode_field(field, *static_cast<T*>(out));
            },
            [](tusk::value_sink& out, tusk::type_ref type, bool binary, const void* value) {
                const T& in = *static_cast<const T*>(value);
                return binary ? codec::encode_binary(out, type, in) : codec::encode_text(out, type, in);
            }};
        return all;
    }
    static inline const any_codec* current = nullptr; ///< Of the statement that is running.
};

/// A value whose type is that of `any_codec::current`: `in` is the argument, `out` is where the field goes.
struct any_value {
    const void* in = nullptr;
    static inline void* out = nullptr;
};

/// Runs a statement with one parameter and one column.
void run(tusk::blocking::connection& db, const std::string& sql, const any_value& argument);
std::string run_for_text(tusk::blocking::connection& db, const std::string& sql, const any_value& argument);
void run_with_text(tusk::blocking::connection& db, const std::string& sql, const std::string& argument);

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
        any_codec::current = &any_codec::of<T>();
        const std::string text = text_of(value, type_.oid);
        T read{};
        any_value::out = &read;
        run(db_, parameter_, {&value});
        EXPECT_TRUE(same(read, wanted)) << type_.name << ": sent " << text;
        read = T{};
        run_with_text(db_, parsed_, text);
        EXPECT_TRUE(same(read, wanted)) << type_.name << ": sent as text " << text;
        read = T{};
        const std::string printed = run_for_text(db_, printed_, {&value});
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
    const tusk::oid_t array_oid = type.oid == 0 ? tusk::oid::first_user : tusk::array_type(type.oid);
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

template <>
struct tusk::codec<types_test::any_value> {
    using any_value = types_test::any_value;
    using any_codec = types_test::any_codec;
    static constexpr oid_t natural = oid::unspecified;
    static bool accepts(type_ref type, bool binary) { return any_codec::current->accepts(type, binary); }
    static codec_errc decode_binary(type_ref type, const std::byte* p, std::size_t n, any_value&) {
        return any_codec::current->decode({p, static_cast<std::int32_t>(n), type, true}, any_value::out);
    }
    static codec_errc decode_text(type_ref type, std::string_view text, any_value&) {
        return any_codec::current->decode({reinterpret_cast<const std::byte*>(text.data()),
                                           static_cast<std::int32_t>(text.size()), type, false},
                                          any_value::out);
    }
    static bool binary_target(type_ref type) { return any_codec::current->binary_target(type); }
    static codec_errc encode_binary(value_sink& out, type_ref type, const any_value& value) {
        return any_codec::current->encode(out, type, true, value.in);
    }
    static codec_errc encode_text(value_sink& out, type_ref type, const any_value& value) {
        return any_codec::current->encode(out, type, false, value.in);
    }
};
