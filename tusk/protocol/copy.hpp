#pragma once

#include <cstdint>
#include <string_view>

#include <tusk/protocol/query.hpp>

/// COPY in both directions. Both machines use the simple protocol: there a server that gives up in the middle
/// of the data ends the request by itself, and ignores the data that are still on their way.
/// Source: PostgreSQL documentation, section 55.2.7.
namespace tusk::protocol {

/// Where the data of a COPY FROM STDIN come from.
class copy_source {
public:
    virtual ~copy_source() = default;
    enum class progress : std::uint8_t {
        more,   ///< Call again when this is sent.
        end,    ///< That was all.
        failed, ///< `take_failure()` says why; what was sent so far is to be forgotten.
    };
    /// Appends some whole CopyData messages. Never called before the server asked for data.
    virtual progress fill(wire::write_buffer& out) = 0;
    virtual failure take_failure() = 0;
};

/// Where the data of a COPY TO STDOUT go.
class copy_target {
public:
    virtual ~copy_target() = default;
    /// The server is about to send.
    virtual void begin(const wire::copy_response&) {}
    /// The body of one CopyData, valid during the call. With `pause` the target has enough, and the machine
    /// stops; cancelled then, it hands over what still arrives, to be ignored.
    virtual flow take(std::span<const std::byte> data) = 0;
    virtual failure take_failure() = 0;
};

/// A statement whose columns are those of the COPY, and what it was described as when the codecs were chosen.
/// It is described again together with the COPY, in the same round trip: binary data for columns that were
/// altered meanwhile could be taken for something else.
class copy_shape {
public:
    copy_shape() = default;
    copy_shape(std::string_view sql, const statement_description& expected)
        : sql_{sql}, expected_{&expected} {}
    bool empty() const noexcept { return expected_ == nullptr; }
    std::string_view sql() const noexcept { return sql_; }
    const statement_description* expected() const noexcept { return expected_; }

private:
    std::string_view sql_;
    const statement_description* expected_ = nullptr;
};

/// What both directions have in common.
class copy_machine : public request_machine, protected reply_sink {
public:
    copy_machine(session& s, std::string_view sql, const copy_shape& shape)
        : request_machine{s}, sql_{sql}, shape_{shape} {}
    /// Rows that the server has copied, by the command tag.
    std::uint64_t rows() const noexcept { return rows_; }
    /// The columns are not what they were; no data were moved, and it may be tried again with new codecs.
    bool stale() const noexcept { return answer_.stale; }

protected:
    failure begin() final;
    failure stale_failure() const;

private:
    flow on_row(std::span<const std::byte>) final { return flow::proceed; }
    void on_complete(const wire::command_tag& tag) final;
    std::string_view sql_text() const final { return sql_; }

    std::string_view sql_;
    copy_shape shape_;
    pipeline::described answer_;
    std::uint64_t rows_ = 0;
};

/// COPY FROM STDIN. The source is asked for more whenever everything is sent. An error of the server, a
/// deadline and a failing source end the sending at once; the last two by CopyFail.
class copy_in final : public copy_machine {
public:
    copy_in(session& s, std::string_view sql, copy_source& source, const copy_shape& shape = {})
        : copy_machine{s, sql, shape}, source_{source} {}

private:
    enum class phase : std::uint8_t { waiting, sending, given_up, over };
    action await_answer() override;
    void on_interruption() override;
    bool proceed_after(failure error) override;
    bool on_copy_in(const wire::copy_response&) override;
    void send_more();
    void give_up(std::string_view reason);
    void drop_unsent_messages();

    copy_source& source_;
    phase phase_ = phase::waiting;
    bool interrupted_ = false;
    failure error_; ///< Kept while the rest of a message leaves.
};

/// COPY TO STDOUT.
class copy_out final : public copy_machine {
public:
    copy_out(session& s, std::string_view sql, copy_target& target, const copy_shape& shape = {})
        : copy_machine{s, sql, shape}, target_{target} {}

private:
    bool proceed_after(failure error) override;
    bool on_copy_out(const wire::copy_response& format) override;
    flow on_copy_data(std::span<const std::byte> data) override { return target_.take(data); }

    copy_target& target_;
    bool began_ = false;
};

/// Parse and Describe of a text, without executing it (which would want more privileges).
class describe final : public request_machine {
public:
    describe(session& s, std::string_view sql) : request_machine{s}, sql_{sql} {}
    /// What came out; null after a failure.
    description_ptr take();

private:
    failure begin() override;
    bool proceed_after(failure error) override;
    bool nothing_executed() const override { return true; }
    std::string_view sql_text() const override { return sql_; }

    std::string_view sql_;
    pipeline::described answer_;
};

} // namespace tusk::protocol
