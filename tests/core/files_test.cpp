#include "alpha/core/files.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "alpha/core/error.h"

namespace alpha {
namespace {

namespace fs = std::filesystem;

class FilesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "alpha_files_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root = pattern;
  }

  void TearDown() override { fs::remove_all(root); }

  fs::path root;
};

TEST_F(FilesTest, ReadsARangeAndNoFurtherThanTheEnd) {
  write_file_atomic(root / "a", "0123456789");
  EXPECT_EQ(read_file_range(root / "a", 3, 4), "3456");
  EXPECT_EQ(read_file_range(root / "a", 8, 100), "89");
  EXPECT_EQ(read_file_range(root / "a", 10, 1), "");
  EXPECT_EQ(read_file_range(root / "a", 1'000'000, 1), "");
  EXPECT_EQ(read_file_range(root / "a", 0, 0), "");
}

TEST_F(FilesTest, ARangeOfAMissingFileAndOfAFolderIsAnError) {
  try {
    read_file_range(root / "none", 0, 1);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::not_found);
  }
  EXPECT_THROW(read_file_range(root, 0, 1), Error);
}

TEST_F(FilesTest, AReaderKeepsToTheFileThatItOpened) {
  write_file_atomic(root / "a", "old");
  const FileReader reader(root / "a");
  write_file_atomic(root / "a", "newer");
  EXPECT_EQ(reader.read(0, 10), "old");
  EXPECT_EQ(reader.status().size_bytes, 3U);
  EXPECT_NE(reader.status(), file_status(root / "a"));
}

TEST_F(FilesTest, TellsWhatStandsAtAPath) {
  write_file_atomic(root / "a", "abc");
  fs::create_symlink(root / "a", root / "link");
  EXPECT_EQ(file_status(root / "a").kind, FileKind::regular);
  EXPECT_EQ(file_status(root / "a").size_bytes, 3U);
  EXPECT_EQ(file_status(root / "link"), file_status(root / "a"));
  EXPECT_EQ(file_status(root / "link", Links::kept).kind, FileKind::link);
  EXPECT_EQ(file_status(root).kind, FileKind::folder);
  EXPECT_EQ(file_status(root / "none").kind, FileKind::none);
  EXPECT_EQ(file_status(root / "a" / "b").kind, FileKind::none);
}

TEST_F(FilesTest, TouchSetsTheTimeAndKeepsTheContent) {
  touch_file(root / "a", 1'700'000'000'123);
  EXPECT_EQ(file_status(root / "a").mtime_ns, 1'700'000'000'123'000'000);
  write_file_atomic(root / "b", "abc");
  touch_file(root / "b", 1000);
  EXPECT_EQ(file_status(root / "b").mtime_ns, 1'000'000'000);
  EXPECT_EQ(read_file(root / "b"), "abc");
}

TEST_F(FilesTest, WritesPiecesAndEndsTheFileBehindThem) {
  write_file_piece(root / "a", 0, "0123");
  write_file_piece(root / "a", 4, "4567");
  EXPECT_EQ(read_file(root / "a"), "01234567");
  write_file_piece(root / "a", 2, "xy");
  EXPECT_EQ(read_file(root / "a"), "01xy");
  write_file_piece(root / "a", 0, "");
  EXPECT_EQ(read_file(root / "a"), "");
  EXPECT_THROW(write_file_piece(root / "a", 1, "gap"), Error);
}

TEST_F(FilesTest, DoesNotWriteThroughALink) {
  write_file_atomic(root / "a", "abc");
  fs::create_symlink(root / "a", root / "link");
  EXPECT_THROW(write_file_piece(root / "link", 0, "x"), Error);
  EXPECT_THROW(touch_file(root / "link", 0), Error);
  EXPECT_EQ(read_file(root / "a"), "abc");
}

TEST_F(FilesTest, PublishesAFolderUnderANameThatIsFree) {
  write_file_atomic(root / "new" / "a", "abc");
  publish_directory(root / "new", root / "done");
  EXPECT_FALSE(fs::exists(root / "new"));
  EXPECT_EQ(read_file(root / "done" / "a"), "abc");
  write_file_atomic(root / "other" / "a", "xyz");
  EXPECT_THROW(publish_directory(root / "other", root / "done"), Error);
  EXPECT_EQ(read_file(root / "done" / "a"), "abc");
  EXPECT_EQ(read_file(root / "other" / "a"), "xyz");
}

TEST_F(FilesTest, ListsAFolder) {
  write_file_atomic(root / "a", "");
  make_directories(root / "b" / "c");
  std::vector<std::string> names = list_folder(root);
  std::ranges::sort(names);
  EXPECT_EQ(names, (std::vector<std::string>{"a", "b"}));
  EXPECT_THROW(list_folder(root / "none"), Error);
}

TEST_F(FilesTest, RemovesAFolderAndTheLinksInItButNotWhatTheyPointTo) {
  write_file_atomic(root / "kept" / "a", "abc");
  make_directories(root / "gone");
  fs::create_directory_symlink(root / "kept", root / "gone" / "link");
  remove_tree(root / "gone");
  remove_tree(root / "gone");
  EXPECT_FALSE(fs::exists(root / "gone"));
  EXPECT_EQ(read_file(root / "kept" / "a"), "abc");
}

TEST_F(FilesTest, AnAppenderCutsATornLineOff) {
  write_file_atomic(root / "a", "one\ntw");
  LineAppender(root / "a").append("two");
  EXPECT_EQ(read_file(root / "a"), "one\ntwo\n");
}

}  // namespace
}  // namespace alpha
