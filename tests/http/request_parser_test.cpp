#include "alpha/http/request_parser.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace alpha::http {
namespace {

constexpr std::string_view kPlain =
    "POST /a%20b?c=d HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nX: y\r\n\r\nhello";
constexpr std::string_view kChunked =
    "POST /a%20b?c=d HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    "3\r\nhel\r\n2;ext=\"1\"\r\nlo\r\n0\r\nTrailer: t\r\n\r\n";

/// Feeds `bytes` as the connection does: what is not used comes again, with more. Returns the bytes
/// that are left over.
std::string feed(RequestParser& parser, std::string unused, std::string_view bytes) {
  unused += bytes;
  if (parser.is_done() || parser.refusal()) return unused;
  unused.erase(0, parser.put(unused));
  return unused;
}

TEST(RequestParserTest, WhereTheBytesAreCutDoesNotMatter) {
  for (const std::string_view whole : {kPlain, kChunked}) {
    for (std::size_t a = 0; a <= whole.size(); ++a) {
      for (std::size_t b = a; b <= whole.size(); ++b) {
        RequestParser parser({});
        std::string unused;
        for (const auto& piece : {whole.substr(0, a), whole.substr(a, b - a), whole.substr(b)}) {
          unused = feed(parser, unused, piece);
        }
        ASSERT_TRUE(parser.is_done()) << a << " " << b;
        ASSERT_EQ(unused, "");
        const Request request = parser.take();
        ASSERT_EQ(request.path, "/a b");
        ASSERT_EQ(request.body, "hello");
      }
    }
  }
}

TEST(RequestParserTest, TheHostOfATargetOverrulesTheHeader) {
  for (const auto& [target, host] : std::vector<std::pair<std::string, std::string>>{
           {"http://other.example/path?q", "other.example"},
           {"http://other.example:81", "other.example:81"},
           {"/path?u=http://other.example/", "here"}}) {
    RequestParser parser({});
    feed(parser, "", "GET " + target + " HTTP/1.1\r\nHost: here\r\n\r\n");
    ASSERT_TRUE(parser.is_done()) << target;
    EXPECT_EQ(find_header(parser.take().headers, "Host"), host) << target;
  }
}

TEST(RequestParserTest, WhatFollowsARequestIsLeft) {
  for (const std::string_view whole : {kPlain, kChunked}) {
    RequestParser parser({});
    EXPECT_EQ(feed(parser, "", std::string(whole) + "GET /next"), "GET /next");
    EXPECT_TRUE(parser.is_done());
  }
}

TEST(RequestParserTest, WhatIsLeftOutBeforeTheEndIsNeverLarge) {
  RequestParser parser({.max_header_bytes = 1000});
  std::string unused;
  for (int i = 0; i < 5000 && !parser.refusal(); ++i) unused = feed(parser, unused, "\r\nA");
  ASSERT_TRUE(parser.refusal());
  EXPECT_LT(unused.size(), 1100u);
}

TEST(RequestParserTest, TheBodyLimitIsTheLastSizeThatIsTaken) {
  RequestParser allowed({.max_body_bytes = 5});
  feed(allowed, "", kPlain);
  EXPECT_TRUE(allowed.is_done());
  RequestParser refused({.max_body_bytes = 4});
  feed(refused, "", kPlain);
  EXPECT_FALSE(refused.is_done());
  EXPECT_EQ(refused.refusal().value().status, 413);
  EXPECT_EQ(refused.refusal().value().message, "the body has 5 bytes, expected at most 4");
}

}  // namespace
}  // namespace alpha::http
