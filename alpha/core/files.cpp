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

void sync_directory(const fs::path& path) {
  const int fd =
      open_file(path.empty() ? fs::path(".") : path, O_RDONLY | O_DIRECTORY, "open folder");
  const int rc = ::fsync(fd);
  const int error = errno;
  ::close(fd);
  if (rc != 0) fail_io("sync folder", path, error);
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
