#include <tusk/types/catalog.hpp>

#include <algorithm>
#include <utility>

#include <tusk/types/basic.hpp>

namespace tusk {

namespace {

constexpr std::size_t max_attributes = 1664; // the server's MaxTupleAttributeNumber
constexpr unsigned max_depth = 64;           // of types made of types

bool same_type(type_ref a, type_ref b) noexcept { return a.oid == b.oid && a.info == b.info; }

bool same_attribute(const type_info::attribute& a, const type_info::attribute& b) noexcept {
    return a.declared == b.declared && same_type(a.type, b.type) && a.name == b.name;
}

bool same(const type_info& a, const type_info& b) noexcept {
    return a.kind == b.kind && a.schema == b.schema && a.name == b.name && a.delimiter == b.delimiter &&
           a.array == b.array && a.declared_element == b.declared_element &&
           same_type(a.element, b.element) && a.labels == b.labels &&
           std::equal(a.attributes.begin(), a.attributes.end(), b.attributes.begin(), b.attributes.end(),
                      same_attribute);
}

type_kind kind_of(const catalog_row& row) noexcept {
    switch (row.kind.empty() ? ' ' : row.kind.front()) {
    case 'a': return type_kind::array;
    case 'c': return type_kind::composite;
    case 'd': return type_kind::domain;
    case 'e': return type_kind::enumeration;
    case 'r': return type_kind::range;
    case 'm': return type_kind::multirange;
    case 'p': return type_kind::pseudo;
    default: return type_kind::base;
    }
}

bool makes_sense(const catalog_row& row) noexcept {
    return row.oid >= oid::first_assigned && row.attribute_names.size() == row.attribute_types.size() &&
           row.attribute_names.size() <= max_attributes;
}

} // namespace

namespace detail {

bool is_text_info(const type_info* info) noexcept { return info != nullptr && info->is_text(); }

type_plans::~type_plans() {
    for (auto* p = first_.load(std::memory_order_relaxed); p != nullptr;) delete std::exchange(p, p->next);
}

const type_plan_base& type_plans::add(std::unique_ptr<type_plan_base> plan) {
    auto* head = first_.load(std::memory_order_acquire);
    for (;;) {
        for (auto* p = head; p != nullptr; p = p->next)
            if (p->key == plan->key) return *p;
        plan->next = head;
        if (first_.compare_exchange_weak(head, plan.get(), std::memory_order_acq_rel)) return *plan.release();
    }
}

} // namespace detail

// ---- type_info

std::string type_info::full_name() const {
    if (kind == type_kind::array && element.info != nullptr && element.oid == declared_element)
        return element.info->full_name() + "[]";
    return schema + "." + name;
}

bool type_info::is_named(std::string_view wanted) const noexcept {
    if (wanted == name) return true;
    return wanted.size() == schema.size() + name.size() + 1 && wanted.starts_with(schema) &&
           wanted[schema.size()] == '.' && wanted.ends_with(name);
}

bool type_info::is_text() const noexcept {
    return kind == type_kind::enumeration || (kind == type_kind::base && name == "citext");
}

bool has_binary_codec(type_ref type) noexcept {
    if (type.info == nullptr) return has_binary_codec(type.oid);
    switch (type.info->kind) {
    case type_kind::array:
    case type_kind::range:
    case type_kind::multirange: return has_binary_codec(type.info->element);
    case type_kind::base:
    case type_kind::composite:
    case type_kind::enumeration: return true;
    case type_kind::domain:
    case type_kind::pseudo: break;
    }
    return false;
}

std::string type_label(type_ref type) {
    return type.info != nullptr ? type.info->full_name() : std::string{type_name(type.oid)};
}

// ---- type_catalog

/// A type's place, which stays.
struct type_catalog::node {
    oid_t oid = 0;
    std::atomic<const type_info*> info{nullptr};
    const type_info* last = nullptr; ///< What it was before the catalog forgot it.
};

/// Open addressing with room to spare; nothing is ever taken out.
struct type_catalog::table {
    explicit table(std::size_t size) : mask{size - 1}, slots(size) {}
    std::size_t mask;
    std::vector<std::atomic<node*>> slots;
    std::size_t first(oid_t type) const noexcept { return (type * 0x9e3779b1u) & mask; }
};

type_catalog::type_catalog() {
    tables_.push_back(std::make_unique<table>(64));
    table_.store(tables_.back().get(), std::memory_order_release);
}
type_catalog::~type_catalog() = default;

const type_info* type_catalog::find(oid_t type) const noexcept {
    const table& t = *table_.load(std::memory_order_acquire);
    for (std::size_t at = t.first(type);; at = (at + 1) & t.mask) {
        const node* n = t.slots[at].load(std::memory_order_acquire);
        if (n == nullptr) return nullptr;
        if (n->oid == type) return n->info.load(std::memory_order_acquire);
    }
}

type_ref type_catalog::resolve(oid_t type) const noexcept {
    const type_info* info = find(type);
    if (info != nullptr && info->kind == type_kind::domain) return info->element;
    return {type, info};
}

std::size_t type_catalog::size() const {
    const std::lock_guard lock{mutex_};
    return static_cast<std::size_t>(
        std::count_if(nodes_.begin(), nodes_.end(), [](const auto& n) { return n->info.load() != nullptr; }));
}

void type_catalog::forget() {
    const std::lock_guard lock{mutex_};
    for (const auto& n : nodes_)
        if (const auto* info = n->info.exchange(nullptr, std::memory_order_acq_rel)) n->last = info;
    epoch_.fetch_add(1, std::memory_order_release);
}

void type_catalog::insert(table& into, node& n) noexcept {
    std::size_t at = into.first(n.oid);
    while (into.slots[at].load(std::memory_order_relaxed) != nullptr) at = (at + 1) & into.mask;
    into.slots[at].store(&n, std::memory_order_release);
}

type_catalog::node& type_catalog::node_of(oid_t type) {
    const table& t = *tables_.back();
    for (std::size_t at = t.first(type);; at = (at + 1) & t.mask) {
        auto* n = t.slots[at].load(std::memory_order_relaxed);
        if (n == nullptr) break;
        if (n->oid == type) return *n;
    }
    nodes_.push_back(std::make_unique<node>());
    nodes_.back()->oid = type;
    if (nodes_.size() * 2 > tables_.back()->slots.size()) {
        auto bigger = std::make_unique<table>(tables_.back()->slots.size() * 2);
        for (const auto& n : nodes_) insert(*bigger, *n);
        tables_.push_back(std::move(bigger));
        table_.store(tables_.back().get(), std::memory_order_release);
    } else {
        insert(*tables_.back(), *nodes_.back());
    }
    return *nodes_.back();
}

/// Makes types out of rows, those that others are made of first.
class type_catalog::builder {
public:
    builder(type_catalog& catalog, const std::vector<catalog_row>& rows) : catalog_{catalog} {
        for (const auto& row : rows)
            if (makes_sense(row)) rows_.emplace(row.oid, &row);
    }
    void build_all() {
        std::vector<oid_t> wanted;
        for (const auto& [type, row] : rows_) wanted.push_back(type);
        for (const oid_t type : wanted) build(type, 0);
    }

private:
    /// Null for what is unknown, too deep, or made of itself.
    const type_info* build(oid_t type, unsigned depth) {
        if (const auto* found = catalog_.find(type)) return found;
        const auto at = rows_.find(type);
        if (at == rows_.end() || depth > max_depth) return nullptr;
        const catalog_row& row = *at->second;
        rows_.erase(at);
        auto made = std::make_unique<type_info>();
        made->oid = type;
        made->schema = row.schema;
        made->name = row.name;
        made->kind = kind_of(row);
        if (!row.delimiter.empty()) made->delimiter = row.delimiter.front();
        made->array = row.array;
        made->labels = row.labels;
        made->declared_element = row.element;
        made->element = part(row.element, depth);
        for (std::size_t i = 0; i < row.attribute_names.size(); ++i)
            made->attributes.push_back(
                {row.attribute_names[i], row.attribute_types[i], part(row.attribute_types[i], depth)});
        return publish(std::move(made));
    }
    type_ref part(oid_t type, unsigned depth) {
        if (type < oid::first_assigned) return type;
        const type_info* info = build(type, depth + 1);
        if (info != nullptr && info->kind == type_kind::domain) return info->element;
        return {type, info};
    }
    const type_info* publish(std::unique_ptr<type_info> made) {
        node& n = catalog_.node_of(made->oid);
        const type_info* shown = n.last;
        if (shown == nullptr || !same(*shown, *made)) {
            shown = made.get();
            catalog_.infos_.push_back(std::move(made));
        }
        n.info.store(shown, std::memory_order_release);
        return shown;
    }

    type_catalog& catalog_;
    std::unordered_map<oid_t, const catalog_row*> rows_;
};

void type_catalog::add(const std::vector<catalog_row>& rows) {
    const std::lock_guard lock{mutex_};
    builder{*this, rows}.build_all();
}

// ---- type_scope

type_ref type_scope::look(oid_t type) {
    if (catalog_ == nullptr) return type;
    used_ = true;
    const auto found = catalog_->resolve(type);
    if (found.oid != type || found.info != nullptr) return found;
    if (std::find(asked_.begin(), asked_.end(), type) == asked_.end() &&
        std::find(unknown_.begin(), unknown_.end(), type) == unknown_.end())
        unknown_.push_back(type);
    return type;
}

void type_scope::asked() {
    asked_.insert(asked_.end(), unknown_.begin(), unknown_.end());
    unknown_.clear();
}

} // namespace tusk
