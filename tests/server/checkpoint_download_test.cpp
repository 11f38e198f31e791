#include <cstdlib>

#include "tests/http/raw_client.h"
#include "tests/server/support.h"

namespace alpha {
namespace {

namespace fs = std::filesystem;

using http::test::RawClient;
using test::RunningService;

constexpr const char* kPath = "/api/runs/toy/checkpoints/3/download";

/// More than the network takes from a server whose client does not read.
constexpr std::size_t kLargeBytes = std::size_t{48} << 20U;

class CheckpointDownload : public testing::Test {
 protected:
  CheckpointDownload() {
    test::write_checkpoint(*backend, dir.path() / "toy", 3, 1);
    settings.roots = {dir.path()};
    settings.rescan_ms = 50;
    settings.on_problem = [this](std::string_view text) { problems += std::string(text) + "\n"; };
  }

  /// A file that makes a download take until its client has read it.
  std::string add_large_file() const {
    std::string content;
    content.reserve(kLargeBytes);
    for (std::uint64_t i = 0; content.size() < kLargeBytes; ++i) content += std::to_string(i * i);
    write_file_atomic(checkpoint / "large.bin", content);
    return content;
  }

  static std::string request(std::string_view method, std::string_view version = "1.1") {
    return fmt::format("{} {} HTTP/{}\r\nHost: localhost\r\n\r\n", method, kPath, version);
  }

  static std::string header(const http::Response& response, std::string_view name) {
    return std::string(http::find_header(response.headers, name).value_or(""));
  }

  /// The files of a checkpoint in an archive, by the system's tar.
  std::map<std::string, std::string> unpacked(const std::string& archive,
                                              const std::string& folder) const {
    write_file_atomic(dir.path() / ".out" / "a.tar", archive);
    const std::string out = (dir.path() / ".out").string();
    const std::string command = fmt::format("tar -xf '{}/a.tar' -C '{}'", out, out);
    EXPECT_EQ(std::system(command.c_str()), 0) << command;  // NOLINT(concurrency-mt-unsafe)
    return files_of(dir.path() / ".out" / folder);
  }

  static std::map<std::string, std::string> files_of(const fs::path& folder) {
    std::map<std::string, std::string> files;
    for (const std::string& name : list_folder(folder)) files[name] = read_file(folder / name);
    return files;
  }

  /// Files of the checkpoint that this process has open.
  std::size_t n_open() const {
    std::size_t n = 0;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
      const std::string target = fs::read_symlink(entry.path(), error).string();
      if (!error && target.starts_with(checkpoint.string())) ++n;
    }
    return n;
  }

  void expect_nothing_open() const {
    const SystemClock clock;
    const double until = clock.seconds() + 10;
    while (n_open() > 0 && clock.seconds() < until) std::this_thread::yield();
    EXPECT_EQ(n_open(), 0U);
  }

  /// The next one is begun.
  static void expect_answered(const RunningService& server) {
    RawClient client(server.port());
    client.send(request("HEAD"));
    EXPECT_EQ(client.read_to("\r\n"), "HTTP/1.1 200 OK\r\n");
  }

