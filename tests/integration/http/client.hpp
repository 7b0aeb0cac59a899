#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

/// An HTTP client as plain as can be, so that it can misbehave: a blocking socket on which every read ends
/// after ten seconds.
class raw_client {
public:
    /// Makes the socket only; `connect` does the rest.
    raw_client();
    explicit raw_client(std::uint16_t port) : raw_client{} { connect(port); }
    ~raw_client();
    raw_client(const raw_client&) = delete;
    raw_client& operator=(const raw_client&) = delete;

    /// False when the connection was refused.
    bool try_connect(std::uint16_t port);
    void connect(std::uint16_t port);
    /// How much the kernel takes in for this client, to be called before connecting.
    void set_receive_buffer(int bytes);

    void send(std::string_view bytes);
    /// False when the server closed in the meantime.
    bool try_send(std::string_view bytes);
    void end_sending();
    /// Closes with a reset.
    void abort();

    class answer {
    public:
        int status = 0;
        std::string status_line;
        std::map<std::string, std::string> headers; ///< Names in lower case.
        std::string body;

        std::string header(const std::string& name) const {
            const auto found = headers.find(name);
            return found == headers.end() ? std::string{} : found->second;
        }
    };

    /// One response; throws when the connection ends before it does. `head_only` for answers to HEAD.
    answer receive(bool head_only = false);
    answer ask(std::string_view bytes) {
        send(bytes);
        return receive();
    }
    /// Exactly so many bytes.
    std::string receive_bytes(std::size_t count);
    /// What comes up to and with `end`.
    std::string receive_until(std::string_view end);
    /// What comes until the server closes; throws when it does not.
    std::string receive_to_end();
    /// Whether something can be read, or the end was reached, within that time.
    bool readable(std::chrono::milliseconds within) const;

private:
    bool read_more();

    int socket_;
    std::string buffer_;
};

/// A request with the headers that it needs and those given (each ended by CRLF).
std::string make_request(std::string_view method, std::string_view target, std::string_view headers = {},
                         std::string_view body = {});
