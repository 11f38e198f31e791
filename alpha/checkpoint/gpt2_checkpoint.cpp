#include "alpha/checkpoint/gpt2_checkpoint.h"

#include "alpha/checkpoint/checkpoint_directory.h"
#include "alpha/checkpoint/checkpoint_search.h"
#include "alpha/checkpoint/packed_tensors.h"
#include "alpha/core/json.h"

namespace alpha {

namespace fs = std::filesystem;

namespace {

std::unique_ptr<BpeTokenizer> read_bpe(const Json& artifact, const std::string& where) {
  const auto type = json_get<std::string>(artifact, "type", where);
  if (type != "bpe") {
    fail(ErrorCode::unsupported,
         "[export] the model's tokenizer is of type '{}', expected bpe: other formats know only "
         "byte-level BPE",
         type);
  }
  return BpeTokenizer::from_json(artifact, where);
}

/// The tensor as a checkpoint must have it. Error(corrupt).
void check_tensor(const SafetensorsFile& file, const Gpt2Tensor& tensor, const std::string& where) {
  const SafetensorsEntry& entry = file.get(tensor.alpha);
  if (entry.shape != tensor.shape || entry.dtype != DType::f32) {
    fail(ErrorCode::corrupt, "{}: tensor '{}' is {} {}, expected f32 {}", where, tensor.alpha,
         to_string(entry.dtype), entry.shape, tensor.shape);
  }
  file.require_finite(entry);
}

}  // namespace

Gpt2Checkpoint::Gpt2Checkpoint(const fs::path& path) {
  const ResolvedCheckpoint found = resolve_checkpoint(path, CheckpointParts::weights);
  path_ = found.path;
  warning_ = found.warning;
  const CheckpointReader reader(path_);
  const std::string config_where = (path_ / kConfigFile).string();
  config_ = gpt_config_from_json(json_get<Json>(reader.config(), "modelConfig", config_where),
                                 config_where);
  require_gpt2(config_);
  tokenizer_ = read_bpe(reader.tokenizer(), (path_ / kTokenizerFile).string());
  if (tokenizer_->vocab_size() != config_.vocab_size) {
    fail(ErrorCode::corrupt, "{}: the tokenizer has {} tokens, the model a vocabulary of {}",
         path_.string(), tokenizer_->vocab_size(), config_.vocab_size);
  }
  if (const Json* state = reader.trainer_state()) {
    step_ = json_get<std::int64_t>(*state, "step", (path_ / kTrainerStateFile).string());
  }
  tensors_ = gpt2_tensors(config_);
  weights_.emplace(reader.model());
  require_plain(*weights_, path_);
  for (const Gpt2Tensor& tensor : tensors_) {
    if (!tensor.is_zero) check_tensor(*weights_, tensor, (path_ / kModelFile).string());
  }
}

std::span<const std::byte> Gpt2Checkpoint::bytes(const Gpt2Tensor& tensor) const {
  if (tensor.is_zero) return {};
  return weights_->bytes(weights_->get(tensor.alpha));
}

void require_absent(const fs::path& path) {
  std::error_code ignored;
  if (fs::exists(fs::symlink_status(path, ignored))) {
    fail(ErrorCode::io, "'{}' exists already: remove it, or write to another place", path.string());
  }
}

}  // namespace alpha
