#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <tusk/types/type_ref.hpp>

/// What is known at run time about the types that users, extensions and initdb made. Source: PostgreSQL
/// documentation, `pg_type`.
namespace tusk {

enum class type_kind : std::uint8_t {
    base,
    array,
    composite,
    domain,
    enumeration,
    range,
    multirange,
    pseudo
};

namespace detail {

/// Something worth computing once for a type: how it becomes a C++ type.
class type_plan_base {
public:
    virtual ~type_plan_base() = default;
    const void* key = nullptr; ///< Identifies the C++ type.
    type_plan_base* next = nullptr;
};

/// Plans, which are only ever added. Lock-free.
class type_plans {
public:
    type_plans() = default;
    ~type_plans();
    type_plans(const type_plans&) = delete;
    type_plans& operator=(const type_plans&) = delete;

    const type_plan_base* find(const void* key) const noexcept {
        for (auto* p = first_.load(std::memory_order_acquire); p != nullptr; p = p->next)
            if (p->key == key) return p;
        return nullptr;
    }
    /// Gives back the one that is stored, which may be another thread's.
    const type_plan_base& add(std::unique_ptr<type_plan_base> plan);

private:
    std::atomic<type_plan_base*> first_{nullptr};
};

} // namespace detail

/// A type of the server's catalog. Immutable, and alive as long as its catalog.
struct type_info {
    struct attribute {
        std::string name;
        oid_t declared = 0; ///< As the catalog has it; may be a domain.
        type_ref type;      ///< With domains resolved to what they are made of.
    };

    oid_t oid = 0;
    std::string schema;
    std::string name;
    type_kind kind = type_kind::base;
    char delimiter = ',';       ///< Between elements in the text of an array (of an array: its own).
    oid_t array = 0;            ///< The array of this type, or 0.
    oid_t declared_element = 0; ///< Of an array, the element; of a domain, its base; of a range, the subtype;
                                ///< of a multirange, the range. May be a domain.
    type_ref element;           ///< The same with domains resolved.
    std::vector<attribute> attributes; ///< Of a composite, without dropped ones.
    std::vector<std::string> labels;   ///< Of an enum, in their order, when it was read.

    /// "schema.name", and "schema.name[]" for the array of it.
    std::string full_name() const;
    /// Whether it is called `wanted`, which may have the schema in front.
    bool is_named(std::string_view wanted) const noexcept;
    /// The binary form is the text: enums, and `citext`.
    bool is_text() const noexcept;

    mutable detail::type_plans plans;
};

/// One type as a row of the catalog query (`type_catalog::query`).
struct catalog_row {
    oid_t oid = 0;
    std::string schema;
    std::string name;
    std::string kind; ///< `typtype`, and "a" for an array.
    std::string delimiter;
    oid_t array = 0;
    oid_t element = 0;
    std::vector<std::string> labels;
    std::vector<std::string> attribute_names;
    std::vector<oid_t> attribute_types;
};

/// The types of a database that were looked up, shared by the connections of a pool. Reading is lock-free;
/// what was found stays where it is, so that pointers to it are valid as long as the catalog.
class type_catalog {
public:
    type_catalog();
    ~type_catalog();
    type_catalog(const type_catalog&) = delete;
    type_catalog& operator=(const type_catalog&) = delete;

    /// What asks for the types in `$1`, an oid[]; it brings `catalog_row`s. Indexed look-ups only, on every
    /// server version from 13 on.
    static constexpr std::string_view query =
        "select t.oid, n.nspname::pg_catalog.text as schema, t.typname::pg_catalog.text as name, "
        "case when e.typarray = t.oid then 'a' else t.typtype::pg_catalog.text end as kind, "
        "coalesce(e.typdelim, t.typdelim)::pg_catalog.text as delimiter, t.typarray as \"array\", "
        "case t.typtype when 'd' then t.typbasetype "
        "when 'r' then (select r.rngsubtype from pg_catalog.pg_range r where r.rngtypid = t.oid) "
        "when 'm' then (select r.rngtypid from pg_catalog.pg_range r "
        "where (pg_catalog.to_jsonb(r) ->> 'rngmultitypid')::pg_catalog.oid = t.oid) " // no such column in 13
        "else coalesce(e.oid, 0) end as element, "
        "array(select l.enumlabel::pg_catalog.text from pg_catalog.pg_enum l where l.enumtypid = t.oid "
        "order by l.enumsortorder) as labels, "
        "array(select a.attname::pg_catalog.text from pg_catalog.pg_attribute a "
        "where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped order by a.attnum) "
        "as attribute_names, "
        "array(select a.atttypid from pg_catalog.pg_attribute a "
        "where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped order by a.attnum) "
        "as attribute_types "
        "from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace "
        "left join pg_catalog.pg_type e on e.oid = t.typelem and e.typarray = t.oid "
        "where t.oid = any ($1)";

    /// What was found about a type, or null.
    const type_info* find(oid_t type) const noexcept;
    /// The type with domains resolved; without `info` when it is not known.
    type_ref resolve(oid_t type) const noexcept;
    /// Adds types. What they are made of should be among them or there already; what is not is unknown in
    /// them. Rows that make no sense (cycles, names without types) are left out or end in unknown parts.
    void add(const std::vector<catalog_row>& rows);
    /// Some type is not what it was: all are looked up again when they are needed next. Those that turn out
    /// to be the same keep their place.
    void forget();
    /// Changes with every `forget`.
    std::uint64_t epoch() const noexcept { return epoch_.load(std::memory_order_acquire); }
    /// How many types are known.
    std::size_t size() const;

private:
    struct node;
    struct table;
    class builder;
    node& node_of(oid_t type);
    void insert(table& into, node& n) noexcept;

    mutable std::mutex mutex_;
    std::atomic<table*> table_{nullptr};
    std::vector<std::unique_ptr<table>> tables_; ///< The current one last; readers may be in the others.
    std::vector<std::unique_ptr<node>> nodes_;
    std::vector<std::unique_ptr<type_info>> infos_; ///< Also those that are outdated.
    std::atomic<std::uint64_t> epoch_{0};
};

/// Whether Tusk reads and writes this type in binary, if the codec knows how to: of a type that is not
/// built in, what it is made of counts.
bool has_binary_codec(type_ref type) noexcept;

/// The type's name for messages: "int8", "public.mood", "type OID n".
std::string type_label(type_ref type);

/// What a call needs to know about types. Types that have to be looked up first are gathered here.
class type_scope {
public:
    /// Without a catalog nothing is known but built-in types.
    explicit type_scope(const type_catalog* catalog = nullptr) noexcept : catalog_{catalog} {}

    /// The type with domains resolved. One that the catalog has to be asked about becomes one of `unknown()`.
    type_ref find(oid_t type) {
        if (type < oid::first_assigned) [[likely]]
            return type;
        return look(type);
    }
    /// Types to ask the server about before what was made with the answers of `find` can be used.
    const std::vector<oid_t>& unknown() const noexcept { return unknown_; }
    /// The server was asked: what is still not known is nothing.
    void asked();
    /// Some type was looked for in the catalog.
    bool used() const noexcept { return used_; }
    const type_catalog* catalog() const noexcept { return catalog_; }

private:
    type_ref look(oid_t type);

    const type_catalog* catalog_;
    bool used_ = false;
    std::vector<oid_t> unknown_;
    std::vector<oid_t> asked_;
};

} // namespace tusk
