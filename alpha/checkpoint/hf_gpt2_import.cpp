#include "alpha/checkpoint/hf_gpt2_import.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <span>
#include <utility>

#include "alpha/checkpoint/gpt2_layout.h"
#include "alpha/checkpoint/hf_gpt2_config.h"
#include "alpha/checkpoint/hf_tokenizer_import.h"
#include "alpha/checkpoint/safetensors.h"
#include "alpha/core/json.h"
#include "alpha/model/parameters.h"
#include "alpha/tensor/create.h"

namespace alpha {

namespace fs = std::filesystem;

namespace {

SafetensorsFile open_weights(const fs::path& folder) {
  const fs::path path = folder / kHfWeightsFile;
  if (file_exists(path)) return SafetensorsFile(path);
  const bool is_sharded = file_exists(folder / "model.safetensors.index.json");
  fail(ErrorCode::not_found, "'{}' has no {}{}", folder.string(), kHfWeightsFile,
       is_sharded ? ": weights in several files are not supported" : "");
}

/// Masks that old versions of transformers stored beside the weights.
bool is_buffer(std::string_view name) {
  return name.ends_with(".attn.bias") || name.ends_with(".attn.masked_bias");
}

/// The tensors of a GPT-2, as Alpha has them.
class WeightReader {
 public:
  WeightReader(const fs::path& folder, const GptConfig& config, const ImportedTokenizer& tokenizer)
      : config_(config),
        old_ids_(tokenizer.old_ids),
        where_((folder / kHfWeightsFile).string()),
        file_(open_weights(folder)),
        prefix_(file_.find(fmt::format("{}wte.weight", kHfModelPrefix)) ? kHfModelPrefix : "") {
    check_n_layers();
    tensors_ = gpt2_tensors(config_);
    check_names();
  }

  /// In the order of Alpha's checkpoints.
  std::vector<NamedTensor> read(Backend& backend) const {
    std::vector<NamedTensor> result;
    for (const ParameterSpec& spec : gpt_parameters(config_)) {
      const auto tensor = std::ranges::find(tensors_, spec.name, &Gpt2Tensor::alpha);
      const std::vector<float> values = read_values(*tensor);
      const Tensor uploaded = empty(backend, spec.shape, DType::f32);
      backend.upload(values.data(), uploaded);
      result.push_back({spec.name, uploaded});
    }
    for (const Gpt2Tensor& tensor : tensors_) {
      if (tensor.is_zero) require_zeros(tensor);
    }
    return result;
  }

 private:
  std::string name_of(const Gpt2Tensor& tensor) const {
    return tensor.hf == kHfHead ? tensor.hf : fmt::format("{}{}", prefix_, tensor.hf);
  }

  /// Before anything is made for each layer that the configuration promises.
  void check_n_layers() const {
    const auto n_tensors = static_cast<std::int64_t>(file_.entries().size());
    if (config_.n_layer <= n_tensors) return;
    fail(ErrorCode::corrupt, "{}: {} tensors cannot be the {} layers of the configuration", where_,
         n_tensors, config_.n_layer);
  }

  void check_names() const {
    std::set<std::string, std::less<>> known;
    for (const Gpt2Tensor& tensor : tensors_) known.insert(name_of(tensor));
    for (const SafetensorsEntry& entry : file_.entries()) {
      if (known.contains(entry.name) || is_buffer(entry.name)) continue;
      if (entry.name == kHfHead) {
        require_tied_head(entry);
      } else {
        fail(ErrorCode::corrupt, "{}: tensor '{}' is none of a GPT-2 with {} layers", where_,
             entry.name, config_.n_layer);
      }
    }
  }

  /// Some writers store a tied head twice.
  void require_tied_head(const SafetensorsEntry& head) const {
    const SafetensorsEntry& wte = file_.get(fmt::format("{}wte.weight", prefix_));
    if (head.dtype == wte.dtype && std::ranges::equal(file_.bytes(head), file_.bytes(wte))) return;
    fail(ErrorCode::corrupt, "{}: tensor '{}' is not '{}', although 'tie_word_embeddings' is true",
         where_, head.name, wte.name);
  }

