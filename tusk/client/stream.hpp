#pragma once

#include <memory>
#include <optional>

#include <tusk/client/executor.hpp>

namespace tusk {

/// Rows one at a time, as the server sends them: memory stays constant, and a reader that is slow slows the
/// server. While a stream is open its connection does nothing else. A stream that is dropped half-way leaves
/// the connection usable: the rest is cancelled and drained before the next statement.
template <class T>
class row_stream {
public:
    row_stream(std::unique_ptr<detail::stream_source> source, std::shared_ptr<detail::stream_sink<T>> sink)
        : source_{std::move(source)}, sink_{std::move(sink)} {}

    /// The next row, or nothing after the last. Throws `tusk::error`.
    asio::awaitable<std::optional<T>> next() {
        if (!source_) co_return std::nullopt;
        sink_->row.reset();
        if (!source_->advance_now()) {
            bool more = false;
            auto f = co_await source_->advance(more);
            if (!more) source_.reset();
            if (f) throw error{std::move(f)};
            if (!more) co_return std::nullopt;
        }
        co_return std::move(sink_->row);
    }

private:
    std::unique_ptr<detail::stream_source> source_;
    std::shared_ptr<detail::stream_sink<T>> sink_;
};

} // namespace tusk
