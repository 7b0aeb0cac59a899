#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tusk::doctor {

enum class severity : std::uint8_t {
    information, ///< Worth knowing.
    warning,     ///< Costs something, or will.
    critical,    ///< The server is about to stop working, or loses data.
};

/// "information", "warning", "critical"
std::string_view name_of(severity s) noexcept;

/// Something that a check found.
class finding {
public:
    finding(std::string_view check, severity s, std::string object, std::string message, std::string remedy)
        : check_{check}, severity_{s}, object_{std::move(object)}, message_{std::move(message)},
          remedy_{std::move(remedy)} {}

    /// Name of the check, such as "unused_index".
    const std::string& check() const noexcept { return check_; }
    severity how_bad() const noexcept { return severity_; }
    /// What it is about, such as a table ("public.users") or a process ("pid 4711").
    const std::string& object() const noexcept { return object_; }
    const std::string& message() const noexcept { return message_; }
    /// What to do about it; SQL where SQL does it.
    const std::string& remedy() const noexcept { return remedy_; }

private:
    std::string check_;
    severity severity_;
    std::string object_;
    std::string message_;
    std::string remedy_;
};

/// Figures that say how a server is without saying that anything is wrong, such as its largest tables.
struct figures {
    std::string name;
    std::vector<std::string> columns;
    std::vector<std::vector<std::string>> rows; ///< As many values as columns; NULL is empty.
};

/// A check that could not be made: the role may not see it, the extension is not there, the time was over.
struct unexamined {
    std::string check;
    std::string why;
};

/// Everything that was found, the worst first; within a severity in the order of the checks.
class examination {
public:
    void add(finding f);
    void add(figures f) { figures_.push_back(std::move(f)); }
    void add(unexamined u) { unexamined_.push_back(std::move(u)); }

    const std::vector<finding>& findings() const noexcept { return findings_; }
    const std::vector<figures>& all_figures() const noexcept { return figures_; }
    const std::vector<unexamined>& not_examined() const noexcept { return unexamined_; }
    /// How many findings are that bad.
    std::size_t count(severity s) const noexcept;
    /// No warning, and nothing critical.
    bool is_healthy() const noexcept;

private:
    std::vector<finding> findings_;
    std::vector<figures> figures_;
    std::vector<unexamined> unexamined_;
};

} // namespace tusk::doctor
