#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <tusk/client/blocking.hpp>

namespace tusk::schema {

class scratch_database;

/// Where throwaway databases are made: a server of its own, or one that is given.
class scratch_server {
public:
    /// `embedded://` (with a major version behind it, if one is wanted: `embedded://16`), or the URL of a
    /// server whose role may create databases. Throws `tusk::error`.
    explicit scratch_server(std::string_view where = "embedded://");
    ~scratch_server();
    scratch_server(scratch_server&&) noexcept;
    scratch_server& operator=(scratch_server&&) noexcept;

    /// An empty database, or a copy of one of this server's to which nobody is connected.
    scratch_database create(std::string_view copy_of = {});
    /// Nobody else uses the server: roles can be made in it.
    bool is_own() const noexcept;

private:
    friend class scratch_database;
    struct place;
    std::shared_ptr<place> place_;
};

/// A database that goes with this object.
class scratch_database {
public:
    scratch_database(scratch_database&&) noexcept;
    scratch_database& operator=(scratch_database&&) noexcept;
    ~scratch_database();

    const std::string& name() const noexcept { return name_; }
    blocking::connection connect() const;
    /// How to connect to it.
    connect_config config() const;
    bool is_on_own_server() const noexcept;

private:
    friend class scratch_server;
    scratch_database(std::shared_ptr<scratch_server::place> place, std::string name);
    void drop() noexcept;
    std::shared_ptr<scratch_server::place> place_;
    std::string name_;
};

/// Makes the role that an error says is missing. False when the error says nothing of the kind.
bool make_missing_role(blocking::connection& on, const failure& why);

} // namespace tusk::schema
