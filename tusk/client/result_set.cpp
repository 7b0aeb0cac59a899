#include <tusk/client/result_set.hpp>

namespace tusk {

row_view result_set::operator[](std::size_t row) const {
    const std::size_t end = ends_.at(row);
    const std::size_t begin = row == 0 ? 0 : ends_[row - 1];
    row_view out;
    static_cast<void>(
        out.assign(*columns_, std::span{bodies_}.subspan(begin, end - begin))); // looked at before
    return out;
}

namespace detail {

failure result_sets_sink::prepare(const protocol::description_ptr& description,
                                  std::span<const std::int16_t>& formats) {
    formats = {}; // all as text
    current_ = {};
    current_.columns_ = {description, &description->columns};
    return {};
}

protocol::flow result_sets_sink::on_row(std::span<const std::byte> body) {
    if (has_failed()) return protocol::flow::proceed;
    row_view row;
    if (!row.assign(*current_.columns_, body)) {
        failure_ = failure{errc::protocol_violation, "a row arrived that does not fit its own description"};
        return protocol::flow::reject;
    }
    current_.bodies_.insert(current_.bodies_.end(), body.begin(), body.end());
    current_.ends_.push_back(current_.bodies_.size());
    return protocol::flow::proceed;
}

void result_sets_sink::on_complete(const wire::command_tag& tag) {
    client_sink::on_complete(tag);
    current_.affected_ = tag.rows;
    current_.command_ = std::string{command()};
    sets_.push_back(std::exchange(current_, {}));
}

result<result_set> result_set_sink::take() {
    if (sets_.size() == 1) return std::move(sets_.front());
    return failed<result_set>(failure{errc::invalid_argument, "one statement was expected, there were " +
                                                                  std::to_string(sets_.size()) +
                                                                  "; use results()"});
}

} // namespace detail

} // namespace tusk
