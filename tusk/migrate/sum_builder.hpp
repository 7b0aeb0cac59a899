#pragma once

#include <tusk/migrate/digest.hpp>
#include <tusk/migrate/sum.hpp>

namespace tusk::migrate {

/// Computes a sum file from files in their order.
class sum_file::builder {
public:
    builder& add(std::string_view name, std::string_view content);
    sum_file finish() && { return std::move(sum_); }

private:
    digest running_;
    sum_file sum_;
};

} // namespace tusk::migrate