  /// A tensor in Alpha's layout and order.
  std::vector<float> read_values(const Gpt2Tensor& tensor) const {
    const SafetensorsEntry& entry = file_.get(name_of(tensor));
    const Shape& shape = tensor.shape;
    const Shape expected = tensor.is_hf_transposed ? Shape{shape[1], shape[0]} : shape;
    if (entry.shape != expected) {
      fail(ErrorCode::corrupt, "{}: tensor '{}': shape is {}, expected {}", where_, entry.name,
           entry.shape, expected);
    }
    file_.require_finite(entry);
    std::vector<float> values = to_floats(entry);
    if (tensor.is_hf_transposed) return transposed(values, expected);
    const bool is_by_token = tensor.alpha == "wte" || tensor.alpha == "lmHead";
    return is_by_token ? reordered(values, shape[1]) : values;
  }

  std::vector<float> to_floats(const SafetensorsEntry& entry) const {
    const std::span<const std::byte> bytes = file_.bytes(entry);
    const auto n = static_cast<std::size_t>(entry.shape.numel());
    std::vector<float> values(n);
    const auto convert = [&]<class T>(T element) {
      for (std::size_t i = 0; i < n; ++i) {
        std::memcpy(&element, bytes.data() + i * sizeof(T), sizeof(T));
        values[i] = static_cast<float>(element);
      }
    };
    switch (entry.dtype) {
      case DType::f32: std::memcpy(values.data(), bytes.data(), bytes.size()); return values;
      case DType::f16: convert(F16()); return values;
      case DType::bf16: convert(BF16()); return values;
      case DType::f64:
      case DType::i32: break;
    }
    fail(ErrorCode::unsupported, "{}: tensor '{}': dtype is {}, expected f32, f16 or bf16", where_,
         entry.name, to_string(entry.dtype));
  }

  static std::vector<float> transposed(std::span<const float> values, const Shape& shape) {
    const auto rows = static_cast<std::size_t>(shape[0]);
    const auto columns = static_cast<std::size_t>(shape[1]);
    std::vector<float> result(values.size());
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j < columns; ++j) result[j * rows + i] = values[i * columns + j];
    }
    return result;
  }

  std::vector<float> reordered(std::span<const float> values, std::int64_t width) const {
    const auto row_size = static_cast<std::size_t>(width);
    std::vector<float> result;
    result.reserve(values.size());
    for (const std::int64_t old_id : old_ids_) {
      const auto row = values.subspan(static_cast<std::size_t>(old_id) * row_size, row_size);
      result.insert(result.end(), row.begin(), row.end());
    }
    return result;
  }

  void require_zeros(const Gpt2Tensor& tensor) const {
    if (std::ranges::all_of(read_values(tensor), [](float value) { return value == 0; })) return;
    fail(ErrorCode::corrupt, "{}: tensor '{}' is not zero, although 'alpha' in {} says no biases",
         where_, name_of(tensor), kHfConfigFile);
  }

  GptConfig config_;
  std::span<const std::int64_t> old_ids_;
  std::string where_;
  SafetensorsFile file_;
  std::string_view prefix_;
  std::vector<Gpt2Tensor> tensors_;
};

}  // namespace

ImportedModel import_hf_gpt2(const fs::path& folder, Backend& backend) {
  const fs::path config_path = folder / kHfConfigFile;
  const GptConfig config = gpt_config_from_hf(read_json_file(config_path), config_path.string());
  const ImportedTokenizer tokenizer = read_hf_tokenizer(folder);
  if (tokenizer.tokenizer->vocab_size() != config.vocab_size) {
    fail(ErrorCode::corrupt, "{}: field 'vocab_size' is {}, the tokenizer has {} tokens",
         config_path.string(), config.vocab_size, tokenizer.tokenizer->vocab_size());
  }
  ImportedModel imported;
  imported.content.config = {{"modelConfig", to_json(config)}, {"importedFrom", folder.string()}};
  imported.content.tokenizer = tokenizer.tokenizer->to_json();
  imported.content.model = WeightReader(folder, config, tokenizer).read(backend);
  imported.warning = tokenizer.warning;
  return imported;
}

}  // namespace alpha
