#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <tusk/embedded/server.hpp>

#include "both.hpp"

namespace client_test {

/// A server with passwords and TLS on TCP, made once for the process.
class secured_server {
public:
    static secured_server& instance() {
        static secured_server s;
        return s;
    }
    std::string url(const std::string& user, const std::string& password, const std::string& parameters = "",
                    const std::string& host = "127.0.0.1") const {
        return "postgres://" + user + ":" + password + "@" + host + ":" + std::to_string(server_->port()) +
               "/postgres?" + parameters;
    }
    int major() const { return server_->binaries().major; }
    std::string ca() const { return (directory_ / "ca.crt").string(); }
    std::string other_ca() const { return (directory_ / "other.crt").string(); }

private:
    secured_server() {
        directory_ = std::filesystem::temp_directory_path() / ("tusk-tls-" + std::to_string(::getpid()));
        std::filesystem::create_directories(directory_);
        const auto path = [&](const char* name) { return (directory_ / name).string(); };
        const auto make_ca = [&](const std::string& name) {
            shell("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=tusk test CA' -keyout " +
                  path((name + ".key").c_str()) + " -out " + path((name + ".crt").c_str()));
        };
        make_ca("ca");
        make_ca("other");
        std::ofstream{path("san.cnf")} << "subjectAltName=DNS:localhost\n";
        shell("openssl req -newkey rsa:2048 -nodes -subj '/CN=localhost' -keyout " + path("server.key") +
              " -out " + path("server.csr"));
        shell("openssl x509 -req -in " + path("server.csr") + " -CA " + path("ca.crt") + " -CAkey " +
              path("ca.key") + " -CAcreateserial -days 2 -extfile " + path("san.cnf") + " -out " +
              path("server.crt"));
        auto started = tusk::embedded::server::start(tusk::embedded::server_options{}.listen_tcp());
        server_ = std::make_unique<tusk::embedded::server>(std::move(started.value()));
        const auto data = server_->data_dir();
        for (const char* name : {"server.key", "server.crt"}) {
            std::filesystem::copy_file(path(name), data / name);
            struct stat owner{};
            ASSERT_OR_THROW(::stat(data.c_str(), &owner) == 0);
            ASSERT_OR_THROW(::chown((data / name).c_str(), owner.st_uid, owner.st_gid) == 0);
            ::chmod((data / name).c_str(), 0600);
        }
        auto admin = tusk::blocking::connection::open(server_->url());
        admin.script(
            "set password_encryption = 'scram-sha-256'; create role scram_user login password 'pässword "
            "ünicode'; set password_encryption = 'md5'; "
            "create role md5_user login password 'md5 secret'; create role plain_user login password 'plain "
            "secret'");
        std::ofstream{data / "pg_hba.conf"} << "local all all trust\n"
                                               "host all plain_user 127.0.0.1/32 password\n"
                                               "host all md5_user 127.0.0.1/32 md5\n"
                                               "host all scram_user 127.0.0.1/32 scram-sha-256\n"
                                               "host all trusted 127.0.0.1/32 trust\n"
                                               "hostssl all tls_only 127.0.0.1/32 trust\n";
        admin.script("create role trusted login; create role tls_only login");
        admin.exec("alter system set ssl = on");
        admin.one<bool>("select pg_reload_conf()");
        admin.close();
        server_->restart().value();
    }
    ~secured_server() { std::filesystem::remove_all(directory_); }
    static void ASSERT_OR_THROW(bool ok) {
        if (!ok) throw std::runtime_error{"setting up the server failed"};
    }
    static void shell(const std::string& command) {
        ASSERT_OR_THROW(std::system((command + " >/dev/null 2>&1").c_str()) == 0);
    }

    std::filesystem::path directory_;
    std::unique_ptr<tusk::embedded::server> server_;
};

} // namespace client_test
