#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace tusk {

/// What a connection string may depend on besides its text: environment variables, the user's name and home
/// directory, and files. A default-constructed environment is empty and never touches the system, so that a
/// configuration can be computed from values alone; `process()` is the real one.
class environment {
public:
    /// A file as the password and service file readers want to see it.
    class file {
    public:
        file() = default;
        file(std::string content, unsigned permission_bits, bool is_regular = true)
            : text{std::move(content)}, mode{permission_bits}, regular{is_regular} {}

        std::string text;
        unsigned mode = 0600;   ///< Permission bits (07777).
        bool regular = true;    ///< Not a directory, pipe or device.
        bool truncated = false; ///< Longer than `max_file_size`; `text` is only its beginning.
    };

    static constexpr std::size_t max_file_size = 4u << 20;

    environment() = default;

    /// The environment of this process. Variables and files are read at each call, nothing is kept.
    static environment process();

    environment& set(std::string name, std::string value);
    environment& set_home_directory(std::string path);
    environment& set_os_user(std::string name);
    environment& add_file(std::string path, std::string text, unsigned mode = 0600);
    environment& add_file(std::string path, file content);
    environment& add_directory(std::string path);

    /// An empty variable counts as unset: containers like to define them so.
    std::optional<std::string> variable(const std::string& name) const;
    /// $HOME, else the user database's; `nullopt` when there is none.
    std::optional<std::string> home_directory() const;
    /// Name of the effective user in the user database, which may be remote: asked only when needed.
    std::optional<std::string> os_user() const;
    bool exists(const std::string& path) const;
    /// `nullopt` when the file is missing or unreadable. A file that is not regular is opened only when
    /// `regular_only` is false; otherwise it comes back without text.
    std::optional<file> read_file(const std::string& path, bool regular_only = true) const;

private:
    bool process_ = false;
    std::map<std::string, std::string> variables_;
    std::optional<std::string> home_;
    std::optional<std::string> os_user_;
    std::map<std::string, file> files_;
    std::set<std::string> directories_;
};

} // namespace tusk
