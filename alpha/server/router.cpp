#include "alpha/server/router.h"

#include <optional>

namespace alpha {

namespace {

/// What stands for `{}`, empty for a pattern without; none when the path is another.
std::optional<std::string> match(std::string_view pattern, std::string_view path) {
  const auto place = pattern.find("{}");
  if (place == std::string_view::npos) {
    return pattern == path ? std::optional<std::string>("") : std::nullopt;
  }
  const std::string_view before = pattern.substr(0, place);
  const std::string_view after = pattern.substr(place + 2);
  if (path.size() <= before.size() + after.size() || !path.starts_with(before) ||
      !path.ends_with(after)) {
    return {};
  }
  const std::string_view between =
      path.substr(before.size(), path.size() - before.size() - after.size());
  if (!after.empty() && between.find('/') != std::string_view::npos) return {};
  return std::string(between);
}

}  // namespace

Router::Match Router::find(std::string_view method, std::string_view path) const {
  std::string allowed;
  for (const Route& route : routes_) {
    const auto parameter = match(route.pattern, path);
    if (!parameter) continue;
    if (route.method == method || (method == "HEAD" && route.method == "GET")) {
      return {&route, *parameter};
    }
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
