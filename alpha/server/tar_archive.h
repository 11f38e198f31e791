#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "alpha/core/files.h"

namespace alpha {

/// The files of a folder as a tar archive (POSIX ustar; pax headers where that has no room), read
/// front to back. Its length is known before its first byte, which is why no library makes it.
///
/// All files are opened at once and belong together: what happens to the folder afterwards is not
/// seen. For one thread at a time.
class TarArchive {
 public:
  /// The regular files of `folder`, by name; in the archive they lie in a folder `name`. Folders
  /// within are left out. Error: not_found; unsupported for a link, which would be missing; io,
  /// also for a folder that does not stop changing.
  TarArchive(const std::filesystem::path& folder, std::string_view name);

  /// Of the whole archive.
  std::uint64_t size_bytes() const noexcept { return size_bytes_; }

  /// The next `n` bytes; fewer at the end, none behind it. Error: io; corrupt for a file that has
  /// become shorter.
  std::string read(std::size_t n);

 private:
  /// Some bytes, or a whole file.
  struct Segment {
    std::string bytes;
    std::unique_ptr<FileReader> file;
    std::uint64_t size_bytes = 0;
  };

  void open_files(const std::filesystem::path& folder, std::string_view name);
  void add_bytes(std::string bytes);

  std::vector<Segment> segments_;
  std::size_t segment_ = 0;   // the one that is read
  std::uint64_t offset_ = 0;  // in it
  std::uint64_t size_bytes_ = 0;
};

}  // namespace alpha
