#include "alpha/checkpoint/gpt2_layout.h"

#include <string_view>

namespace alpha {

namespace {

class TensorList {
 public:
  explicit TensorList(const GptConfig& config) : config_(config) {}

  void embedding(const char* alpha, const char* hf, const char* gguf, std::int64_t rows) {
    tensors_.push_back({alpha, hf, gguf, {rows, config_.n_embd}});
  }

  void norm(const std::string& alpha, const std::string& hf, const std::string& gguf) {
    const Shape shape = {config_.n_embd};
    tensors_.push_back({alpha + ".weight", hf + ".weight", gguf + ".weight", shape});
    tensors_.push_back({.alpha = alpha + ".bias",
                        .hf = hf + ".bias",
                        .gguf = gguf + ".bias",
                        .shape = shape,
                        .is_zero = !config_.has_norm_bias});
  }

  void linear(const std::string& alpha, const std::string& hf, const std::string& gguf,
              std::int64_t outputs, std::int64_t inputs) {
    tensors_.push_back({.alpha = alpha,
                        .hf = hf + ".weight",
                        .gguf = gguf + ".weight",
                        .shape = {outputs, inputs},
                        .is_hf_transposed = true});
    tensors_.push_back({.alpha = alpha + ".bias",
                        .hf = hf + ".bias",
                        .gguf = gguf + ".bias",
                        .shape = {outputs},
                        .is_zero = !config_.has_bias});
  }

  void layer(std::int64_t i) {
    const std::string alpha = fmt::format("layer.{}.", i);
    const std::string hf = fmt::format("h.{}.", i);
    const std::string gguf = fmt::format("blk.{}.", i);
    const std::int64_t C = config_.n_embd;
    const std::int64_t ffn_dim = config_.resolved_ffn_dim();
    norm(alpha + "ln1", hf + "ln_1", gguf + "attn_norm");
    linear(alpha + "attn.wqkv", hf + "attn.c_attn", gguf + "attn_qkv", 3 * C, C);
    linear(alpha + "attn.wo", hf + "attn.c_proj", gguf + "attn_output", C, C);
    norm(alpha + "ln2", hf + "ln_2", gguf + "ffn_norm");
    linear(alpha + "mlp.fc1", hf + "mlp.c_fc", gguf + "ffn_up", ffn_dim, C);
    linear(alpha + "mlp.fc2", hf + "mlp.c_proj", gguf + "ffn_down", C, ffn_dim);
  }

  std::vector<Gpt2Tensor> take() { return std::move(tensors_); }

 private:
  const GptConfig& config_;
  std::vector<Gpt2Tensor> tensors_;
};

template<class Value>
void require(bool is_met, std::string_view option, const Value& value, std::string_view expected) {
  if (is_met) return;
  fail(ErrorCode::unsupported,
       "[export] GPT-2's layout cannot express this model: its {} is {}, expected {}", option,
       value, expected);
}

}  // namespace

std::vector<Gpt2Tensor> gpt2_tensors(const GptConfig& config) {
  TensorList list(config);
  list.embedding("wte", "wte.weight", "token_embd.weight", config.vocab_size);
  list.embedding("wpe", "wpe.weight", "position_embd.weight", config.block_size);
  for (std::int64_t i = 0; i < config.n_layer; ++i) list.layer(i);
  list.norm("lnF", "ln_f", "output_norm");
  if (!config.is_tied) {
    list.embedding("lmHead", "lm_head.weight", "output.weight", config.vocab_size);
  }
  return list.take();
}

void require_gpt2(const GptConfig& config) {
  require(config.soft_cap == 0, "softCap", config.soft_cap, "0");
  require(config.norm == Norm::layer_norm, "norm", to_string(config.norm), "layer_norm");
  require(config.activation == FfnActivation::gelu, "ffnActivation", to_string(config.activation),
          "gelu");
}

}  // namespace alpha
