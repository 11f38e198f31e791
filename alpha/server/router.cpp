#include "alpha/server/router.h"

#include <optional>
#include <utility>

namespace alpha {

namespace {

/// What stands for each `{}`; none when the path is another.
std::optional<std::vector<std::string>> match(std::string_view pattern, std::string_view path) {
  std::vector<std::string> parts;
  for (;;) {
    const auto place = pattern.find("{}");
    if (place == std::string_view::npos)
      return pattern == path ? std::optional(parts) : std::nullopt;
    if (!path.starts_with(pattern.substr(0, place))) return {};
    path.remove_prefix(place);
    pattern.remove_prefix(place + 2);
    const std::string_view part = pattern.empty() ? path : path.substr(0, path.find('/'));
    if (part.empty()) return {};
    parts.emplace_back(part);
    path.remove_prefix(part.size());
  }
}

}  // namespace

Router::Match Router::find(std::string_view method, std::string_view path) const {
  std::string allowed;
  for (const Route& route : routes_) {
    auto parameters = match(route.pattern, path);
    if (!parameters) continue;
    if (route.method == method || (method == "HEAD" && route.method == "GET")) {
      return {&route, std::move(*parameters)};
    }
    if (allowed.find(route.method) != std::string::npos) continue;
    allowed += (allowed.empty() ? "" : ", ") + route.method;
  }
  if (allowed.empty()) {
    throw ApiError(404, fmt::format("there is nothing at '{}'", path.substr(0, 200)), {},
                   "not_found");
  }
  ApiError error(405, fmt::format("'{}' cannot be asked for with {}, only with {}",
                                  path.substr(0, 200), method.substr(0, 20), allowed));
  error.headers.add("Allow", allowed);
  throw ApiError(error);
}

}  // namespace alpha
