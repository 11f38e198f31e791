#include "alpha/checkpoint/packed_tensors.h"

#include "alpha/core/error.h"

namespace alpha {

namespace {

constexpr std::string_view kFormatKey = "alpha.weights";

std::string values_name(const std::string& name) {
  return name + ".values";
}

std::string scales_name(const std::string& name) {
  return name + ".scales";
}

}  // namespace

std::optional<WeightFormat> packed_format(const SafetensorsFile& file) {
  const auto found = file.metadata().find(kFormatKey);
  if (found == file.metadata().end()) return {};
  try {
    return parse_weight_format(found->second);
  } catch (const Error& error) {
    fail(ErrorCode::corrupt, "the metadata of {}: {}", kFormatKey, error.what());
  }
}

void require_plain(const SafetensorsFile& file, const std::filesystem::path& path) {
  const auto format = packed_format(file);
  if (!format) return;
  fail(ErrorCode::unsupported,
       "'{}' holds {} weights, which are for inference alone: use the checkpoint it was made from",
       path.string(), to_string(*format));
}

SafetensorsMetadata packed_metadata(WeightFormat format) {
  return {{std::string(kFormatKey), std::string(to_string(format))}};
}

void append_packed(const std::string& name, const PackedMatrix& matrix,
                   std::vector<NamedTensor>& to) {
  to.push_back({values_name(name), matrix.values});
  if (matrix.scales.is_defined()) to.push_back({scales_name(name), matrix.scales});
}

void load_packed(const SafetensorsFile& file, Backend& backend, const std::string& name,
                 const PackedMatrix& to) {
  file.load_into(backend, values_name(name), to.values, ValueCheck::finite);
  if (to.scales.is_defined()) {
    file.load_into(backend, scales_name(name), to.scales, ValueCheck::finite);
  }
}

}  // namespace alpha
