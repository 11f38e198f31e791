#include "alpha/server/tar_archive.h"

#include <algorithm>
#include <cstdlib>

#include "tests/server/support.h"

namespace alpha {
namespace {

namespace fs = std::filesystem;

std::string read_all(TarArchive& archive, std::size_t piece_bytes) {
  std::string all;
  for (std::string piece; !(piece = archive.read(piece_bytes)).empty();) all += piece;
  return all;
}

/// Archives are taken apart by the system's tar.
class TarArchiveTest : public testing::Test {
 protected:
  TarArchiveTest() { make_directories(folder); }

  void write(const std::string& name, std::string_view content) const {
    write_file_atomic(folder / name, content);
  }

  /// What `tar` says to the archive, or what it makes of it under `out`.
  std::string run_tar(const std::string& flags, const std::string& archive) const {
    write_file_atomic(dir.path() / "a.tar", archive);
    make_directories(dir.path() / "out");
    const std::string command = fmt::format("cd '{}' && LC_ALL=C tar {} a.tar -C out > listed 2>&1",
                                            dir.path().string(), flags);
    EXPECT_EQ(std::system(command.c_str()), 0) << command;  // NOLINT(concurrency-mt-unsafe)
    return read_file(dir.path() / "listed");
  }

  test::TempDir dir;
  const fs::path folder = dir.path() / "folder";
};

TEST_F(TarArchiveTest, FilesComeOutAsTheyWere) {
  const std::string long_name = std::string(180, 'n') + ".bin";
  const std::string utf8_name = "g\xc3\xbcte 'quoted'.json";
  std::string large;
  for (int i = 0; large.size() < 700'000; ++i) large += std::to_string(i);
  const std::vector<std::pair<std::string, std::string>> files = {{"empty", ""},
                                                                  {"block", std::string(512, 'b')},
                                                                  {"large.bin", large},
                                                                  {long_name, "a long"},
                                                                  {utf8_name, "an odd name"}};
  for (const auto& [name, content] : files) write(name, content);
  for (const std::size_t piece_bytes : {std::size_t{7'919}, std::size_t{1} << 20U}) {
    TarArchive archive(folder, "checkpoint-7");
    const std::string bytes = read_all(archive, piece_bytes);
    EXPECT_EQ(bytes.size(), archive.size_bytes());
    EXPECT_EQ(bytes.size() % 512, 0U);
    EXPECT_EQ(run_tar("-xf", bytes), "");
    for (const auto& [name, content] : files) {
      EXPECT_EQ(read_file(dir.path() / "out" / "checkpoint-7" / name), content) << name;
    }
    fs::remove_all(dir.path() / "out");
  }
}

TEST_F(TarArchiveTest, TimesAndModesAreListed) {
  write("a", "content");
  touch_file(folder / "a", 1'700'000'000'000);
  TarArchive archive(folder, "c");
  const std::string listed = run_tar("--utc -tvf", read_all(archive, 100'000));
  EXPECT_EQ(listed, "-rw-r--r-- 0/0               7 2023-11-14 22:13 c/a\n");
}

TEST_F(TarArchiveTest, AFileOfMoreThanEightGigabytesHasItsSize) {
  constexpr std::uint64_t kSize = (std::uint64_t{9} << 30U) + 1;
  write("huge", "");
  fs::resize_file(folder / "huge", kSize);  // a hole
  TarArchive archive(folder, "c");
  EXPECT_EQ(archive.size_bytes(), 3 * 512 + (std::uint64_t{9} << 30U) + 512 + 1024);
  const std::string head = archive.read(1536);
  EXPECT_NE(head.find("19 size=9663676417\n"), std::string::npos);
}

TEST_F(TarArchiveTest, FoldersWithinAreLeftOutAndLinksRefused) {
  write("a", "content");
  write("within/b", "content");
  TarArchive archive(folder, "c");
  EXPECT_EQ(run_tar("-tf", read_all(archive, 100'000)), "c/a\n");
  fs::create_symlink("/etc/passwd", folder / "link");
  try {
    TarArchive(folder, "c");
    FAIL() << "a link is no file";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_STREQ(error.what(), "'link' is a link, and a link is not part of an archive");
  }
  EXPECT_THROW(TarArchive(dir.path() / "none", "c"), Error);
}

TEST_F(TarArchiveTest, WhatHappensToTheFolderLaterIsNotSeen) {
  write("a", std::string(100'000, 'a'));
  write("b", std::string(100'000, 'b'));
  TarArchive before(folder, "c");
  const std::string expected = read_all(before, 1'000);
  TarArchive archive(folder, "c");
  std::string bytes = archive.read(700);
  write("b", std::string(90'000, 'x'));
  fs::remove_all(folder);
  bytes += read_all(archive, 10'000);
  EXPECT_EQ(bytes, expected);
}

TEST_F(TarArchiveTest, AFileThatBecomesShorterIsAnError) {
  write("a", std::string(100'000, 'a'));
  TarArchive archive(folder, "c");
  archive.read(1'000);
  fs::resize_file(folder / "a", 50'000);
  EXPECT_THROW(read_all(archive, 10'000), Error);
}

}  // namespace
}  // namespace alpha
