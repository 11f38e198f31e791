#include "alpha/server/tar_archive.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "alpha/core/error.h"

namespace alpha {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kBlockBytes = 512;
constexpr std::size_t kMaxName = 100;
constexpr std::uint64_t kMaxSize = (std::uint64_t{1} << 33U) - 1;  // eleven octal digits

std::string padding_for(std::uint64_t size_bytes) {
  return std::string((kBlockBytes - size_bytes % kBlockBytes) % kBlockBytes, '\0');
}

/// The block before a file's content: https://pubs.opengroup.org/onlinepubs/9699919799/utilities/
/// pax.html, "ustar Interchange Format".
std::string header(std::string_view name, std::uint64_t size_bytes, std::int64_t mtime_s,
                   char type) {
  std::string block(kBlockBytes, '\0');
  const auto put = [&block](std::size_t at, std::string_view text) {
    std::ranges::copy(text, block.begin() + static_cast<std::ptrdiff_t>(at));
  };
  put(0, name.substr(0, kMaxName));
  put(100, "0000644");  // mode
  put(108, "0000000");  // owner
  put(116, "0000000");  // group
  put(124, fmt::format("{:011o}", size_bytes));
  put(136, fmt::format("{:011o}", mtime_s));
  put(148, "        ");  // the sum is made as if it were spaces
  put(156, {&type, 1});
  put(257, "ustar");
  put(263, "00");
  const unsigned sum = std::accumulate(block.begin(), block.end(), 0U, [](unsigned total, char c) {
    return total + static_cast<unsigned char>(c);
  });
  put(148, fmt::format("{:06o}", sum));
  put(154, {"\0", 1});
  return block;
}

/// "LENGTH key=value\n", where the length counts its own digits too.
std::string pax_record(std::string_view key, std::string_view value) {
  const std::string rest = fmt::format(" {}={}\n", key, value);
  std::size_t length = rest.size();
  while (std::to_string(length).size() + rest.size() != length) {
    length = std::to_string(length).size() + rest.size();
  }
  return std::to_string(length) + rest;
}

/// All that stands before a file's content.
std::string headers(const std::string& name, const FileStatus& status) {
  const std::int64_t mtime_s = std::max<std::int64_t>(0, status.mtime_ns / 1'000'000'000);
  const bool is_ascii = std::ranges::all_of(name, [](char c) { return c >= ' ' && c <= '~'; });
  std::string records;
  if (name.size() > kMaxName || !is_ascii) records += pax_record("path", name);
  const bool is_large = status.size_bytes > kMaxSize;
  if (is_large) records += pax_record("size", std::to_string(status.size_bytes));
  std::string all;
  if (!records.empty()) {
    all =
        header("PaxHeaders", records.size(), mtime_s, 'x') + records + padding_for(records.size());
  }
  return all + header(name, is_large ? 0 : status.size_bytes, mtime_s, '0');
}

}  // namespace

TarArchive::TarArchive(const fs::path& folder, std::string_view name) {
  constexpr int kTries = 5;
  for (int i = 0; i < kTries; ++i) {
    const FileStatus before = file_status(folder);
    if (before.kind != FileKind::folder) {
      fail(ErrorCode::not_found, "there is no folder '{}'", folder.string());
    }
    try {
      open_files(folder, name);
      // A folder whose files are added, removed or replaced has another time; one that took its
      // place is another.
      if (file_status(folder) == before) return;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::not_found) throw;
    }
    segments_.clear();
    size_bytes_ = 0;
  }
  fail(ErrorCode::io, "the folder '{}' changes while it is read", folder.string());
}

void TarArchive::open_files(const fs::path& folder, std::string_view name) {
  std::vector<std::string> names = list_folder(folder);
  std::ranges::sort(names);
  for (const std::string& file_name : names) {
    const fs::path path = folder / file_name;
    const FileKind kind = file_status(path, Links::kept).kind;
    if (kind == FileKind::link) {
      fail(ErrorCode::unsupported, "'{}' is a link, and a link is not part of an archive",
           file_name);
    }
    if (kind != FileKind::regular) continue;
    auto file = std::make_unique<FileReader>(path);
    const std::uint64_t size_bytes = file->status().size_bytes;
    add_bytes(headers(fmt::format("{}/{}", name, file_name), file->status()));
    segments_.push_back({.bytes = {}, .file = std::move(file), .size_bytes = size_bytes});
    size_bytes_ += size_bytes;
    add_bytes(padding_for(size_bytes));
  }
  add_bytes(std::string(2 * kBlockBytes, '\0'));
}

void TarArchive::add_bytes(std::string bytes) {
  const std::size_t n = bytes.size();
  segments_.push_back({.bytes = std::move(bytes), .file = nullptr, .size_bytes = n});
  size_bytes_ += n;
}

std::string TarArchive::read(std::size_t n) {
  std::string piece;
  piece.reserve(n);
  while (segment_ < segments_.size() && piece.size() < n) {
    Segment& segment = segments_[segment_];
    const auto wanted = static_cast<std::size_t>(
        std::min<std::uint64_t>(n - piece.size(), segment.size_bytes - offset_));
    if (segment.file) {
      const std::string bytes = segment.file->read(offset_, wanted);
      if (bytes.size() < wanted) {
        fail(ErrorCode::corrupt, "a file ends after {} of its {} bytes", offset_ + bytes.size(),
             segment.size_bytes);
      }
      piece += bytes;
    } else {
      piece.append(segment.bytes, offset_, wanted);
    }
    offset_ += wanted;
    if (offset_ < segment.size_bytes) continue;
    segment.file.reset();
    ++segment_;
    offset_ = 0;
  }
  return piece;
}

}  // namespace alpha
