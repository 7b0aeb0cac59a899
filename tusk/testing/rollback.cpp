#include <tusk/testing/rollback.hpp>

#include <cstdlib>
#include <map>
#include <mutex>

#include <unistd.h>

#include <tusk/testing/detail/administrator.hpp>
#include <tusk/testing/detail/clone_store.hpp>
#include <tusk/testing/detail/template_store.hpp>

namespace tusk::testing {

namespace {

/// Never destroyed; what is in it goes at the end of the process, not of a forked copy of it.
struct shared_databases {
    std::mutex mutex;
    std::map<std::string, database> by_template;
    pid_t owner = ::getpid();

    static shared_databases& instance() {
        static auto* const only = [] {
            auto* const made = new shared_databases;
            detail::clone_store::instance(); // ends after us
            std::atexit([] {
                auto& all = instance();
                if (all.owner == ::getpid()) all.by_template.clear();
            });
            return made;
        }();
        return *only;
    }
};

} // namespace

database& shared_database(const database_options& o) {
    const auto source =
        detail::administrator::instance().with([&](auto& admin) { return detail::template_for(admin, o); });
    auto& all = shared_databases::instance();
    const std::lock_guard lock{all.mutex};
    auto made = all.by_template.find(source);
    if (made == all.by_template.end()) {
        database_options once{o};
        once.prefetch(0);
        made = all.by_template.emplace(source, database::create(once)).first;
    }
    return made->second;
}

rollback_session::rollback_session(const database_options& o, const connection_settings& settings)
    : url_{shared_database(o).url()},
      connection_{std::make_unique<blocking::connection>(blocking::connection::open(url_, settings))} {
    reset();
}

rollback_session::~rollback_session() {
    if (transaction_ && transaction_->is_open()) static_cast<void>(transaction_->try_rollback());
}

void rollback_session::reset() {
    if (transaction_ && transaction_->is_open()) transaction_->rollback();
    transaction_ = std::make_unique<blocking::transaction>(connection_->begin());
}

} // namespace tusk::testing
