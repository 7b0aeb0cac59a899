#pragma once

#include <exception>
#include <memory>
#include <string>
#include <string_view>

#include <tusk/client/copy.hpp>
#include <tusk/client/type_lookup.hpp>
#include <tusk/protocol/copy.hpp>

namespace tusk::detail {

/// One COPY as its verbs hand it to whatever executes it: the texts, what becomes of the data, and what came
/// out. It must not move while it is executed.
class copy_job {
public:
    copy_job(copy_options o, copy_texts texts, std::string table)
        : options_{std::move(o)}, texts_{std::move(texts)}, table_{std::move(table)} {}
    virtual ~copy_job() = default;
    copy_job(const copy_job&) = delete;
    copy_job& operator=(const copy_job&) = delete;

    const std::string& text() const noexcept { return texts_.copy; }
    /// The statement whose columns are those of the data; empty when the data are raw.
    const std::string& shape_text() const noexcept { return texts_.shape; }
    const options& call_options() const noexcept { return options_.call_options(); }
    void limit(deadline until) { options_.limit(until); }
    /// The table, for metrics.
    std::string_view table() const noexcept {
        return call_options().table().empty() ? std::string_view{table_} : call_options().table();
    }

    virtual bool is_out() const noexcept = 0;
    /// Chooses codecs for the described columns. It fails, and `types` has a question, when more has to be
    /// known about the columns' types first.
    virtual failure prepare(const protocol::description_ptr&, call_types& types) {
        static_cast<void>(types);
        return {};
    }
    virtual std::unique_ptr<protocol::copy_machine> machine(protocol::session& s,
                                                            const protocol::copy_shape& shape) = 0;

    /// The server has copied that many rows.
    void copied(std::uint64_t rows) noexcept { rows_ = rows; }
    /// Rows copied; of a COPY that was stopped, those that were handed over.
    std::uint64_t rows() const noexcept { return stopped_ ? passed_rows_ : rows_; }
    std::uint64_t bytes() const noexcept { return passed_bytes_; }
    /// The server says that it sent another number of rows than have arrived.
    bool has_lost_rows() const noexcept {
        return counts_rows() && !stopped_ && rows_ != 0 && rows_ != passed_rows_;
    }
    /// The sink had enough: that what came afterwards failed is no failure.
    bool stopped() const noexcept { return stopped_; }
    /// What this side made of the data.
    virtual failure own_failure() const { return {}; }
    /// Throws what the caller's source, sink or progress function threw.
    void rethrow() const {
        if (thrown_) std::rethrow_exception(thrown_);
    }

protected:
    /// What was counted are the rows that the server counts.
    virtual bool counts_rows() const noexcept { return false; }
    const copy_options& settings() const noexcept { return options_; }
    void count(std::uint64_t rows, std::uint64_t size) noexcept {
        passed_rows_ += rows;
        passed_bytes_ += size;
    }
    /// Reports what has passed, when a chunk of it has.
    void report(bool at_the_end) {
        if (!settings().on_progress()) return;
        if (passed_bytes_ == reported_ ||
            (!at_the_end && passed_bytes_ - reported_ < settings().chunk_size()))
            return;
        reported_ = passed_bytes_;
        settings().on_progress()(passed_rows_, passed_bytes_);
    }
    void caught() noexcept { thrown_ = std::current_exception(); }
    void stop() noexcept { stopped_ = true; }
    bool threw() const noexcept { return static_cast<bool>(thrown_); }

private:
    copy_options options_;
    copy_texts texts_;
    std::string table_;
    std::uint64_t rows_ = 0;
    std::uint64_t passed_rows_ = 0;
    std::uint64_t passed_bytes_ = 0;
    std::uint64_t reported_ = 0;
    bool stopped_ = false;
    std::exception_ptr thrown_;
};

} // namespace tusk::detail
