#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace alpha {

// Reading and writing of files. Every error names the path and the system's reason.

/// The whole file as bytes; pipes are read to their end. Error: not_found, io.
std::string read_file(const std::filesystem::path& path);

/// Error: io when the system does not say.
bool file_exists(const std::filesystem::path& path);

/// At most `n` bytes from `offset` on; fewer where the file ends. Error: not_found, io.
std::string read_file_range(const std::filesystem::path& path, std::uint64_t offset, std::size_t n);

enum class FileKind : std::uint8_t { none, regular, folder, link, other };

/// What stands at a path. Two that are equal mean the same content, but for changes within the
/// clock tick of the file system.
struct FileStatus {
  FileKind kind = FileKind::none;
  std::uint64_t size_bytes = 0;
  std::int64_t mtime_ns = 0;  // since 1970
  std::uint64_t inode = 0;
  std::uint64_t device = 0;

  bool operator==(const FileStatus&) const = default;
};

/// Whether a link is looked through.
enum class Links : std::uint8_t { followed, kept };

/// Error: io when the system does not say.
FileStatus file_status(const std::filesystem::path& path, Links links = Links::followed);

/// The names in a folder, in no order. Error: not_found, io.
std::vector<std::string> list_folder(const std::filesystem::path& path);

/// Sets the time of the last change; the file is created, empty, where there is none. Error: io.
void touch_file(const std::filesystem::path& path, std::int64_t unix_ms);

/// Writes `bytes` at `offset` and ends the file behind them; not synced. A link is not written
/// through. Error: io, also when the file is shorter than `offset`.
void write_file_piece(const std::filesystem::path& path, std::uint64_t offset,
                      std::string_view bytes);

/// Gives a folder that was filled bit by bit its name: its files and itself are synced, then `from`
/// is renamed to `to`, which must not exist, and the parent is synced. Error: io.
void publish_directory(const std::filesystem::path& from, const std::filesystem::path& to);

/// Removes a file, or a folder with all that is in it; links are removed, not followed. Fine when
/// there is none. Error: io.
void remove_tree(const std::filesystem::path& path);

/// Replaces `path` by `content` in one step: temporary file beside it, fsync, rename, fsync of the
/// folder. After a crash the file is the old one or the new one. Parent folders are created; a link
/// stays a link. Error: io; also when `path` is no regular file.
void write_file_atomic(const std::filesystem::path& path, std::string_view content);

/// Creates a folder and its parents. Error: io.
void make_directories(const std::filesystem::path& path);

/// Writes a file front to back; nothing is buffered twice. `close` syncs; a file that is not closed
/// is left as it is (its writer failed, and its folder is a temporary one).
class FileWriter {
 public:
  explicit FileWriter(const std::filesystem::path& path);
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;
  ~FileWriter();

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text);

  /// fsync and close. Error: io.
  void close();

 private:
  std::filesystem::path path_;
  int fd_ = -1;
};

/// Appends whole lines to a file (metrics.jsonl). A torn last line, left by a crash, is cut off
/// when the file is opened again.
class LineAppender {
 public:
  explicit LineAppender(const std::filesystem::path& path);
  LineAppender(const LineAppender&) = delete;
  LineAppender& operator=(const LineAppender&) = delete;
  ~LineAppender();

  /// Appends `line` and a newline in one write.
  void append(std::string_view line);

 private:
  std::filesystem::path path_;
  int fd_ = -1;
};

/// A file that is read here and there, at one version of it: a file that replaces it is not seen.
/// Error: not_found, io.
class FileReader {
 public:
  explicit FileReader(const std::filesystem::path& path);
  FileReader(const FileReader&) = delete;
  FileReader& operator=(const FileReader&) = delete;
  ~FileReader();

  /// When it was opened.
  const FileStatus& status() const noexcept { return status_; }

  /// At most `n` bytes from `offset` on; fewer where the file ends.
  std::string read(std::uint64_t offset, std::size_t n) const;

  /// The same into `out`; returns how many bytes there were.
  std::size_t read(std::uint64_t offset, std::span<char> out) const;

 private:
  std::filesystem::path path_;
  int fd_ = -1;
  FileStatus status_;
};

/// A file mapped read-only for its lifetime. Move-only. Error: not_found, io.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Builds a folder that appears under `path` whole or not at all: `fill` writes its files into a
/// temporary sibling, which is synced and renamed. `path` must not exist yet. On an exception the
/// temporary folder is removed and nothing has changed.
void write_directory_atomic(const std::filesystem::path& path,
                            const std::function<void(const std::filesystem::path&)>& fill);

}  // namespace alpha
