#include "alpha/core/hash.h"

#include <algorithm>
#include <cstddef>
#include <string>

#include <gtest/gtest.h>

namespace alpha {
namespace {

std::string text_of_size(std::size_t size) {
  std::string text(size, ' ');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 37 + i / 251);
  return text;
}

TEST(Hash, Fnv1aHasThePublishedValues) {
  EXPECT_EQ(fnv1a32(""), 0x811c9dc5U);
  EXPECT_EQ(fnv1a32("a"), 0xe40c292cU);
  EXPECT_EQ(fnv1a32("foobar"), 0xbf9cf968U);
}

TEST(Hash, Xxh3HasThePublishedValueOfNothing) {
  EXPECT_EQ(xxh3(""), 0x2d06800538d394c2U);
}

TEST(Hash, HexHasSixteenDigits) {
  EXPECT_EQ(hex64(0xabcU), "0000000000000abc");
}

TEST(Hash, AStreamOfPiecesHasTheDigestOfTheWhole) {
  for (const std::size_t size : {0U, 1U, 240U, 241U, 1024U, 5000U}) {
    const std::string text = text_of_size(size);
    const auto bytes = std::as_bytes(std::span(text));
    for (const std::size_t piece : {1U, 7U, 256U, 4096U}) {
      Xxh3Stream stream;
      for (std::size_t at = 0; at < size; at += piece) {
        stream.update(bytes.subspan(at, std::min(piece, size - at)));
      }
      EXPECT_EQ(stream.digest(), xxh3(text)) << size << " bytes in pieces of " << piece;
    }
  }
}

TEST(Hash, AStreamGoesOnAfterItsDigestWasTaken) {
  const std::string text = text_of_size(600);
  const auto bytes = std::as_bytes(std::span(text));
  Xxh3Stream stream;
  stream.update(bytes.first(300));
  EXPECT_EQ(stream.digest(), xxh3(bytes.first(300)));
  stream.update(bytes.subspan(300));
  EXPECT_EQ(stream.digest(), xxh3(text));
}

}  // namespace
}  // namespace alpha
