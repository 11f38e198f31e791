#pragma once

#include <string>
#include <utility>
#include <vector>

namespace alpha::cpu {

/// What the backend is built on: names and versions, those of shared libraries as they run.
std::vector<std::pair<std::string, std::string>> libraries();

}  // namespace alpha::cpu
