#include "alpha/checkpoint/hf_gpt2_export.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "alpha/checkpoint/hf_gpt2_config.h"
#include "alpha/checkpoint/hf_tokenizer_export.h"
#include "alpha/checkpoint/safetensors_header.h"
#include "alpha/core/files.h"
#include "alpha/core/json.h"

namespace alpha {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kPieceElements = std::int64_t{1} << 20;

/// Rows [begin, end) of the transpose of a matrix [outputs, inputs] of f32.
void transpose_rows(std::span<const std::byte> matrix, const Shape& shape, std::int64_t begin,
                    std::int64_t end, std::vector<float>& rows) {
  const auto outputs = static_cast<std::size_t>(shape[0]);
  const auto inputs = static_cast<std::size_t>(shape[1]);
  const auto first = static_cast<std::size_t>(begin);
  const auto count = static_cast<std::size_t>(end - begin);
  rows.resize(count * outputs);
  for (std::size_t o = 0; o < outputs; ++o) {
    const std::byte* source = matrix.data() + (o * inputs + first) * sizeof(float);
    for (std::size_t i = 0; i < count; ++i) {
      std::memcpy(&rows[i * outputs + o], source + i * sizeof(float), sizeof(float));
    }
  }
}

void write_transposed(FileWriter& file, const Gpt2Tensor& tensor,
                      std::span<const std::byte> matrix) {
  std::vector<float> rows;
  const std::int64_t inputs = tensor.shape[1];
  const std::int64_t step = std::max<std::int64_t>(kPieceElements / tensor.shape[0], 1);
  for (std::int64_t begin = 0; begin < inputs; begin += step) {
    transpose_rows(matrix, tensor.shape, begin, std::min(begin + step, inputs), rows);
    file.write(std::as_bytes(std::span(rows)));
  }
}

Shape hf_shape(const Gpt2Tensor& tensor) {
  return tensor.is_hf_transposed ? Shape{tensor.shape[1], tensor.shape[0]} : tensor.shape;
}

void write_weights(const fs::path& path, const Gpt2Checkpoint& checkpoint) {
  // transformers wants a head of its own beside the model proper, not inside it.
  const std::string_view prefix = checkpoint.config().is_tied ? "" : kHfModelPrefix;
  SafetensorsHeader header{{}, {{"format", "pt"}}};
  std::size_t begin = 0;
  for (const Gpt2Tensor& tensor : checkpoint.tensors()) {
    const std::string name =
        tensor.hf == kHfHead ? tensor.hf : fmt::format("{}{}", prefix, tensor.hf);
    const std::size_t end = begin + static_cast<std::size_t>(tensor.shape.numel()) * sizeof(float);
    header.entries.push_back({name, DType::f32, hf_shape(tensor), begin, end});
    begin = end;
  }
  FileWriter file(path);
  file.write(render_safetensors_header(header));
  for (const Gpt2Tensor& tensor : checkpoint.tensors()) {
    const std::span<const std::byte> bytes = checkpoint.bytes(tensor);
    if (tensor.is_zero) {
      file.write(std::string(static_cast<std::size_t>(tensor.shape.numel()) * sizeof(float), '\0'));
    } else if (tensor.is_hf_transposed) {
      write_transposed(file, tensor, bytes);
    } else {
      file.write(bytes);
    }
  }
  file.close();
}

void write_json(const fs::path& path, const Json& json) {
  FileWriter file(path);
  file.write(json.dump(2) + "\n");
  file.close();
}

}  // namespace

void export_hf_gpt2(const Gpt2Checkpoint& checkpoint, const fs::path& folder) {
  require_absent(folder);
  const BpeTokenizer& tokenizer = checkpoint.tokenizer();
  write_directory_atomic(folder, [&](const fs::path& temporary) {
    write_json(temporary / kHfConfigFile,
               to_hf_config(checkpoint.config(), tokenizer.start_token()));
    write_json(temporary / kHfTokenizerFile, to_hf_tokenizer(tokenizer));
    write_json(temporary / kHfTokenizerConfigFile,
               to_hf_tokenizer_config(tokenizer, checkpoint.config().block_size));
    write_weights(temporary / kHfWeightsFile, checkpoint);
  });
}

}  // namespace alpha
