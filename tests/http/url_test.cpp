#include <string>

#include <gtest/gtest.h>

#include "alpha/core/error.h"
#include "alpha/http/client.h"

namespace alpha::http {
namespace {

/// The message of what `parse_url` throws.
std::string problem_of(std::string_view text) {
  try {
    parse_url(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    return error.what();
  }
  return "none";
}

TEST(UrlTest, ThePartsOfAUrl) {
  const Url url = parse_url("http://example.org:8080/prefix/");
  EXPECT_EQ(url.host, "example.org");
  EXPECT_EQ(url.port, "8080");
  EXPECT_EQ(url.path, "/prefix");
  EXPECT_FALSE(url.is_tls);
}

TEST(UrlTest, ThePortIsThatOfTheScheme) {
  EXPECT_EQ(parse_url("http://a").port, "80");
  EXPECT_EQ(parse_url("HTTPS://a/").port, "443");
  EXPECT_TRUE(parse_url("HTTPS://a/").is_tls);
  EXPECT_EQ(parse_url("https://a/").path, "");
}

TEST(UrlTest, AnIpv6AddressStandsInBrackets) {
  const Url url = parse_url("http://[::1]:81/x");
  EXPECT_EQ(url.host, "::1");
  EXPECT_EQ(url.port, "81");
  EXPECT_EQ(parse_url("http://[::1]").port, "80");
}

TEST(UrlTest, WhatIsWrongIsNamed) {
  const std::string url = "[http] the URL '";
  EXPECT_EQ(problem_of("example.org"),
            url + "example.org' has no scheme: expected http:// or https:// before it");
  EXPECT_EQ(problem_of("ftp://a"), url + "ftp://a' has the scheme 'ftp', expected http or https");
  EXPECT_EQ(problem_of("http://"), url + "http://' has no host");
  EXPECT_EQ(problem_of("http://:80"), url + "http://:80' has no host");
  EXPECT_EQ(problem_of("http://[::1"), url + "http://[::1' has a '[' without its ']'");
  EXPECT_EQ(problem_of("http://a?b"), url + "http://a?b' has a query or a fragment, expected none");
  EXPECT_EQ(problem_of("http://a b"), url + "http://a b' has a space or a control character");
  for (const char* port : {"0", "65536", "x", "", "1x", "-1"}) {
    const std::string text = std::string("http://a:") + port;
    EXPECT_EQ(problem_of(text), url + text + "' has the port '" + port + "', expected 1 to 65535");
  }
  EXPECT_EQ(problem_of("http://me:secret@a"),
            "[http] a URL has a user or password before the host, expected none");
}

}  // namespace
}  // namespace alpha::http
