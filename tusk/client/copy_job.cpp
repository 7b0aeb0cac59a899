#include <tusk/client/copy_sources.hpp>
#include <tusk/client/copy_targets.hpp>
#include <tusk/client/copy_verbs.hpp>

#include <istream>
#include <ostream>

namespace tusk::detail {

failure copy_chunk::commit() {
    const std::size_t length = size() + 4;
    if (length > wire::max_sent_length)
        return failure{errc::message_too_large,
                       "a row of " + std::to_string(length) + " bytes exceeds PostgreSQL's limit of 1 GiB"};
    wire::store_big_endian(sink_.data() + start_ + 1, static_cast<std::uint32_t>(length));
    committed_ = true;
    return {};
}

std::unique_ptr<protocol::copy_machine> copy_in_job::machine(protocol::session& s,
                                                             const protocol::copy_shape& shape) {
    return std::make_unique<protocol::copy_in>(s, text(), *this, shape);
}

protocol::copy_source::progress copy_in_job::fill(wire::write_buffer& out) {
    try {
        copy_chunk chunk{out};
        const auto p = produce(chunk);
        if (p == progress::failed) return p;
        if (chunk.size() > 0) {
            failure_ = chunk.commit();
            if (failure_) return progress::failed;
            count(0, chunk.size());
        }
        report(p == progress::end);
        return p;
    } catch (...) { // the caller's; it goes on when the connection is clean
        caught();
        failure_ = failure{errc::canceled, "the source of the data threw an exception"};
        return progress::failed;
    }
}

failure copy_row_failure(const row_error& e, const protocol::statement_description& d, const copy_plan& plan,
                         std::uint64_t row) {
    const auto& column = d.columns.at(e.column);
    return conversion_failure(e.code, "row " + std::to_string(row) + ", column \"" + column.name + "\"",
                              plan.columns.at(e.column).type, e.cpp_type);
}

std::unique_ptr<protocol::copy_machine> copy_out_job::machine(protocol::session& s,
                                                              const protocol::copy_shape& shape) {
    return std::make_unique<protocol::copy_out>(s, text(), *this, shape);
}

protocol::flow copy_out_job::take(std::span<const std::byte> data) {
    if (stopped()) return protocol::flow::proceed;
    count(0, data.size());
    bool more = false;
    try {
        more = consume(data);
        if (more) report(false);
    } catch (...) { // the caller's; it goes on when the connection is clean
        caught();
        more = false;
    }
    if (more) return protocol::flow::proceed;
    stop();
    return protocol::flow::pause;
}

failure copy_out_job::take_failure() {
    try {
        if (!stopped()) report(true);
    } catch (...) {
        caught();
    }
    return failure_;
}

failure check_binary(const row_plan& plan, const protocol::statement_description& d) {
    for (std::size_t i = 0; i < plan.columns.size(); ++i) {
        if (plan.columns[i].binary) continue;
        const auto& column = d.columns[i];
        return failure{errc::type_mismatch,
                       "column \"" + column.name + "\" has type " + type_label(plan.columns[i].type) +
                           ", whose binary form is not known for its field; read a query "
                           "that casts it to text"};
    }
    return {};
}

std::string_view stream_reader::operator()() {
    in_->read(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
    if (in_->bad()) throw error{errc::environment, "reading the stream of a COPY failed"};
    return {buffer_.data(), static_cast<std::size_t>(in_->gcount())};
}

void stream_writer::operator()(std::span<const std::byte> data) {
    out_->write(reinterpret_cast<const char*>(data.data()), static_cast<std::streamsize>(data.size()));
    if (!*out_) throw error{errc::environment, "writing the stream of a COPY failed"};
}

} // namespace tusk::detail
