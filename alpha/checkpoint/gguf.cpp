#include "alpha/checkpoint/gguf.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <system_error>

#include <unistd.h>

#include "alpha/core/error.h"
#include "alpha/core/files.h"
#include "alpha/tensor/dtype.h"

namespace alpha {

namespace fs = std::filesystem;

static_assert(std::endian::native == std::endian::little,
              "numbers are written as they lie in memory");

namespace {

constexpr std::array kTypes = {GgufType::f32, GgufType::f16, GgufType::q8_0};
constexpr std::int64_t kPieceElements = std::int64_t{1} << 20;

// The format's numbers for the types of metadata.
constexpr std::uint32_t kUint32 = 4;
constexpr std::uint32_t kInt32 = 5;
constexpr std::uint32_t kFloat32 = 6;
constexpr std::uint32_t kBool = 7;
constexpr std::uint32_t kString = 8;
constexpr std::uint32_t kArray = 9;

template<class T>
void append(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

void append_string(std::string& out, std::string_view text) {
  append(out, std::uint64_t{text.size()});
  out += text;
}

template<class T>
void append(std::vector<std::byte>& out, T value) {
  const auto bytes = std::as_bytes(std::span(&value, 1));
  out.insert(out.end(), bytes.begin(), bytes.end());
}

F16 to_f16(float value, std::string_view name) {
  const F16 half(value);
  if (!std::isfinite(static_cast<float>(half))) {
    fail(ErrorCode::unsupported,
         "[gguf] tensor '{}' has a value of {}, more than f16 holds: write it as f32", name, value);
  }
  return half;
}

void append_q8_block(std::span<const float> x, std::string_view name, std::vector<std::byte>& out) {
  float largest = 0;
  for (const float value : x) largest = std::max(largest, std::abs(value));
  const float d = largest / 127.0F;
  const float inverse = d != 0 ? 1.0F / d : 0.0F;
  append(out, to_f16(d, name).bits);
  for (const float value : x) append(out, static_cast<std::int8_t>(std::round(value * inverse)));
}

std::size_t aligned(std::size_t n_bytes) {
  return (n_bytes + kGgufAlignment - 1) / kGgufAlignment * kGgufAlignment;
}

std::string render_header(const GgufMetadata& metadata, std::span<const GgufTensor> tensors) {
  std::string out = "GGUF";
  append(out, kGgufVersion);
  append(out, std::uint64_t{tensors.size()});
  append(out, metadata.n_entries());
  out += metadata.bytes();
  std::size_t offset = 0;
  for (const GgufTensor& tensor : tensors) {
    append_string(out, tensor.name);
    append(out, static_cast<std::uint32_t>(tensor.shape.rank()));
    for (int axis = tensor.shape.rank() - 1; axis >= 0; --axis) {
      append(out, static_cast<std::uint64_t>(tensor.shape[axis]));
    }
    append(out, static_cast<std::uint32_t>(tensor.type));
    append(out, std::uint64_t{offset});
    offset += aligned(gguf_size_bytes(tensor.type, tensor.shape.numel()));
  }
  out.resize(aligned(out.size()));
  return out;
}

void write_elements(FileWriter& file, const GgufTensor& tensor) {
  std::vector<float> values;
  std::vector<std::byte> bytes;
  const std::int64_t n = tensor.shape.numel();
  for (std::int64_t begin = 0; begin < n; begin += kPieceElements) {
    const auto count = static_cast<std::size_t>(std::min(kPieceElements, n - begin));
    values.assign(count, 0.0F);
    if (!tensor.elements.empty()) {
      std::memcpy(values.data(),
                  tensor.elements.data() + static_cast<std::size_t>(begin) * sizeof(float),
                  count * sizeof(float));
    }
    bytes.clear();
    append_gguf_elements(tensor.type, values, tensor.name, bytes);
    file.write(bytes);
  }
  const std::size_t size = gguf_size_bytes(tensor.type, n);
  file.write(std::string(aligned(size) - size, '\0'));
}

void check_tensor(const GgufTensor& tensor) {
  const auto n_bytes = static_cast<std::size_t>(tensor.shape.numel()) * sizeof(float);
  ALPHA_CHECK(tensor.elements.empty() || tensor.elements.size() == n_bytes,
              "a tensor's elements fill its shape");
  if (tensor.type != GgufType::q8_0 || tensor.shape.back() % kQ8BlockSize == 0) return;
  fail(ErrorCode::unsupported,
       "[gguf] tensor '{}' has rows of {} elements, q8_0 needs a multiple of {}: choose f32 or f16",
       tensor.name, tensor.shape.back(), kQ8BlockSize);
}

}  // namespace

std::string_view to_string(GgufType type) noexcept {
  switch (type) {
    case GgufType::f32: return "f32";
    case GgufType::f16: return "f16";
    case GgufType::q8_0: return "q8_0";
  }
  return "unknown";
}

GgufType parse_gguf_type(std::string_view name) {
  for (const GgufType type : kTypes) {
    if (to_string(type) == name) return type;
  }
  fail_invalid("[gguf] unknown type '{}', expected f32, f16 or q8_0", name);
}

std::size_t gguf_size_bytes(GgufType type, std::int64_t n) noexcept {
  const auto count = static_cast<std::size_t>(n);
  switch (type) {
    case GgufType::f32: return count * 4;
    case GgufType::f16: return count * 2;
    case GgufType::q8_0: return count / kQ8BlockSize * (kQ8BlockSize + 2);
  }
  return 0;
}

void append_gguf_elements(GgufType type, std::span<const float> values, std::string_view name,
                          std::vector<std::byte>& out) {
  if (type == GgufType::f32) {
    const auto bytes = std::as_bytes(values);
    out.insert(out.end(), bytes.begin(), bytes.end());
  } else if (type == GgufType::f16) {
    for (const float value : values) append(out, to_f16(value, name).bits);
  } else {
    for (std::size_t begin = 0; begin < values.size(); begin += kQ8BlockSize) {
      append_q8_block(values.subspan(begin, kQ8BlockSize), name, out);
    }
  }
}

void GgufMetadata::begin(std::string_view key, std::uint32_t type) {
  append_string(bytes_, key);
  append(bytes_, type);
  ++n_entries_;
}

void GgufMetadata::begin_array(std::string_view key, std::uint32_t type, std::size_t n_values) {
  begin(key, kArray);
  append(bytes_, type);
  append(bytes_, std::uint64_t{n_values});
}

void GgufMetadata::add(std::string_view key, std::uint32_t value) {
  begin(key, kUint32);
  append(bytes_, value);
}

void GgufMetadata::add(std::string_view key, float value) {
  begin(key, kFloat32);
  append(bytes_, value);
}

void GgufMetadata::add(std::string_view key, bool value) {
  begin(key, kBool);
  append(bytes_, static_cast<std::uint8_t>(value ? 1 : 0));
}

void GgufMetadata::add(std::string_view key, std::string_view value) {
  begin(key, kString);
  append_string(bytes_, value);
}

void GgufMetadata::add(std::string_view key, std::span<const std::string> values) {
  begin_array(key, kString, values.size());
  for (const std::string& value : values) append_string(bytes_, value);
}

void GgufMetadata::add(std::string_view key, std::span<const std::int32_t> values) {
  begin_array(key, kInt32, values.size());
  for (const std::int32_t value : values) append(bytes_, value);
}

void write_gguf(const fs::path& path, const GgufMetadata& metadata,
                std::span<const GgufTensor> tensors) {
  for (const GgufTensor& tensor : tensors) check_tensor(tensor);
  make_directories(path.parent_path());
  const fs::path temporary(path.string() + fmt::format(".{}.tmp", ::getpid()));
  try {
    FileWriter file(temporary);
    file.write(render_header(metadata, tensors));
    for (const GgufTensor& tensor : tensors) write_elements(file, tensor);
    file.close();
    std::error_code error;
    fs::rename(temporary, path, error);
    if (error) fail(ErrorCode::io, "cannot write '{}': {}", path.string(), error.message());
  } catch (...) {
    std::error_code ignored;
    fs::remove(temporary, ignored);
    throw;
  }
}

}  // namespace alpha
