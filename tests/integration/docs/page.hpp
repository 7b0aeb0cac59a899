#pragma once

#include <string>

#include <tusk/pool.hpp>
#include <tusk/testing/gtest.hpp>

/// What the tests of the pages share. The code of a page stands in them as the page shows it, in functions
/// that have what it takes for granted as parameters.
namespace docs_test {

namespace asio = boost::asio;
using namespace std::chrono_literals;

class page_test : public tusk::testing::async_test {
protected:
    /// The database's URL with one more parameter.
    std::string url_with(const std::string& parameter) const {
        return url() + (url().find('?') == std::string::npos ? '?' : '&') + parameter;
    }
};

} // namespace docs_test
