#include "alpha/server/page.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include <fmt/format.h>
#include <zlib.h>

#include "alpha/core/error.h"
#include "alpha/http/ascii.h"

namespace alpha {

namespace {

/// Everything comes from this server, and no other site may show the page within its own.
constexpr std::string_view kContentPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// What stands before `separator`, which is taken off `text` with it.
std::string_view take_part(std::string_view& text, char separator) {
  const auto end = std::min(text.find(separator), text.size());
  const std::string_view part = trimmed(text.substr(0, end));
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

/// `q=0.5`: whether it is above zero. What is no number is none.
bool is_wanted(std::string_view weight) {
  return weight.find_first_not_of("0123456789.") == std::string_view::npos &&
         weight.find_first_of("123456789") != std::string_view::npos;
}

/// Headers of a list may come in several lines.
std::string list_header(const http::Fields& headers, std::string_view name) {
  std::string all;
  for (const auto& [field, value] : headers) {
    if (http::is_same_word(field, name)) all += (all.empty() ? "" : ", ") + value;
  }
  return all;
}

std::string unzipped(std::string_view gzip) {
  constexpr std::size_t kTail = 4;  // the size, lowest byte first
  ALPHA_CHECK(gzip.size() > kTail, fmt::format("[page] {} bytes are no gzip", gzip.size()));
  std::uint32_t size = 0;
  for (std::size_t i = 0; i < kTail; ++i) {
    size |= std::uint32_t{static_cast<unsigned char>(gzip[gzip.size() - kTail + i])} << 8 * i;
  }
  std::string text(size, '\0');
  z_stream stream = {};
  // zlib's types are older than const; what is to be read is not written to.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(gzip.data()));
  stream.avail_in = static_cast<uInt>(gzip.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = size;
  constexpr int kGzipAlone = 16 + MAX_WBITS;
  ALPHA_CHECK(inflateInit2(&stream, kGzipAlone) == Z_OK, "[page] zlib does not start");
  const int result = inflate(&stream, Z_FINISH);
  inflateEnd(&stream);
  ALPHA_CHECK(result == Z_STREAM_END,
              fmt::format("[page] a file does not unzip: zlib says {}", result));
  return text;
}

}  // namespace

bool is_accepting_gzip(std::string_view accept_encoding) {
  std::optional<bool> gzip;
  bool rest = false;
  while (!accept_encoding.empty()) {
    std::string_view item = take_part(accept_encoding, ',');
    const std::string_view coding = take_part(item, ';');
    bool is_taken = true;
    while (!item.empty()) {
      std::string_view value = take_part(item, ';');
      if (http::is_same_word(take_part(value, '='), "q")) is_taken = is_wanted(trimmed(value));
    }
    if (http::is_same_word(coding, "gzip") || http::is_same_word(coding, "x-gzip")) gzip = is_taken;
    if (coding == "*") rest = is_taken;
  }
  return gzip.value_or(rest);
}

bool is_matching_etag(std::string_view if_none_match, std::string_view etag) {
  const auto opaque = [](std::string_view tag) {
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    return tag;
  };
  while (!if_none_match.empty()) {
    const std::string_view tag = take_part(if_none_match, ',');
    if (tag == "*" || opaque(tag) == opaque(etag)) return true;
  }
  return false;
}

http::Response page_response(const PageFile& file, const http::Request& request) {
  http::Response response{.content_type = std::string(file.content_type)};
  http::Fields& headers = response.headers;
  headers.add("ETag", std::string(file.etag));
  headers.add("Vary", "Accept-Encoding");
  headers.add("Cache-Control",
              file.is_immutable ? "public, max-age=31536000, immutable" : "no-cache");
  headers.add("Content-Security-Policy", std::string(kContentPolicy));
  headers.add("Cross-Origin-Opener-Policy", "same-origin");
  headers.add("Referrer-Policy", "no-referrer");
  headers.add("X-Content-Type-Options", "nosniff");
  if (is_matching_etag(list_header(request.headers, "If-None-Match"), file.etag)) {
    response.status = 304;
  } else if (is_accepting_gzip(list_header(request.headers, "Accept-Encoding"))) {
    headers.add("Content-Encoding", "gzip");
    response.body = file.gzip;
  } else {
    response.body = unzipped(file.gzip);
  }
  return response;
}

}  // namespace alpha
