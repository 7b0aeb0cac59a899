#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <tusk/protocol/type_question.hpp>
#include <tusk/types/catalog.hpp>
#include <tusk/types/parameters.hpp>

/// How a call learns about types that are not built in.
namespace tusk::detail {

/// Asks the server's catalog about types, and about what those are made of, as often as it takes; then all of
/// them go into the catalog here together.
class type_lookup final : public protocol::type_question {
public:
    explicit type_lookup(std::shared_ptr<type_catalog> catalog);

    type_scope& scope() noexcept { return scope_; }
    /// There is something to ask, or the answer so far named more types.
    bool has_question();
    /// In the middle of it.
    bool unfinished() const noexcept { return !wanted_.empty(); }
    /// The server was asked something.
    bool has_asked() const noexcept { return asked_; }
    const std::shared_ptr<type_catalog>& catalog() const noexcept { return catalog_; }

    std::string_view sql() const noexcept override { return type_catalog::query; }
    std::span<const std::uint32_t> parameter_types() const noexcept override;
    failure bind(wire::bound_values& arguments, std::span<const std::int16_t>& formats) override;
    protocol::flow on_row(std::span<const std::byte> body) override;
    failure take_failure() override;

private:
    std::vector<oid_t> newly_named() const;

    std::shared_ptr<type_catalog> catalog_;
    type_scope scope_;
    std::vector<oid_t> wanted_; ///< What the server is asked about now.
    std::vector<oid_t> seen_;   ///< What it was asked about.
    std::vector<catalog_row> rows_;
    std::size_t last_round_ = 0; ///< Where the rows of the last answer begin.
    unsigned rounds_ = 0;
    bool asked_ = false;
    parameters arguments_;
    failure failure_;
};

/// What one call knows about types: nothing, and at no cost, until it has to do with some that are not built
/// in.
class call_types {
public:
    call_types() = default;
    explicit call_types(const std::shared_ptr<type_catalog>& catalog) noexcept : catalog_{&catalog} {}

    /// For making plans and encoding arguments. What was made is worthless when it ends with unknown types.
    type_scope& scope() { return lookup().scope(); }
    bool has_unknown() const noexcept { return lookup_ && !lookup_->scope().unknown().empty(); }
    bool unfinished() const noexcept { return lookup_ && lookup_->unfinished(); }
    const std::shared_ptr<type_catalog>& catalog() { return lookup().catalog(); }
    protocol::type_question* question() {
        return lookup_ && lookup_->has_question() ? lookup_.get() : nullptr;
    }
    /// Something does not fit a type as the catalog here has it. True, once, when that was known from before
    /// this call: it is forgotten, so that another try asks the server.
    bool renew();
    /// A value did not have the type that the catalog says: types are looked up again from the next call on.
    void outdated();
    /// For `query_source::distrusts`.
    bool distrusts(const failure& why);

private:
    type_lookup& lookup();

    const std::shared_ptr<type_catalog>* catalog_ = nullptr;
    std::unique_ptr<type_lookup> lookup_;
    bool renewed_ = false;
};

/// What `bind` fails with when there is a question; users see it only where nobody can ask.
failure unknown_types_failure();

} // namespace tusk::detail
