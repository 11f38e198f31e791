#include "apps/alpha/secret_flag.h"

#include <algorithm>
#include <cstdlib>

#include "alpha/core/error.h"
#include "alpha/core/files.h"

namespace alpha::cli {

std::string read_secret(const char* flag, const std::optional<std::string>& path,
                        const char* variable) {
  if (!path) {
    const char* value = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): before any thread
    return value == nullptr ? "" : value;
  }
  std::string text = read_file(*path);
  text.resize(std::min(text.find_first_of("\r\n"), text.size()));
  if (text.empty()) fail_invalid("{}: '{}' has no secret in its first line", flag, *path);
  return text;
}

}  // namespace alpha::cli
