#pragma once

#include <optional>
#include <string>

namespace alpha::cli {

/// The secret that the file of `flag` has in its first line; without one, what the environment
/// says. Empty when there is none. Error: invalid_argument for a file that has none; not_found, io.
std::string read_secret(const char* flag, const std::optional<std::string>& path,
                        const char* variable);

}  // namespace alpha::cli
