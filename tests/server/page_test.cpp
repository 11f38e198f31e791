#include "alpha/server/page.h"

#include "tests/server/support.h"
#include <zlib.h>

namespace alpha {
namespace {

using test::RunningService;

const std::string kText = "<!doctype html><title>a page</title>" + std::string(3000, '.');

std::string gzipped(const std::string& text) {
  z_stream stream = {};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string result(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  std::string input = text;
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  result.resize(stream.total_out);
  deflateEnd(&stream);
  return result;
}

/// What gzip notes of the unpacked content.
uLong checksum(std::string_view gzip) {
  uLong sum = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    sum |= uLong{static_cast<unsigned char>(gzip[gzip.size() - 8 + i])} << 8 * i;
  }
  return sum;
}

const std::string kGzip = gzipped(kText);

PageFile file() {
  return {.path = "/",
          .content_type = "text/html; charset=utf-8",
          .etag = "W/\"abc\"",
          .gzip = kGzip,
          .is_immutable = false};
}

http::Response answer(const http::Fields& headers, const PageFile& asked = file()) {
  return page_response(asked, {.method = "GET", .path = "/", .headers = headers});
}

std::string header(const http::Response& response, std::string_view name) {
  return std::string(http::find_header(response.headers, name).value_or("none"));
}

TEST(Page, IsGzipForThoseWhoTakeIt) {
  for (const char* accepted : {"gzip", "gzip, deflate, br", "br;q=1.0, GZIP ; q=0.2", "x-gzip", "*",
                               "identity;q=0.5, *;q=0.1", "deflate,gzip;q=0.001", ",gzip,"}) {
    const http::Response response = answer({{"accept-encoding", accepted}});
    EXPECT_EQ(header(response, "Content-Encoding"), "gzip") << accepted;
    EXPECT_EQ(response.body, kGzip) << accepted;
    EXPECT_EQ(header(response, "Vary"), "Accept-Encoding");
  }
}

TEST(Page, IsPlainForThoseWhoDoNot) {
  for (const char* accepted : {"", "identity", "br, deflate", "gzip;q=0", "gzip; q=0.000, *",
                               "*;q=0", "gzip;q=high", "gzipped", "gzip;q="}) {
    const http::Response response = answer({{"Accept-Encoding", accepted}});
    EXPECT_EQ(header(response, "Content-Encoding"), "none") << accepted;
    EXPECT_EQ(response.body, kText) << accepted;
    EXPECT_EQ(header(response, "Vary"), "Accept-Encoding");
  }
  EXPECT_EQ(answer({}).body, kText);
}

TEST(Page, TakesWhatIsAcceptedFromSeveralLines) {
  const http::Response response = answer({{"Accept-Encoding", "br"}, {"Accept-Encoding", "gzip"}});
  EXPECT_EQ(header(response, "Content-Encoding"), "gzip");
}

TEST(Page, IsNotSentAgainToThoseWhoHaveIt) {
  for (const char* tags : {"W/\"abc\"", "\"abc\"", "\"x\", W/\"abc\"", "\"x\" ,\"abc\"", "*"}) {
    const http::Response response = answer({{"If-None-Match", tags}, {"Accept-Encoding", "gzip"}});
    EXPECT_EQ(response.status, 304) << tags;
    EXPECT_EQ(response.body, "") << tags;
    EXPECT_EQ(header(response, "ETag"), "W/\"abc\"");
    EXPECT_EQ(header(response, "Content-Encoding"), "none");
    EXPECT_EQ(header(response, "Cache-Control"), "no-cache");
  }
  for (const char* tags : {"", "\"abcd\"", "abc", "W/\"x\", \"y\"", "\"abc"}) {
    EXPECT_EQ(answer({{"If-None-Match", tags}}).status, 200) << tags;
  }
}

TEST(Page, HashedFilesAreKeptForAYear) {
  PageFile hashed = file();
  hashed.is_immutable = true;
  EXPECT_EQ(header(answer({}, hashed), "Cache-Control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(header(answer({}), "Cache-Control"), "no-cache");
}

TEST(Page, MayLoadNothingFromElsewhere) {
  for (const int status : {200, 304}) {
    const http::Response response =
        answer({{"If-None-Match", status == 304 ? "\"abc\"" : "\"x\""}});
    ASSERT_EQ(response.status, status);
    const std::string policy = header(response, "Content-Security-Policy");
    EXPECT_TRUE(policy.starts_with("default-src 'none'; script-src 'self'; ")) << policy;
    EXPECT_EQ(policy.find("unsafe"), std::string::npos) << policy;
    EXPECT_EQ(policy.find("http"), std::string::npos) << policy;
    EXPECT_NE(policy.find("frame-ancestors 'none'"), std::string::npos) << policy;
    EXPECT_EQ(header(response, "X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(header(response, "Referrer-Policy"), "no-referrer");
    EXPECT_EQ(header(response, "Cross-Origin-Opener-Policy"), "same-origin");
  }
}

TEST(Page, ADamagedFileIsADefectOfOurs) {
  PageFile damaged = file();
  const std::string half = kGzip.substr(0, kGzip.size() / 2) + kGzip.substr(kGzip.size() - 4);
  damaged.gzip = half;
  EXPECT_THROW(answer({}, damaged), Error);
}

/// The files of this build, over HTTP; there are none in a build without the page.
class PageRoutes : public testing::Test {
 protected:
  PageRoutes() {
    settings.roots = {dir.path()};
    settings.api_keys = {{"alice", "secret-one"}};
  }

  static http::Response ask(const RunningService& server, const std::string& path,
                            const http::Fields& headers = {}, const std::string& method = "GET") {
    return server.client()->request(method, path, headers, "");
  }

  static bool has_page() { return !page_files().empty(); }

  test::TempDir dir;
  std::unique_ptr<Backend> backend = make_backend("cpu", 1);
  ServerSettings settings;
};

TEST_F(PageRoutes, NeedNoKey) {
  const RunningService server(*backend, settings);
  for (const char* path : {"/", "/index.html"}) {
    const http::Response page = ask(server, path);
    EXPECT_EQ(page.status, has_page() ? 200 : 404) << path;
    EXPECT_EQ(page.content_type,
              has_page() ? "text/html; charset=utf-8" : "text/plain; charset=utf-8");
    if (!has_page()) {
      EXPECT_NE(page.body.find("-DALPHA_WEB=OFF"), std::string::npos) << page.body;
    }
  }
  EXPECT_EQ(ask(server, "/v1/models").status, 401);
}

TEST_F(PageRoutes, GiveEachFileBothWays) {
  const RunningService server(*backend, settings);
  for (const PageFile& file : page_files()) {
    const std::string path(file.path);
    const http::Response packed = ask(server, path, {{"Accept-Encoding", "gzip"}});
    EXPECT_EQ(packed.status, 200) << path;
    EXPECT_EQ(packed.body, file.gzip) << path;
    EXPECT_EQ(packed.content_type, file.content_type) << path;
    const http::Response plain = ask(server, path);
    EXPECT_EQ(crc32(0, reinterpret_cast<const Bytef*>(plain.body.data()),
                    static_cast<uInt>(plain.body.size())),
              checksum(file.gzip))
        << path;
    EXPECT_EQ(ask(server, path, {{"If-None-Match", header(plain, "ETag")}}).status, 304) << path;
    const http::Response head = ask(server, path, {{"Accept-Encoding", "gzip"}}, "HEAD");
    EXPECT_EQ(head.status, 200) << path;
    EXPECT_EQ(head.body, "") << path;
    EXPECT_EQ(header(head, "ETag"), file.etag) << path;
    EXPECT_EQ(file.is_immutable, path.starts_with("/assets/")) << path;
  }
}

TEST_F(PageRoutes, NameEveryFileThatThePageAsksFor) {
  if (!has_page()) return;
  const RunningService server(*backend, settings);
  const std::string html = ask(server, "/").body;
  std::size_t n_files = 0;
  for (const char* attribute : {"src=\"", "href=\""}) {
    for (auto at = html.find(attribute); at != std::string::npos; at = html.find(attribute, at)) {
      at += std::string_view(attribute).size();
      const std::string path = html.substr(at, html.find('"', at) - at);
      EXPECT_EQ(ask(server, path).status, 200) << path;
      ++n_files;
    }
  }
  EXPECT_GE(n_files, 2U) << html;
}

TEST_F(PageRoutes, WhatIsNotThereIsRefusedAsElsewhere) {
  const RunningService server(*backend, settings);
  for (const char* path :
       {"/assets/other.js", "/assets/../index.html", "/assets/%2e%2e/", "/other", "/assets/"}) {
    const http::Response response = ask(server, path);
    EXPECT_EQ(response.status, 404) << path;
    EXPECT_EQ(Json::parse(response.body)["error"]["code"], "not_found") << path;
  }
  const http::Response post = ask(server, "/", {}, "POST");
  EXPECT_EQ(post.status, 405);
  EXPECT_EQ(header(post, "Allow"), "GET");
}

TEST_F(PageRoutes, AreForNamesOfThisServerAlone) {
  settings.http.address = "0.0.0.0";
  settings.allowed_hosts = {"alpha.example"};
  const RunningService server(*backend, settings);
  EXPECT_EQ(ask(server, "/").status, 403);
}

}  // namespace
}  // namespace alpha
