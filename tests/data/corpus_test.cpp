#include "alpha/data/corpus.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <unistd.h>

#include "alpha/core/error.h"

namespace alpha {
namespace {

class CorpusFile : public testing::Test {
 protected:
  CorpusFile() {
    std::string pattern = (std::filesystem::temp_directory_path() / "alpha_corpus_XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }

  ~CorpusFile() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path write(std::string_view content) const {
    const auto path = folder_ / "text.txt";
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

  static Error error_of(const std::filesystem::path& path) {
    try {
      read_text(path);
    } catch (const Error& error) {
      return error;
    }
    return {ErrorCode::internal, "nothing was thrown"};
  }

  std::filesystem::path folder_;
};

bool mentions(const Error& error, std::string_view text) {
  return std::string_view(error.what()).find(text) != std::string_view::npos;
}

TEST_F(CorpusFile, IsReadUnchanged) {
  EXPECT_EQ(read_text(write("first\r\nsecond \xC3\xA9\n")), "first\r\nsecond \xC3\xA9\n");
}

TEST_F(CorpusFile, LosesItsByteOrderMark) {
  EXPECT_EQ(read_text(write("\xEF\xBB\xBFtext")), "text");
}

TEST_F(CorpusFile, IsRefusedWhenEmpty) {
  for (const std::string_view content : {"", "\xEF\xBB\xBF"}) {
    const Error error = error_of(write(content));
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_TRUE(mentions(error, "is empty")) << error.what();
  }
}

TEST_F(CorpusFile, IsRefusedWithTheOffsetOfAZeroByte) {
  const Error error = error_of(write(std::string_view("abc\0def", 7)));
  EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
  EXPECT_TRUE(mentions(error, "zero byte 0x00 at byte 3")) << error.what();
}

TEST_F(CorpusFile, IsRefusedWithTheOffsetOfInvalidUtf8) {
  const Error invalid = error_of(write("\xEF\xBB\xBF\xC3\xA9\xFFz"));
  EXPECT_TRUE(mentions(invalid, "invalid byte 0xFF at byte 5")) << invalid.what();
  const Error truncated = error_of(write("ab\xE2\x82"));
  EXPECT_TRUE(mentions(truncated, "at byte 2")) << truncated.what();
}

TEST_F(CorpusFile, IsRefusedWithAWordOnUtf16) {
  const Error error = error_of(write(std::string_view("\xFF\xFEh\0i\0", 6)));
  EXPECT_TRUE(mentions(error, "UTF-16")) << error.what();
}

TEST_F(CorpusFile, IsReportedWhenMissingOrAFolder) {
  const Error missing = error_of(folder_ / "nothing.txt");
  EXPECT_EQ(missing.code(), ErrorCode::not_found);
  EXPECT_TRUE(mentions(missing, "nothing.txt")) << missing.what();
  const Error folder = error_of(folder_);
  EXPECT_EQ(folder.code(), ErrorCode::io);
  EXPECT_TRUE(mentions(folder, "directory")) << folder.what();
}

TEST(SplitText, CutsAtNineTenthsOfTheCharacters) {
  const std::string text(1'115'394, 'x');
  const Split split = split_text(text);
  EXPECT_EQ(split.train.size(), 1'003'854U);
  EXPECT_EQ(split.validation.size(), 111'540U);
}

TEST(SplitText, CountsCodePointsAndNeverCutsInsideOne) {
  const std::string_view text = "\xF0\x9F\x98\x80\xC3\xA9z\xE2\x82\xAC";  // 4 characters
  const Split split = split_text(text, 0.5);
  EXPECT_EQ(split.train, "\xF0\x9F\x98\x80\xC3\xA9");
  EXPECT_EQ(split.validation, "z\xE2\x82\xAC");
}

TEST(SplitText, GivesEverythingToTrainForAFractionOfZero) {
  const Split split = split_text("abc", 0);
  EXPECT_EQ(split.train, "abc");
  EXPECT_TRUE(split.validation.empty());
}

TEST(SplitText, RefusesAFractionOutsideZeroToOne) {
  EXPECT_THROW(split_text("abc", 1), Error);
  EXPECT_THROW(split_text("abc", -0.1), Error);
  EXPECT_THROW(split_text("abc", std::nan("")), Error);
}

}  // namespace
}  // namespace alpha
