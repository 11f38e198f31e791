#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

#include "alpha/core/json.h"

namespace alpha {

// Reading the ends of files of JSON lines (metrics.jsonl, samples.jsonl, events.jsonl). A line
// counts when it ends in a newline and is a JSON object; others are passed over.

/// The most that a summary of a run may read of a file, however large that is.
inline constexpr std::size_t kTailMaxBytes = 63 * 1024;

/// A line longer than this is passed over.
inline constexpr std::size_t kMaxLineBytes = 1024 * 1024;

struct LineTail {
  std::vector<Json> lines;       // as they stand in the file
  std::uint64_t size_bytes = 0;  // of the file when it was read
  std::size_t bytes_read = 0;
};

/// The last lines of a file, at most `max_lines`, reading at most `max_bytes` of its end. A missing
/// file is an empty one. Error: io.
LineTail read_tail(const std::filesystem::path& path, std::size_t max_lines,
                   std::size_t max_bytes = kTailMaxBytes);

/// What to do after a line.
enum class Walk : std::uint8_t { go_on, stop };

/// Calls `visit` with each line from the last to the first until it says stop; reads no further
/// than that. Returns the bytes read. Error: io.
std::size_t walk_back(const std::filesystem::path& path,
                      const std::function<Walk(Json&& line, std::uint64_t end)>& visit);

/// Calls `visit` with each line from byte `begin` on, where a line begins; `end` is the byte behind
/// its newline. Returns where the last complete line ends: the next `begin`. Error: io.
std::uint64_t walk_on(const std::filesystem::path& path, std::uint64_t begin,
                      const std::function<Walk(Json&& line, std::uint64_t end)>& visit);

}  // namespace alpha