  test::TempDir dir;
  const fs::path checkpoint = dir.path() / "toy" / "checkpoint-3";
  std::unique_ptr<Backend> backend = make_backend("cpu", 1);
  ServerSettings settings;
  std::string problems;
};

TEST_F(CheckpointDownload, TheFilesComeAsTheyAre) {
  const RunningService server(*backend, settings);
  const http::Response response = server.get(kPath);
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(response.content_type, "application/x-tar");
  EXPECT_EQ(header(response, "Content-Disposition"), "attachment; filename=\"toy-step3.tar\"");
  const auto files = files_of(checkpoint);
  EXPECT_GE(files.size(), 4U);
  EXPECT_EQ(unpacked(response.body, "checkpoint-3"), files);
  expect_nothing_open();
}

TEST_F(CheckpointDownload, TheLengthIsSaidBefore) {
  const RunningService server(*backend, settings);
  const std::size_t n_bytes = server.get(kPath).body.size();
  RawClient client(server.port());
  client.send(request("HEAD"));
  const std::string head = client.read_to("\r\n\r\n");
  EXPECT_TRUE(head.starts_with("HTTP/1.1 200 OK\r\n")) << head;
  EXPECT_NE(head.find(fmt::format("\r\nContent-Length: {}\r\n", n_bytes)), std::string::npos);
  client.send(request("GET"));
  EXPECT_EQ(client.read_answer().size() - head.size(), n_bytes);
  client.send(request("GET", "1.0"));
  const std::string old = client.read_all();
  EXPECT_NE(old.find(fmt::format("\r\nContent-Length: {}\r\n", n_bytes)), std::string::npos);
  EXPECT_EQ(old.size() - old.find("\r\n\r\n") - 4, n_bytes);
  expect_nothing_open();
}

TEST_F(CheckpointDownload, WhatIsNotThereIsNotFound) {
  const RunningService server(*backend, settings);
  for (const char* path :
       {"/api/runs/none/checkpoints/3/download", "/api/runs/toy/checkpoints/4/download",
        "/api/runs/toy/checkpoints/3x/download", "/api/runs/toy/checkpoints/-3/download",
        "/api/runs/..%2ftoy/checkpoints/3/download", "/api/runs/toy/checkpoints/%2e%2e/download"}) {
    const http::Response response = server.get(path);
    EXPECT_EQ(response.status, 404) << path;
    EXPECT_TRUE(Json::parse(response.body)["error"].is_string()) << response.body;
  }
  fs::remove_all(checkpoint);  // it has not been noticed yet, or it has
  const http::Response gone = server.get(kPath);
  EXPECT_EQ(gone.status, 404);
  EXPECT_EQ(gone.body.find(dir.path().string()), std::string::npos) << gone.body;
}

TEST_F(CheckpointDownload, PagesOfOtherOriginsStartNone) {
  settings.api_keys = {{"alice", "secret-one"}};
  const RunningService server(*backend, settings);
  const auto status = [&](const http::Fields& headers) {
    return server.client()->request("GET", kPath, headers, "").status;
  };
  EXPECT_EQ(status({{"Authorization", "Bearer secret-one"}}), 200);
  EXPECT_EQ(status({}), 401);
  EXPECT_EQ(status({{"Authorization", "Bearer secret-one"}, {"Sec-Fetch-Site", "cross-site"}}),
            403);
}

TEST_F(CheckpointDownload, NamesOfAllKindsAreTold) {
  const std::vector<std::array<std::string, 3>> names = {
      {"my run", "my%20run", "attachment; filename=\"my run-step3.tar\""},
      {"a\"b\\c", "a%22b%5Cc",
       "attachment; filename=\"a_b_c-step3.tar\"; filename*=UTF-8''a%22b%5Cc-step3.tar"},
      {"na\xc3\xafve\xf0\x9f\x8e\xad", "na%C3%AFve%F0%9F%8E%AD",
       "attachment; filename=\"na__ve____-step3.tar\"; "
       "filename*=UTF-8''na%C3%AFve%F0%9F%8E%AD-step3.tar"},
      {"line\nend", "line%0Aend",
       "attachment; filename=\"line_end-step3.tar\"; filename*=UTF-8''line%0Aend-step3.tar"},
      {"broken\xff", "broken%FF", "attachment; filename=\"broken_-step3.tar\""}};
  for (const auto& [name, path, disposition] : names) {
    fs::copy(dir.path() / "toy", dir.path() / name, fs::copy_options::recursive);
  }
  const RunningService server(*backend, settings);
  for (const auto& [name, path, disposition] : names) {
    const auto response = server.get("/api/runs/" + path + "/checkpoints/3/download");
    EXPECT_EQ(response.status, 200) << path;
    EXPECT_EQ(header(response, "Content-Disposition"), disposition);
  }
}

TEST_F(CheckpointDownload, ACheckpointThatStandsAloneHasItsStepsFolder) {
  fs::copy(checkpoint, dir.path() / "alone");
  const RunningService server(*backend, settings);
  const http::Response response = server.get("/api/runs/alone/checkpoints/3/download");
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(unpacked(response.body, "checkpoint-3"), files_of(checkpoint));
}

TEST_F(CheckpointDownload, AClientThatLeavesFreesEverything) {
  add_large_file();
  const RunningService server(*backend, settings);
  for (int i = 0; i < 40; ++i) {  // more than may go on at the same time
    RawClient client(server.port(), 4096);
    client.send(request("GET"));
    client.read_bytes(2000);
    if (i % 2 == 0) client.reset();
    client.close();
    while (i % 8 == 7 && n_open() > 0) std::this_thread::yield();
  }
  expect_nothing_open();
  expect_answered(server);
}

TEST_F(CheckpointDownload, AClientThatStallsIsClosed) {
  add_large_file();
  settings.http.write_timeout_ms = 200;
  const RunningService server(*backend, settings);
  RawClient client(server.port(), 4096);
  client.send(request("GET"));
  client.read_bytes(2000);
  expect_nothing_open();
}

TEST_F(CheckpointDownload, ManyAtOnceDoNotKeepOthersWaitingAndAreBounded) {
  add_large_file();
  const RunningService server(*backend, settings);
  std::vector<RawClient> clients;
  for (int i = 0; i < 16; ++i) {
    clients.emplace_back(server.port(), 4096);
    clients.back().send(request("GET"));
    EXPECT_TRUE(clients.back().read_to("\r\n").starts_with("HTTP/1.1 200 "));
  }
  EXPECT_EQ(server.get("/api/runs/toy/metrics").status, 200);
  const http::Response refused = server.get(kPath);
  EXPECT_EQ(refused.status, 429);
  EXPECT_NE(header(refused, "Retry-After"), "");
  for (RawClient& client : clients) client.close();
  expect_nothing_open();
  expect_answered(server);
}

TEST_F(CheckpointDownload, ACheckpointThatIsDeletedOrReplacedMeanwhileComesWhole) {
  add_large_file();
  const auto files = files_of(checkpoint);
  const RunningService server(*backend, settings);
  RawClient client(server.port(), 4096);
  client.send(request("GET"));
  client.read_to("\r\nContent-Length: ");
  const std::size_t n_bytes = std::stoul(client.read_to("\r\n"));
  client.read_to("\r\n\r\n");
  fs::remove_all(checkpoint);
  test::write_checkpoint(*backend, dir.path() / "toy", 3, 2);
  EXPECT_EQ(unpacked(client.read_bytes(n_bytes), "checkpoint-3"), files);
}

TEST_F(CheckpointDownload, AFileThatBecomesShorterCutsTheAnswerOff) {
  add_large_file();
  {
    const RunningService server(*backend, settings);
    RawClient client(server.port(), 4096);
    client.send(request("GET"));
    client.read_to("\r\nContent-Length: ");
    const std::size_t n_bytes = std::stoul(client.read_to("\r\n"));
    client.read_to("\r\n\r\n");
    fs::resize_file(checkpoint / "large.bin", kLargeBytes / 2);
    EXPECT_LT(client.read_all().size(), n_bytes);
    expect_nothing_open();
  }
  EXPECT_NE(problems.find("a file ends after"), std::string::npos) << problems;
}

}  // namespace
}  // namespace alpha
