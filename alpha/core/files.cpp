#include "alpha/core/files.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alpha/core/error.h"

namespace alpha {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail_io(std::string_view what, const fs::path& path, int error) {
  const ErrorCode code = error == ENOENT ? ErrorCode::not_found : ErrorCode::io;
  fail(code, "cannot {} '{}': {}", what, path.string(),
       std::strerror(error));  // NOLINT(concurrency-mt-unsafe)
}

int open_file(const fs::path& path, int flags, std::string_view what) {
  const int fd =
      ::open(path.c_str(), flags | O_CLOEXEC, 0644);  // NOLINT(cppcoreguidelines-pro-type-vararg)
  if (fd < 0) fail_io(what, path, errno);
  return fd;
}

void write_all(int fd, const char* data, std::size_t size, const fs::path& path) {
  while (size > 0) {
    const ssize_t n = ::write(fd, data, size);
    if (n < 0) {
      if (errno == EINTR) continue;
      fail_io("write", path, errno);
    }
    data += n;
    size -= static_cast<std::size_t>(n);
  }
}

void sync_path(const fs::path& path, int flags, std::string_view what) {
  const int fd = open_file(path.empty() ? fs::path(".") : path, O_RDONLY | flags, what);
  const int rc = ::fsync(fd);
  const int error = errno;
  ::close(fd);
  if (rc != 0) fail_io(what, path, error);
}

void sync_directory(const fs::path& path) {
  sync_path(path, O_DIRECTORY, "sync folder");
}

FileKind kind_of(mode_t mode) noexcept {
  if (S_ISREG(mode)) return FileKind::regular;
  if (S_ISDIR(mode)) return FileKind::folder;
  return S_ISLNK(mode) ? FileKind::link : FileKind::other;
}

FileStatus to_status(const struct stat& info) noexcept {
  return {.kind = kind_of(info.st_mode),
          .size_bytes = static_cast<std::uint64_t>(info.st_size),
          .mtime_ns = std::int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec,
          .inode = info.st_ino,
          .device = info.st_dev};
}

fs::path temporary_sibling(const fs::path& path) {
  return fs::path(path.string() + fmt::format(".{}.tmp", ::getpid()));
}

void rename_synced(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) fail_io("rename into place", to, errno);
  sync_directory(to.parent_path());
}

}  // namespace

std::string read_file(const fs::path& path) {
  const int fd = open_file(path, O_RDONLY, "read");
  std::string content;
  std::array<char, 65536> buffer{};
  ssize_t n = 0;
  while ((n = ::read(fd, buffer.data(), buffer.size())) != 0) {
    if (n > 0) {
      content.append(buffer.data(), static_cast<std::size_t>(n));
    } else if (errno != EINTR) {
      const int error = errno;
      ::close(fd);
      fail_io("read", path, error);
    }
  }
  ::close(fd);
  return content;
}

std::string read_file_range(const fs::path& path, std::uint64_t offset, std::size_t n) {
  return FileReader(path).read(offset, n);
}

FileStatus file_status(const fs::path& path, Links links) {
  struct stat info {};

  const int rc =
      links == Links::followed ? ::stat(path.c_str(), &info) : ::lstat(path.c_str(), &info);
  if (rc == 0) return to_status(info);
  if (errno == ENOENT || errno == ENOTDIR) return {};
  fail_io("look at", path, errno);
}

std::vector<std::string> list_folder(const fs::path& path) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    names.push_back(it->path().filename().string());
  }
  if (error) fail_io("list the folder", path, error.value());
  return names;
}

void touch_file(const fs::path& path, std::int64_t unix_ms) {
  const int fd = open_file(path, O_WRONLY | O_CREAT | O_NOFOLLOW, "touch");
  const timespec time = {.tv_sec = unix_ms / 1000, .tv_nsec = unix_ms % 1000 * 1'000'000};
  const std::array<timespec, 2> times = {time, time};
  const int rc = ::futimens(fd, times.data());
  const int error = errno;
  ::close(fd);
  if (rc != 0) fail_io("touch", path, error);
}

void write_file_piece(const fs::path& path, std::uint64_t offset, std::string_view bytes) {
  const int fd = open_file(path, O_WRONLY | O_CREAT | O_NOFOLLOW, "write");
  try {
    const auto end = static_cast<off_t>(offset);
    const off_t size = ::lseek(fd, 0, SEEK_END);
    if (size < end) {
      fail(ErrorCode::io, "cannot write '{}' from byte {} on: it has {} bytes", path.string(),
           offset, size);
    }
    if (::ftruncate(fd, end) != 0 || ::lseek(fd, end, SEEK_SET) != end)
      fail_io("write", path, errno);
    write_all(fd, bytes.data(), bytes.size(), path);
  } catch (...) {
    ::close(fd);
    throw;
  }
  ::close(fd);
}

void publish_directory(const fs::path& from, const fs::path& to) {
  for (const std::string& name : list_folder(from)) sync_path(from / name, 0, "sync");
  sync_directory(from);
  if (file_status(to, Links::kept).kind != FileKind::none) fail_io("rename into place", to, EEXIST);
  rename_synced(from, to);
}

