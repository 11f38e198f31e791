#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "alpha/server/api_error.h"
#include "alpha/server/guard.h"

namespace alpha {

class Call;

/// One thing that can be asked for.
struct Route {
  std::string method;
  std::string pattern;  // "/v1/models/{}": `{}` is one part of a path; at the end, the rest of it
  std::function<void(const std::shared_ptr<Call>&)> handle;
  Access access = Access::key;
  ErrorShape shape = ErrorShape::openai;
  bool is_work = false;  // a GET that costs something: no page of another origin may ask for it
};

/// Routes by method and path.
class Router {
 public:
  void add(Route route) { routes_.push_back(std::move(route)); }

  struct Match {
    const Route* route = nullptr;
    std::vector<std::string> parameters;  // what stands for each `{}`
  };

  /// HEAD finds what GET does. Error: ApiError 404; 405 with the methods there are.
  Match find(std::string_view method, std::string_view path) const;

  /// How errors at a path that no route has are told.
  static ErrorShape shape_of(std::string_view path) noexcept {
    return path.starts_with("/api/") ? ErrorShape::original : ErrorShape::openai;
  }

 private:
  std::vector<Route> routes_;
};

}  // namespace alpha
