#pragma once

#include <cstdint>

namespace alpha {

/// What is enough to tell whether a file is still the one that was written.
struct FileDigest {
  std::uint64_t size_bytes = 0;
  std::uint64_t xxh3 = 0;  // XXH3, 64 bits, of the whole file

  bool operator==(const FileDigest&) const = default;
};

}  // namespace alpha
