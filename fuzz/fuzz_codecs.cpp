// Every codec against a hostile server. The first byte chooses a C++ type, the second an SQL type that it
// accepts and the format, the rest is the value. What decodes must encode, and decode again to an equal value
// in both formats.
#include <tusk/types.hpp>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <boost/json.hpp>

namespace {

using namespace tusk;

/// Boost.JSON reads doubles to within a unit in the last place, so only documents without them compare.
bool has_double(const boost::json::value& v) {
    if (v.is_double()) return true;
    if (v.is_array())
        for (const auto& item : v.get_array())
            if (has_double(item)) return true;
    if (v.is_object())
        for (const auto& item : v.get_object())
            if (has_double(item.value())) return true;
    return false;
}

/// Equality in which NaN is itself, also inside a shape.
template <class T>
struct equal {
    static bool values(const T& a, const T& b) { return a == b || (!(a == a) && !(b == b)); }
};
template <>
struct equal<boost::json::value> {
    static bool values(const boost::json::value& a, const boost::json::value& b) {
        return a == b || (has_double(a) && has_double(b));
    }
};
template <class T>
struct equal<std::optional<T>> {
    static bool values(const std::optional<T>& a, const std::optional<T>& b) {
        return a.has_value() == b.has_value() && (!a || equal<T>::values(*a, *b));
    }
};
template <class T>
struct equal<std::vector<T>> {
    static bool values(const std::vector<T>& a, const std::vector<T>& b) {
        if (a.size() != b.size()) return false;
        for (std::size_t i = 0; i < a.size(); ++i)
            if (!equal<T>::values(a[i], b[i])) return false;
        return true;
    }
};

/// A block of exactly n bytes, so that the sanitizer sees a read past the end.
struct block {
    block(const void* bytes, std::size_t n) : data{std::make_unique_for_overwrite<std::byte[]>(n)}, size{n} {
        if (n != 0) std::memcpy(data.get(), bytes, n);
    }
    field_view field(type_ref type, bool binary) const {
        return {data.get(), static_cast<std::int32_t>(size), type, binary};
    }
    std::unique_ptr<std::byte[]> data;
    std::size_t size;
};

void require(bool holds) {
    if (!holds) std::abort();
}

/// A server prints booleans as one letter and takes the word, and a "char" past ASCII is not sent as text; in
/// arrays too.
template <class T>
inline constexpr bool text_differs = std::is_same_v<T, bool> || std::is_same_v<T, char>;
template <class T>
inline constexpr bool text_differs<std::vector<T>> = text_differs<T>;
template <class T>
inline constexpr bool text_differs<std::optional<T>> = text_differs<T>;
/// Views that were decoded from a copy, or only from one format.
template <class T>
inline constexpr bool is_view =
    std::is_same_v<T, std::string_view> || std::is_same_v<T, std::span<const std::byte>> ||
    std::is_same_v<T, std::vector<std::string_view>>;

template <class T>
void round_trip(const T& value, type_ref type, bool binary) {
    value_sink sink;
    const codec_errc written =
        binary ? codec<T>::encode_binary(sink, type, value) : codec<T>::encode_text(sink, type, value);
    require(written == codec_errc::ok);
    const block again{sink.data(), sink.size()};
    T back{};
    require(decode_field(again.field(type, binary), back) == codec_errc::ok);
    require(equal<T>::values(back, value));
}

template <class T>
void run(type_ref type, bool binary, const std::uint8_t* data, std::size_t size) {
    if (!accepts_column<T>(type, binary)) return;
    require(!binary || has_binary_codec(type) || type.oid >= oid::first_user);
    const block input{data, size};
    T value{};
    if (decode_field(input.field(type, binary), value) != codec_errc::ok) return;
    if constexpr (!is_view<T>) {
        // Text may hold a number that the narrower SQL type it claims to be could not have.
        if (codec<T>::binary_target(type) && (binary || type == codec<T>::natural))
            round_trip(value, type, true);
        if constexpr (!text_differs<T>) round_trip(value, type, false);
    }
}

template <class T>
void run_scalar_and_array(type_ref type, bool binary, const std::uint8_t* data, std::size_t size) {
    run<T>(type, binary, data, size);
    run<std::vector<T>>(type, binary, data, size);
    if constexpr (!is_view<T>) run<std::vector<std::optional<T>>>(type, binary, data, size);
}

enum class mood { sad, happy, so_so };
struct address {
    std::string street;
    std::optional<std::int32_t> number;
    bool operator==(const address&) const = default;
};
struct person {
    std::string name;
    std::optional<address> home;
    std::vector<std::optional<mood>> moods;
    bool operator==(const person&) const = default;
};

/// Types that users made, as a server's catalog has them.
const type_catalog& catalog() {
    static type_catalog all;
    static const bool filled = [] {
        const auto row = [](oid_t type, const char* name, const char* kind, oid_t element) {
            catalog_row r;
            r.oid = type;
            r.schema = "public";
            r.name = name;
            r.kind = kind;
            r.element = element;
            return r;
        };
        auto home = row(20002, "address", "c", 0);
        home.attribute_names = {"street", "number"};
        home.attribute_types = {oid::text, 20004};
        auto someone = row(20006, "person", "c", 0);
        someone.attribute_names = {"home", "moods", "name"};
        someone.attribute_types = {20002, 20001, oid::varchar};
        all.add({row(20000, "mood", "e", 0), row(20001, "_mood", "a", 20000), home,
                 row(20003, "_address", "a", 20002), row(20004, "positive", "d", oid::int4),
                 row(20005, "_positive", "a", 20004), someone, row(20007, "mood_range", "r", 20000),
                 row(20008, "mood_ranges", "m", 20007), row(20009, "hstore", "b", 0),
                 row(20010, "ltree", "b", 0), row(20011, "_hstore", "a", 20009)});
        return true;
    }();
    static_cast<void>(filled);
    return all;
}

using runner = void (*)(type_ref, bool, const std::uint8_t*, std::size_t);

constexpr runner runners[] = {
    run_scalar_and_array<bool>,
    run_scalar_and_array<std::int8_t>,
    run_scalar_and_array<std::int16_t>,
    run_scalar_and_array<std::int32_t>,
    run_scalar_and_array<std::int64_t>,
    run_scalar_and_array<std::uint32_t>,
    run_scalar_and_array<std::uint64_t>,
    run_scalar_and_array<float>,
    run_scalar_and_array<double>,
    run_scalar_and_array<std::string>,
    run_scalar_and_array<std::string_view>,
    run_scalar_and_array<bytes>,
    run<std::span<const std::byte>>,
    run<std::array<std::byte, 4>>,
    run_scalar_and_array<uuid>,
    run_scalar_and_array<numeric>,
    run_scalar_and_array<std::chrono::sys_time<std::chrono::microseconds>>,
    run_scalar_and_array<std::chrono::sys_time<std::chrono::nanoseconds>>,
    run_scalar_and_array<std::chrono::local_time<std::chrono::microseconds>>,
    run_scalar_and_array<std::chrono::sys_days>,
    run_scalar_and_array<std::chrono::local_days>,
    run_scalar_and_array<std::chrono::year_month_day>,
    run_scalar_and_array<time_of_day>,
    run_scalar_and_array<interval>,
    run_scalar_and_array<std::chrono::microseconds>,
    run_scalar_and_array<std::chrono::nanoseconds>,
    run_scalar_and_array<char>,
    run_scalar_and_array<inet>,
    run_scalar_and_array<macaddr>,
    run_scalar_and_array<macaddr8>,
    run_scalar_and_array<bits>,
    run_scalar_and_array<std::bitset<12>>,
    run_scalar_and_array<geo::point>,
    run_scalar_and_array<geo::line>,
    run_scalar_and_array<geo::lseg>,
    run_scalar_and_array<geo::box>,
    run_scalar_and_array<geo::circle>,
    run_scalar_and_array<geo::path>,
    run_scalar_and_array<geo::polygon>,
    run_scalar_and_array<range<std::int32_t>>,
    run_scalar_and_array<range<std::int64_t>>,
    run_scalar_and_array<range<numeric>>,
    run_scalar_and_array<range<std::string>>,
    run_scalar_and_array<range<double>>,
    run_scalar_and_array<range<std::chrono::sys_days>>,
    run_scalar_and_array<range<std::chrono::sys_time<std::chrono::microseconds>>>,
    run_scalar_and_array<range<std::chrono::local_time<std::chrono::microseconds>>>,
    run_scalar_and_array<multirange<std::int32_t>>,
    run_scalar_and_array<multirange<numeric>>,
    run_scalar_and_array<multirange<std::string>>,
    run_scalar_and_array<lsn>,
    run_scalar_and_array<money>,
    run_scalar_and_array<tid>,
    run_scalar_and_array<time_tz>,
    run_scalar_and_array<tsvector>,
    run_scalar_and_array<tsquery>,
    run_scalar_and_array<hstore>,
    run_scalar_and_array<ltree>,
    run_scalar_and_array<json_text>,
    run_scalar_and_array<boost::json::value>,
    run_scalar_and_array<mood>,
    run_scalar_and_array<range<mood>>,
    run<multirange<mood>>,
    run_scalar_and_array<address>,
    run_scalar_and_array<person>,
    run_scalar_and_array<std::tuple<std::string, std::optional<std::int32_t>>>,
    run<array<std::int32_t>>,
    run<array<std::optional<std::string>>>,
    run<array<address>>,
    run<std::vector<std::vector<std::int32_t>>>,
    run<std::vector<std::vector<std::vector<std::optional<mood>>>>>,
};

/// Every built-in type, its array, one that nobody has looked up, and those of the catalog.
const std::vector<type_ref>& types() {
    static const auto all = [] {
        std::vector<type_ref> out{oid::first_user};
        for (oid_t type = 20000; type < 20012; ++type) out.push_back(catalog().resolve(type));
        for (const built_in_type& type : built_in_types()) {
            out.push_back(type.type);
            if (type.array != 0) out.push_back(type.array);
        }
        return out;
    }();
    return all;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const bool binary = (data[0] & 128) != 0;
    const runner run_type = runners[(data[0] & 127) % std::size(runners)];
    const type_ref wanted = types()[data[1] % types().size()];
    // Most pairs do not convert; spend the input on all types that this one takes when the choice is such a
    // pair.
    run_type(wanted, binary, data + 2, size - 2);
    for (const type_ref type : types())
        if (type.oid != wanted.oid) run_type(type, binary, data + 2, size - 2);
    return 0;
}
