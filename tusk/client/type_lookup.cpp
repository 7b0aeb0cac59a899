#include <tusk/client/type_lookup.hpp>

#include <algorithm>

#include <tusk/types/array.hpp>
#include <tusk/types/row.hpp>

namespace tusk::detail {

namespace {

constexpr unsigned max_rounds = 64; // types made of types made of …
constexpr std::size_t max_types = 20000;

/// What the catalog query returns, so that it needs no Describe.
const row_plan& catalog_plan() {
    static const row_plan plan = [] {
        std::vector<wire::column_description> columns;
        const auto add = [&](const char* name, oid_t type) {
            auto& c = columns.emplace_back();
            c.name = name;
            c.type_oid = type;
        };
        add("oid", oid::oid);
        add("schema", oid::text);
        add("name", oid::text);
        add("kind", oid::text);
        add("delimiter", oid::text);
        add("array", oid::oid);
        add("element", oid::oid);
        add("labels", oid::text_array);
        add("attribute_names", oid::text_array);
        add("attribute_types", oid::oid_array);
        return make_row_plan<catalog_row>(columns).value();
    }();
    return plan;
}

bool contains(const std::vector<oid_t>& all, oid_t type) {
    return std::find(all.begin(), all.end(), type) != all.end();
}

} // namespace

failure unknown_types_failure() {
    return failure{errc::type_mismatch, "the statement has types that have to be looked up first"};
}

type_lookup::type_lookup(std::shared_ptr<type_catalog> catalog)
    : catalog_{std::move(catalog)}, scope_{catalog_.get()} {}

bool type_lookup::has_question() {
    if (!wanted_.empty()) return true;
    wanted_ = scope_.unknown();
    seen_ = wanted_;
    rounds_ = 0;
    return !wanted_.empty();
}

std::span<const std::uint32_t> type_lookup::parameter_types() const noexcept {
    static constexpr std::uint32_t types[] = {oid::oid_array};
    return types;
}

failure type_lookup::bind(wire::bound_values& arguments, std::span<const std::int16_t>& formats) {
    asked_ = true;
    arguments_.clear();
    if (const auto code = encode_parameter(arguments_, oid::oid_array, wanted_); code != codec_errc::ok)
        return conversion_failure(code, "a list of types", oid::oid_array, "std::vector");
    arguments = arguments_.bound();
    formats = catalog_plan().formats;
    return {};
}

protocol::flow type_lookup::on_row(std::span<const std::byte> body) {
    if (failure_ || rows_.size() == max_types) return protocol::flow::proceed;
    row_error e;
    if (!decode_row(catalog_plan(), body, rows_.emplace_back(), e)) {
        rows_.clear();
        last_round_ = 0;
        failure_ = failure{errc::protocol_violation, "the server's catalog of types cannot be read"};
    }
    return protocol::flow::proceed;
}

/// Types that the last answer brought up.
std::vector<oid_t> type_lookup::newly_named() const {
    std::vector<oid_t> out;
    const auto name = [&](oid_t type) {
        if (type >= oid::first_assigned && catalog_->find(type) == nullptr && !contains(seen_, type) &&
            !contains(out, type) && seen_.size() + out.size() < max_types)
            out.push_back(type);
    };
    for (std::size_t i = last_round_; i < rows_.size(); ++i) {
        name(rows_[i].element);
        for (const oid_t type : rows_[i].attribute_types) name(type);
    }
    return out;
}

/// An answer is complete: goes on with what it named, or adds everything to the catalog.
failure type_lookup::take_failure() {
    if (failure_) return std::exchange(failure_, failure{});
    wanted_ = ++rounds_ < max_rounds ? newly_named() : std::vector<oid_t>{};
    last_round_ = rows_.size();
    if (wanted_.empty()) {
        catalog_->add(rows_);
        rows_.clear();
        last_round_ = 0;
        scope_.asked();
        return {};
    }
    seen_.insert(seen_.end(), wanted_.begin(), wanted_.end());
    return {};
}

// ---- call_types

type_lookup& call_types::lookup() {
    if (!lookup_)
        lookup_ =
            std::make_unique<type_lookup>(catalog_ != nullptr ? *catalog_ : std::make_shared<type_catalog>());
    return *lookup_;
}

bool call_types::renew() {
    if (renewed_ || !lookup_ || lookup_->has_asked() || !lookup_->scope().used()) return false;
    renewed_ = true;
    outdated();
    return true;
}

void call_types::outdated() {
    if (catalog_ != nullptr) (*catalog_)->forget();
}

bool call_types::distrusts(const failure& why) {
    if (!lookup_ || !lookup_->scope().used() || why.server() == nullptr) return false;
    const auto code = to_sqlstate(why.code());
    // What the receive functions of records and arrays say when they expected something else.
    if (!code || (*code != "42804"_sqlstate && *code != "22P03"_sqlstate)) return false;
    outdated();
    return true;
}

} // namespace tusk::detail
