// The code of docs/doctor.md.
#include <iostream>

#include <tusk/doctor.hpp>

#include "page.hpp"

namespace doctor_page {

using namespace docs_test;

class doctor_page : public page_test {};

boost::asio::awaitable<void> report(tusk::pool& db) {
    const auto limits = tusk::doctor::thresholds{}.long_running(std::chrono::seconds{30});
    const auto found = co_await tusk::doctor::examine(db, limits);
    for (const auto& f : found.findings())
        std::cout << tusk::doctor::name_of(f.how_bad()) << ": " << f.object() << ": " << f.message() << "\n  "
                  << f.remedy() << '\n';
}

TEST_F(doctor_page, example) {
    connect().exec("create table keyless (a int4)");
    const auto run = [](std::string url) -> asio::awaitable<void> {
        auto db = co_await tusk::pool::open(url);
        co_await report(db);
    };
    testing::internal::CaptureStdout();
    tusk::testing::run_async(run(url()));
    const auto printed = testing::internal::GetCapturedStdout();
    EXPECT_NE(printed.find("information: public.keyless: the table has no primary key"), printed.npos)
        << printed;
}

} // namespace doctor_page
