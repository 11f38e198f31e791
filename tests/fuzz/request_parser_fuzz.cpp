// Any bytes as a request of HTTP, cut anywhere: what comes out does not depend on where, and what
// is refused has a status that says so.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "alpha/http/request_parser.h"

namespace {

using namespace alpha::http;

constexpr RequestLimits kLimits = {.max_header_bytes = 2048, .max_body_bytes = 4096};

struct Outcome {
  int status = 0;  // of a refusal; 0: none
  bool is_done = false;
  std::string text;  // of the request
};

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

std::string text_of(const Request& request) {
  std::string text = request.method + "\n" + request.path + "\n" + request.body;
  for (const auto& [name, value] : request.query) text += "\n" + name + "=" + value;
  for (const auto& [name, value] : request.headers) text += "\n" + name + ": " + value;
  return text;
}

/// Feeds pieces of `step` bytes as a connection does: what is not used comes again, with more.
Outcome parse(std::string_view bytes, std::size_t step) {
  RequestParser parser(kLimits);
  std::string unused;
  for (std::size_t at = 0; at < bytes.size() && !parser.is_done() && !parser.refusal();
       at += step) {
    unused += bytes.substr(at, step);
    unused.erase(0, parser.put(unused));
    require(
        unused.size() <= kLimits.max_header_bytes + step || parser.is_done() || parser.refusal(),
        "the parser lets bytes pile up");
  }
  Outcome outcome;
  if (parser.refusal()) {
    constexpr std::array kStatuses = {400, 413, 417, 431, 501, 505};
    outcome.status = parser.refusal()->status;
    require(std::ranges::find(kStatuses, outcome.status) != kStatuses.end(), "a strange status");
  } else if (parser.is_done()) {
    outcome.is_done = true;
    const Request request = parser.take();
    require(request.body.size() <= kLimits.max_body_bytes, "a body above the limit");
    require(request.path.find('\0') == std::string::npos, "a zero byte in the path");
    outcome.text = text_of(request);
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Outcome whole = parse(bytes, std::max<std::size_t>(size, 1));
  for (const std::size_t step : {std::size_t{1}, std::size_t{3}, size / 2 + 1}) {
    const Outcome cut = parse(bytes, step);
    // A mistake may be noticed a few bytes earlier or later, and so be another one.
    require(cut.is_done == whole.is_done, "cutting decides whether there is a request");
    require(cut.text == whole.text, "cutting changes the request");
  }
  return 0;
}
