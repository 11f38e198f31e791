#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "alpha/checkpoint/file_digest.h"
#include "alpha/checkpoint/safetensors_header.h"
#include "alpha/core/files.h"
#include "alpha/tensor/backend.h"

namespace alpha {

// The safetensors container (https://github.com/huggingface/safetensors): 8 bytes with the
// header's length, little-endian; the header, JSON; the tensors' elements, little-endian,
// row-major, without gaps.

/// A tensor and the name it has in a file.
struct NamedTensor {
  std::string name;
  Tensor tensor;
};

/// Writes `tensors` to `path` and syncs it. Elements go through a buffer of 8 MiB, so that no
/// second copy of the model is made. Data starts at a multiple of 64 bytes; tensors with wider
/// elements come first, else in the given order, so that each is aligned to its dtype. On an
/// exception the file may be incomplete. Error: invalid_argument (a repeated name, a tensor that is
/// not defined), io.
FileDigest write_safetensors(const std::filesystem::path& path, Backend& backend,
                             std::span<const NamedTensor> tensors,
                             const SafetensorsMetadata& metadata = {});

enum class ValueCheck : std::uint8_t { none, finite };

/// A safetensors file, mapped for reading and checked in full before the constructor returns.
/// Move-only.
class SafetensorsFile {
 public:
  /// Error: not_found, io; corrupt, naming the file and the tensor.
  explicit SafetensorsFile(const std::filesystem::path& path);

  /// The same for a file that is mapped already; `path` is for messages.
  SafetensorsFile(MappedFile file, const std::filesystem::path& path);

  /// In the order of their data. Not of a temporary: the entries live as long as the file.
  std::span<const SafetensorsEntry> entries() const& noexcept { return header_.entries; }

  std::span<const SafetensorsEntry> entries() const&& = delete;

  const SafetensorsMetadata& metadata() const noexcept { return header_.metadata; }

  /// Null when there is no such tensor.
  const SafetensorsEntry* find(std::string_view name) const noexcept;

  /// Error(corrupt): there is no such tensor.
  const SafetensorsEntry& get(std::string_view name) const;

  /// The elements of an entry of this file, as they lie in the mapping: little-endian, and in files
  /// of other writers perhaps not aligned.
  std::span<const std::byte> bytes(const SafetensorsEntry& entry) const noexcept {
    return data_.subspan(entry.begin, entry.end - entry.begin);
  }

  /// Error(corrupt) with the position of the first element that is infinite or not a number.
  void require_finite(const SafetensorsEntry& entry) const;

  /// Uploads tensor `name` to `dst` straight from the mapping. Error(corrupt): it is missing, has
  /// another shape or dtype than `dst`, or, with ValueCheck::finite, a value that is not finite;
  /// then `dst` is unchanged.
  void load_into(Backend& backend, std::string_view name, const Tensor& dst,
                 ValueCheck check = ValueCheck::none) const;

 private:
  MappedFile file_;
  std::string where_;
  SafetensorsHeader header_;
  std::span<const std::byte> data_;
  std::map<std::string, std::size_t, std::less<>> index_;  // name -> position in entries
};

}  // namespace alpha
