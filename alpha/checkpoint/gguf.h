#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alpha/tensor/shape.h"

namespace alpha {

// The container of llama.cpp, GGUF version 3 (docs/formats/gguf.md): metadata, a table of tensors,
// their elements. Little-endian.

inline constexpr std::uint32_t kGgufVersion = 3;
inline constexpr std::size_t kGgufAlignment = 32;  // of each tensor's elements, in bytes
inline constexpr std::int64_t kQ8BlockSize = 32;   // elements that share a scale

/// How elements are written; the numbers are the format's.
enum class GgufType : std::uint32_t { f32 = 0, f16 = 1, q8_0 = 8 };

std::string_view to_string(GgufType type) noexcept;

/// "f32", "f16", "q8_0". Error: invalid_argument.
GgufType parse_gguf_type(std::string_view name);

/// Bytes of `n` elements; `n` is a multiple of kQ8BlockSize for q8_0.
std::size_t gguf_size_bytes(GgufType type, std::int64_t n) noexcept;

/// Appends `values` to `out` as `type`. q8_0 is llama.cpp's: a block of 32 is an f16 scale d =
/// max|x| / 127 and 32 bytes round(x / d), halves away from zero. Error(unsupported): a value, or a
/// scale, beyond the largest f16; `name` is for the message.
void append_gguf_elements(GgufType type, std::span<const float> values, std::string_view name,
                          std::vector<std::byte>& out);

/// Keys and values in the order in which they were added.
class GgufMetadata {
 public:
  void add(std::string_view key, std::uint32_t value);
  void add(std::string_view key, float value);
  void add(std::string_view key, bool value);
  void add(std::string_view key, std::string_view value);

  void add(std::string_view key, const char* value) { add(key, std::string_view(value)); }

  void add(std::string_view key, std::span<const std::string> values);
  void add(std::string_view key, std::span<const std::int32_t> values);

  std::uint64_t n_entries() const noexcept { return n_entries_; }

  /// The entries as they stand in a file.
  std::string_view bytes() const noexcept { return bytes_; }

 private:
  void begin(std::string_view key, std::uint32_t type);
  void begin_array(std::string_view key, std::uint32_t type, std::size_t n_values);

  std::string bytes_;
  std::uint64_t n_entries_ = 0;
};

struct GgufTensor {
  std::string name;
  Shape shape;  // row-major, outermost first; the file has it the other way round
  GgufType type = GgufType::f32;
  std::span<const std::byte> elements;  // f32, perhaps not aligned; none: zeros
};

/// Writes a file that appears at `path` whole or not at all; nothing may be there yet. Elements go
/// through a buffer, so that no second copy of the model is made. Error: io; as
/// append_gguf_elements.
void write_gguf(const std::filesystem::path& path, const GgufMetadata& metadata,
                std::span<const GgufTensor> tensors);

}  // namespace alpha
