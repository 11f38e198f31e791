#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "alpha/checkpoint/checkpoint_directory.h"
#include "alpha/checkpoint/safetensors.h"
#include "alpha/tensor/backend.h"
#include "alpha/tensor/create.h"
#include "alpha/tensor/host_memory.h"

namespace alpha::test {

/// Memory and copies, no kernels: all that a checkpoint needs of a backend.
class CopyBackend : public Backend {
 public:
  std::string_view name() const noexcept override { return "copy"; }

  const KernelTable& kernels() const noexcept override { return kernels_; }

  StorageRef allocate(std::size_t size_bytes) override { return memory_.allocate(size_bytes); }

  void upload(const void* src, const Tensor& dst) override {
    if (dst.numel() > 0) std::memcpy(dst.raw(), src, dst.size_bytes());
  }

  void download(const Tensor& src, void* dst) override {
    if (src.numel() > 0) std::memcpy(dst, src.raw(), src.size_bytes());
  }

 private:
  HostMemory memory_;
  KernelTable kernels_;
};

/// A folder of its own for each test, removed at its end.
class TempDir {
 public:
  TempDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "alpha-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = pattern;
  }

  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

  const std::filesystem::path& path() const { return path_; }

  /// Names of everything in it, sorted.
  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      result.push_back(entry.path().filename().string());
    }
    std::sort(result.begin(), result.end());
    return result;
  }

 private:
  std::filesystem::path path_;
};

inline std::string slurp(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Writes a new file in the place of `path`. Cutting the old one would make some file systems wait
/// for the disk at each of thousands of rounds.
inline void spill(const std::filesystem::path& path, std::string_view content) {
  std::filesystem::remove(path);
  std::ofstream out(path, std::ios::binary);
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
}

/// A tensor whose bytes are `seed`, `seed + 1`, ….
inline Tensor counting(Backend& backend, const Shape& shape, DType dtype, unsigned seed) {
  const Tensor tensor = empty(backend, shape, dtype);
  std::vector<unsigned char> bytes(tensor.size_bytes());
  for (unsigned char& byte : bytes) byte = static_cast<unsigned char>(seed++);
  backend.upload(bytes.data(), tensor);
  return tensor;
}

inline std::string bytes_of(Backend& backend, const Tensor& tensor) {
  std::string bytes(tensor.size_bytes(), '\0');
  backend.download(tensor, bytes.data());
  return bytes;
}

inline std::string bytes_of(const SafetensorsFile& file, std::string_view name) {
  const auto bytes = file.bytes(file.get(name));
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Runs `action` and returns the message of the Error that it must throw.
template<class Action>
std::string error_of(Action&& action, ErrorCode code) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(to_string(error.code()), to_string(code)) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no error was thrown";
  return {};
}

}  // namespace alpha::test