void remove_tree(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) fail_io("remove", path, error.value());
}

bool file_exists(const fs::path& path) {
  std::error_code error;
  const bool exists = fs::exists(path, error);
  if (error) fail_io("look at", path, error.value());
  return exists;
}

void make_directories(const fs::path& path) {
  if (path.empty()) return;
  std::error_code error;
  fs::create_directories(path, error);
  if (error) fail_io("create folder", path, error.value());
}

void write_file_atomic(const fs::path& target, std::string_view content) {
  make_directories(target.parent_path());
  std::error_code error;
  const fs::path resolved = fs::canonical(target, error);  // a link's target is what is replaced
  const fs::path& path = error ? target : resolved;
  if (!error && !fs::is_regular_file(path, error)) {
    fail(ErrorCode::io, "cannot write '{}': it exists and is not a regular file", target.string());
  }
  const fs::path temporary = temporary_sibling(path);
  try {
    FileWriter writer(temporary);
    writer.write(content);
    writer.close();
    rename_synced(temporary, path);
  } catch (...) {
    std::error_code ignored;
    fs::remove(temporary, ignored);
    throw;
  }
}

void write_directory_atomic(const fs::path& target,
                            const std::function<void(const fs::path&)>& fill) {
  const fs::path path = target.has_filename() ? target : target.parent_path();
  if (file_exists(path)) fail_io("create folder", path, EEXIST);
  make_directories(path.parent_path());
  const fs::path temporary = temporary_sibling(path);
  std::error_code ignored;
  fs::remove_all(temporary, ignored);
  try {
    make_directories(temporary);
    fill(temporary);
    sync_directory(temporary);
    rename_synced(temporary, path);
  } catch (...) {
    fs::remove_all(temporary, ignored);
    throw;
  }
}

FileWriter::FileWriter(const fs::path& path)
    : path_(path),
      fd_(open_file(path, O_WRONLY | O_CREAT | O_TRUNC, "write")) {}

FileWriter::~FileWriter() {
  if (fd_ >= 0) ::close(fd_);
}

void FileWriter::write(std::span<const std::byte> bytes) {
  write_all(fd_, reinterpret_cast<const char*>(bytes.data()), bytes.size(), path_);
}

void FileWriter::write(std::string_view text) {
  write_all(fd_, text.data(), text.size(), path_);
}

void FileWriter::close() {
  const int fd = std::exchange(fd_, -1);
  const int rc = ::fsync(fd);
  const int error = errno;
  ::close(fd);
  if (rc != 0) fail_io("sync", path_, error);
}

LineAppender::LineAppender(const fs::path& path) : path_(path) {
  make_directories(path.parent_path());
  fd_ = open_file(path, O_RDWR | O_CREAT | O_APPEND, "append to");
  off_t end = ::lseek(fd_, 0, SEEK_END);
  char last = '\n';
  while (end > 0 && ::pread(fd_, &last, 1, end - 1) == 1 && last != '\n') --end;
  if (::ftruncate(fd_, end) != 0) {
    const int error = errno;
    ::close(fd_);
    fail_io("truncate", path, error);
  }
}

LineAppender::~LineAppender() {
  if (fd_ >= 0) ::close(fd_);
}

void LineAppender::append(std::string_view line) {
  std::string text(line);
  text += '\n';
  write_all(fd_, text.data(), text.size(), path_);
}

FileReader::FileReader(const fs::path& path) : path_(path), fd_(open_file(path, O_RDONLY, "read")) {
  struct stat info {};

  if (::fstat(fd_, &info) != 0 || !S_ISREG(info.st_mode)) {
    const int error = S_ISDIR(info.st_mode) ? EISDIR : EINVAL;
    ::close(fd_);
    fail_io("read", path, error);
  }
  status_ = to_status(info);
}

FileReader::~FileReader() {
  ::close(fd_);
}

std::string FileReader::read(std::uint64_t offset, std::size_t n) const {
  std::string bytes(n, '\0');
  bytes.resize(read(offset, std::span(bytes)));
  return bytes;
}

std::size_t FileReader::read(std::uint64_t offset, std::span<char> out) const {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t got =
        ::pread(fd_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (got == 0) break;
    if (got > 0) {
      done += static_cast<std::size_t>(got);
    } else if (errno != EINTR) {
      fail_io("read", path_, errno);
    }
  }
  return done;
}

MappedFile::MappedFile(const fs::path& path) {
  const int fd = open_file(path, O_RDONLY, "read");

  struct stat info {};

  if (::fstat(fd, &info) != 0 || S_ISDIR(info.st_mode)) {
    const int error = S_ISDIR(info.st_mode) ? EISDIR : errno;
    ::close(fd);
    fail_io("read", path, error);
  }
  size_ = static_cast<std::size_t>(info.st_size);
  void* mapped = size_ == 0 ? nullptr : ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd, 0);
  const int error = errno;
  ::close(fd);
  if (mapped == MAP_FAILED) fail_io("map", path, error);
  data_ = static_cast<const std::byte*>(mapped);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr)
    ::munmap(const_cast<std::byte*>(data_),
             size_);  // NOLINT(cppcoreguidelines-pro-type-const-cast)
}

}  // namespace alpha
