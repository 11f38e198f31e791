#pragma once

#include <string>
#include <utility>
#include <vector>

namespace alpha::http {

/// What the module is built on: names and versions, those of shared libraries as they run.
std::vector<std::pair<std::string, std::string>> libraries();

}  // namespace alpha::http
