#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "alpha/tensor/dtype.h"
#include "alpha/tensor/shape.h"

namespace alpha {

/// One tensor of a safetensors file: bytes [begin, end) of the data that follow the header.
struct SafetensorsEntry {
  std::string name;
  DType dtype = DType::f32;
  Shape shape;
  std::size_t begin = 0;
  std::size_t end = 0;
};

using SafetensorsMetadata = std::map<std::string, std::string, std::less<>>;

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;
  SafetensorsMetadata metadata;
};

inline constexpr std::size_t kSafetensorsMaxHeaderBytes = 100'000'000;

/// "F32", "F64", "F16", "BF16", "I32".
std::string_view safetensors_dtype_name(DType dtype) noexcept;

/// Reads the JSON of a header whose file holds `data_size` bytes of data. On return the entries are
/// in the order of their data, cover it without gap or overlap, and each has exactly the bytes that
/// its shape and dtype need. Error(corrupt), starting with `where`, naming the tensor.
SafetensorsHeader parse_safetensors_header(std::string_view json, std::size_t data_size,
                                           std::string_view where);

/// The beginning of a file: 8 bytes of length, the JSON, and spaces up to a multiple of 64 bytes.
/// Error(invalid_argument): a name is no UTF-8, or the header is longer than the format allows.
std::string render_safetensors_header(const SafetensorsHeader& header);

}  // namespace alpha
