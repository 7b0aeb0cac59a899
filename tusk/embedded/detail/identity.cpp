#include <tusk/embedded/detail/identity.hpp>

#include <algorithm>
#include <cerrno>
#include <optional>

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tusk/embedded/detail/posix.hpp>

namespace tusk::embedded::detail {

namespace {

constexpr std::size_t account_buffer = 16384;

identity from_account(const passwd& account) {
    identity who{account.pw_uid, account.pw_gid, {}, account.pw_name, true};
    int count = 64;
    who.groups.resize(static_cast<std::size_t>(count));
    if (::getgrouplist(account.pw_name, account.pw_gid, who.groups.data(), &count) < 0) {
        who.groups.resize(static_cast<std::size_t>(count));
        ::getgrouplist(account.pw_name, account.pw_gid, who.groups.data(), &count);
    }
    who.groups.resize(static_cast<std::size_t>(count));
    return who;
}

std::optional<identity> account_named(const char* name) {
    passwd account{};
    passwd* found = nullptr;
    std::vector<char> buffer(account_buffer);
    if (::getpwnam_r(name, &account, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
        return std::nullopt;
    return from_account(account);
}

identity account_of(uid_t uid, gid_t gid) {
    passwd account{};
    passwd* found = nullptr;
    std::vector<char> buffer(account_buffer);
    if (::getpwuid_r(uid, &account, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
        return from_account(account);
    return identity{uid, gid, {gid}, "uid " + std::to_string(uid), true};
}

bool may_pass(const struct stat& info, const identity& who) {
    if (who.uid == 0) return true;
    if (info.st_uid == who.uid) return (info.st_mode & S_IXUSR) != 0;
    const bool member = info.st_gid == who.gid ||
                        std::find(who.groups.begin(), who.groups.end(), info.st_gid) != who.groups.end();
    return (info.st_mode & (member ? S_IXGRP : S_IXOTH)) != 0;
}

} // namespace

identity own_identity() {
    identity who = account_of(::geteuid(), ::getegid());
    who.switches = false;
    return who;
}

result<identity> server_identity(const std::filesystem::path& data_dir) {
    if (::geteuid() != 0) return own_identity();
    struct stat info{};
    if (!data_dir.empty() && ::stat(data_dir.c_str(), &info) == 0 && info.st_uid != 0)
        return account_of(info.st_uid, info.st_gid);
    for (const char* name : {"postgres", "nobody"})
        if (auto who = account_named(name); who && who->uid != 0) return *std::move(who);
    return failure{errc::environment,
                   "PostgreSQL does not run as root, and this machine has neither an account `postgres` nor "
                   "`nobody` to run it under; create one (`useradd -r postgres`) or start as another user"};
}

int assume_identity(const identity& who) noexcept {
    if (!who.switches) return 0;
    if (::setgroups(who.groups.size(), who.groups.data()) != 0) return errno;
    if (::setresgid(who.gid, who.gid, who.gid) != 0) return errno;
    if (::setresuid(who.uid, who.uid, who.uid) != 0) return errno;
    return 0;
}

std::optional<std::filesystem::path> first_closed_parent(const std::filesystem::path& path,
                                                         const identity& who) {
    std::error_code ignored;
    const auto full = std::filesystem::weakly_canonical(std::filesystem::absolute(path, ignored), ignored);
    std::filesystem::path walked;
    for (const auto& part : full.parent_path()) {
        walked /= part;
        struct stat info{};
        if (::stat(walked.c_str(), &info) != 0) return std::nullopt; // from here on it is ours to create
        if (!may_pass(info, who)) return walked;
    }
    return std::nullopt;
}

failure give_to(const std::filesystem::path& path, const identity& who) {
    if (!who.switches || ::lchown(path.c_str(), who.uid, who.gid) == 0) return {};
    return system_failure("cannot give " + path.string() + " to " + who.name, errno);
}

} // namespace tusk::embedded::detail
