#include <cstdio>
#include <filesystem>

#include <sys/wait.h>

#include <boost/json/parse.hpp>

#include "support.hpp"

namespace connect_test {

using namespace talk_test;

class connect_protocol : public tusk::testing::database_test {
protected:
    void SetUp() override {
        database_test::SetUp();
        talk.emplace(url());
        ASSERT_TRUE(talk->becomes_ready());
    }
    void TearDown() override {
        talk.reset();
        database_test::TearDown();
    }
    tusk::http::client_response call(const std::string& procedure, const std::string& message) {
        return talk->ask("POST", "/talk.v1." + procedure, message, "Connect-Protocol-Version", "1");
    }
    void expect_error(const tusk::http::client_response& of, unsigned status, std::string_view code) {
        EXPECT_EQ(of.status(), status) << of.body();
        EXPECT_EQ(text_of(object_of(of), "code"), code) << of.body();
        EXPECT_EQ(of.headers().find("Content-Type"), "application/json");
    }
    std::optional<running_talk> talk;
};

TEST_F(connect_protocol, answers_messages_in_protobufs_json) {
    const auto made = call("UserService/CreateUser", R"({"email":"ann@example.org","name":"Ann"})");
    EXPECT_EQ(made.status(), 200u);
    const auto row = object_of(made);
    const auto id = text_of(row, "id");
    EXPECT_TRUE(row.contains("createdAt"));
    const auto started = call("ConversationService/StartConversation",
                              R"({"userId":")" + id + R"(","topic":"x","firstMessage":"y"})");
    EXPECT_EQ(text_of(object_of(started), "userId"), id);
    EXPECT_FALSE(object_of(started).contains("endedAt"));
    EXPECT_EQ(call("UserService/DeleteUser", R"({"id":")" + id + R"("})").body(), "{}");
}

TEST_F(connect_protocol, has_its_own_error_codes) {
    call("UserService/CreateUser", R"({"email":"ann@example.org","name":"Ann"})");
    expect_error(call("UserService/GetUser", R"({"id":"99"})"), 404, "not_found");
    expect_error(call("UserService/GetUser", R"({"id":"x"})"), 400, "invalid_argument");
    expect_error(call("UserService/GetUser", "{"), 400, "invalid_argument");
    expect_error(call("UserService/CreateUser", R"({"email":"ann@example.org","name":"B"})"), 409,
                 "already_exists");
    expect_error(call("UserService/Nothing", "{}"), 404, "unimplemented");
    expect_error(talk->ask("POST", "/talk.v1.UserService/GetUser", "{}", "Connect-Protocol-Version", "2"),
                 400, "invalid_argument");
    expect_error(talk->ask("POST", "/talk.v1.UserService/GetUser", "{}", "Connect-Timeout-Ms", "1e3"), 400,
                 "invalid_argument");
    expect_error(talk->ask("POST", "/talk.v1.UserService/GetUser", "{}", "Content-Encoding", "br"), 501,
                 "unimplemented");
    EXPECT_EQ(talk->ask("GET", "/talk.v1.UserService/GetUser").status(), 405u);
    EXPECT_EQ(talk->ask("POST", "/talk.v1.Nobody/GetUser", "{}").status(), 404u);
}

TEST_F(connect_protocol, keeps_the_clients_deadline) {
    call("UserService/CreateUser", R"({"email":"ann@example.org","name":"Ann"})");
    auto holder = connect();
    holder.script("begin; lock table users in access exclusive mode");
    expect_error(
        talk->ask("POST", "/talk.v1.UserService/GetUser", R"({"id":1})", "Connect-Timeout-Ms", "100"), 504,
        "deadline_exceeded");
    // The statement was cancelled on the server, too: nobody waits for the lock any more.
    EXPECT_TRUE(eventually(
        [&] { return holder.one<std::int64_t>("select count(*) from pg_locks where not granted") == 0; }));
    holder.script("rollback");
    EXPECT_EQ(call("UserService/GetUser", R"({"id":1})").status(), 200u);
}

/// Runs a command; its output and whether it ended with 0.
std::pair<std::string, int> run(const std::string& command) {
    std::string text;
    FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
    if (!pipe) return {"popen", -1};
    char buffer[4096];
    for (std::size_t n = 0; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) text.append(buffer, n);
    const int status = ::pclose(pipe);
    return {text, WIFEXITED(status) ? WEXITSTATUS(status) : -1};
}

TEST_F(connect_protocol, is_spoken_by_the_client_from_npm) {
    namespace fs = std::filesystem;
    if (run("node --version").second != 0) GTEST_SKIP() << "there is no node";
    const fs::path folder = fs::path{TALK_BUILD_DIR} / "connect_client";
    fs::create_directories(folder);
    for (const auto* name : {"package.json", "client.mjs"})
        fs::copy_file(fs::path{TALK_TEST_DIR} / "connect_client" / name, folder / name,
                      fs::copy_options::overwrite_existing);
    if (!fs::exists(folder / "node_modules/@connectrpc/connect-node")) {
        const auto [text, status] =
            run("cd '" + folder.string() + "' && npm install --no-audit --no-fund --ignore-scripts");
        if (status != 0) GTEST_SKIP() << "npm cannot install @connectrpc/connect: " << text;
    }
    const auto [text, status] = run("node '" + (folder / "client.mjs").string() + "' " + talk->url(""));
    EXPECT_EQ(status, 0) << text;
    EXPECT_NE(text.find("all of Connect works"), std::string::npos) << text;
}

} // namespace connect_test
