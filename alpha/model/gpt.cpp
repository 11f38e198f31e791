#include "alpha/model/gpt.h"

#include "alpha/autograd/checkpoint.h"
#include "alpha/autograd/ops.h"
#include "alpha/tensor/ops/embedding.h"

namespace alpha {

namespace {

// Dropout masks of a forward pass are numbered layer by layer, in the order in which the original
// draws them.
constexpr std::uint32_t kMasksPerLayer = 3;
constexpr std::uint32_t kAttentionMask = 0;
constexpr std::uint32_t kProjectionMask = 1;
constexpr std::uint32_t kFfnMask = 2;

Activation plain_activation(FfnActivation activation) {
  switch (activation) {
    case FfnActivation::gelu: return Activation::gelu;
    case FfnActivation::relu: return Activation::relu;
    case FfnActivation::silu: return Activation::silu;
    case FfnActivation::swiglu: break;
  }
  return Activation::none;
}

/// The first n rows of a weight with their gradient; without a copy where the weight is a
/// parameter.
Variable first_rows(Tape& tape, const Variable& weight, std::int64_t n) {
  const Tensor& accumulator = weight.target().accumulator;
  if (weight.requires_grad() && !accumulator.is_defined()) return slice(tape, weight, 0, 0, n);
  const std::int64_t C = weight.shape()[1];
  const auto view = [&](const Tensor& whole) { return whole.flat(0, n * C).reshape({n, C}); };
  return accumulator.is_defined() ? Variable(view(weight.data()), view(accumulator))
                                  : Variable(view(weight.data()));
}

Variable normalize(Tape& tape, const GptConfig& config, const Variable& x,
                   const NormWeights& norm) {
  if (config.norm == Norm::rms_norm) return rms_norm(tape, x, norm.weight);
  return layer_norm(tape, x, norm.weight, norm.bias);
}

Variable apply(Tape& tape, const Variable& x, const LinearWeights& weights,
               Activation activation = Activation::none) {
  if (weights.weight.packed.is_defined()) {
    ALPHA_CHECK(!tape.is_recording(), "packed weights have no gradient");
    return Variable(packed_linear(tape.backend(), x.data(), weights.weight.packed,
                                  weights.bias.data(), {.activation = activation}));
  }
  return linear(tape, x, weights.weight.variable, weights.bias, {.activation = activation});
}

Variable embed(Tape& tape, const WeightMatrix& table, const Tensor& tokens) {
  if (!table.packed.is_defined()) return embedding(tape, table.variable, tokens);
  return Variable(packed_embedding(tape.backend(), table.packed, tokens));
}

/// The logits of hidden states x.
Variable unembed(Tape& tape, const Variable& x, const WeightMatrix& head) {
  if (head.packed.is_defined()) return apply(tape, x, {.weight = head, .bias = {}});
  return linear(tape, x, head.variable, Variable(), {.is_output_accumulation_dtype = true});
}

/// One layer of one forward pass.
struct Layer {
  const GptConfig& config;
  const LayerWeights& weights;
  ForwardOptions options;
  std::uint32_t index;

  Variable operator()(Tape& tape, const Variable& x) const {
    const Variable h = normalize(tape, config, x, weights.ln1);
    const Variable mixed = attend(tape, apply(tape, h, weights.wqkv));
    const Variable y = add_product(tape, x, mixed, weights.wo, kProjectionMask);
    const Variable f = feed_forward(tape, normalize(tape, config, y, weights.ln2));
    return add_product(tape, y, f, weights.fc_out, kFfnMask);
  }

 private:
  Variable attend(Tape& tape, const Variable& qkv) const {
    if (options.paged != nullptr) {
      return Variable(
          paged_attention(tape.backend(), qkv.data(), options.paged->rows,
                          {.layer = index, .n_heads = config.n_head, .soft_cap = config.soft_cap}));
    }
    return attention(tape, qkv,
                     {.n_heads = config.n_head,
                      .soft_cap = config.soft_cap,
                      .dropout = dropout(),
                      .key = key(kAttentionMask)});
  }

  /// What the feed-forward block's last product is applied to.
  Variable feed_forward(Tape& tape, const Variable& h) const {
    if (config.activation == FfnActivation::swiglu) {
      const Variable gate = apply(tape, h, weights.fc_gate);
      return swiglu(tape, gate, apply(tape, h, weights.fc_in));
    }
    return apply(tape, h, weights.fc_in, plain_activation(config.activation));
  }

  /// residual + drop(x · matrixᵀ + bias)
  Variable add_product(Tape& tape, const Variable& residual, const Variable& x,
                       const LinearWeights& matrix, std::uint32_t mask) const {
    if (!matrix.weight.packed.is_defined()) {
      return residual_dropout(tape, residual, apply(tape, x, matrix), dropout(), key(mask));
    }
    ALPHA_CHECK(!options.is_training, "packed weights are for inference alone");
    return Variable(packed_linear(tape.backend(), x.data(), matrix.weight.packed,
                                  matrix.bias.data(), {.residual = residual.data()}));
  }

  double dropout() const { return options.is_training ? config.dropout : 0; }

  DropoutKey key(std::uint32_t mask) const {
    return {.seed = options.dropout_seed, .counter = index * kMasksPerLayer + mask};
  }
};

void check_forward(Tape& tape, const GptConfig& config, const Tensor& tokens,
                   const ForwardOptions& options) {
  if (tokens.rank() != 2 || tokens.dtype() != DType::i32 || tokens.numel() == 0) {
    fail_invalid("[gpt] tokens are {} {}, expected i32 [batch, time] with at least one token",
                 to_string(tokens.dtype()), tokens.shape());
  }
  if (options.paged != nullptr) {
    ALPHA_CHECK(!tape.is_recording(), "a paged step has no gradient");
    if (tokens.shape()[0] != 1) {
      fail_invalid("[gpt] tokens of a paged step have shape {}, expected [1, rows]",
                   tokens.shape());
    }
    return;
  }
  if (tokens.shape()[1] > config.block_size) {
    fail_invalid("[gpt] {} positions, expected at most {}", tokens.shape()[1], config.block_size);
  }
}

}  // namespace

GptWeights gpt_weights(const GptConfig& config,
                       const std::function<WeightMatrix(const std::string&)>& by_name) {
  const auto norm = [&](const std::string& name) -> NormWeights {
    const bool has_bias = config.norm == Norm::layer_norm && config.has_norm_bias;
    return {.weight = by_name(name + ".weight").variable,
            .bias = has_bias ? by_name(name + ".bias").variable : Variable()};
  };
  const auto linear = [&](const std::string& name) -> LinearWeights {
    return {.weight = by_name(name),
            .bias = config.has_bias ? by_name(name + ".bias").variable : Variable()};
  };
  GptWeights weights;
  weights.wte = by_name("wte");
  weights.wpe = by_name("wpe").variable;
  weights.lm_head = config.is_tied ? weights.wte : by_name("lmHead");
  weights.ln_f = norm("lnF");
  const bool is_gated = config.activation == FfnActivation::swiglu;
  for (std::int64_t i = 0; i < config.n_layer; ++i) {
    const std::string prefix = fmt::format("layer.{}.", i);
    weights.layers.push_back(
        {.ln1 = norm(prefix + "ln1"),
         .wqkv = linear(prefix + "attn.wqkv"),
         .wo = linear(prefix + "attn.wo"),
         .ln2 = norm(prefix + "ln2"),
         .fc_gate = is_gated ? linear(prefix + "mlp.fc_gate") : LinearWeights{},
         .fc_in = linear(prefix + (is_gated ? "mlp.fc_up" : "mlp.fc1")),
         .fc_out = linear(prefix + (is_gated ? "mlp.fc_proj" : "mlp.fc2"))});
  }
  return weights;
}

GptWeights gpt_weights(const GptConfig& config, const Parameters& parameters) {
  return gpt_weights(config, [&](const std::string& name) -> WeightMatrix {
    return {.variable = parameters.variable(parameters.index(name))};
  });
}

Variable gpt_forward(Tape& tape, const GptConfig& config, const GptWeights& weights,
                     const Tensor& tokens, const ForwardOptions& options) {
  check_forward(tape, config, tokens, options);
  Variable x = embed(tape, weights.wte, tokens);
  if (options.paged != nullptr) {
    x = add(tape, x, embedding(tape, weights.wpe, options.paged->rows.positions));
  } else {
    x = add(tape, x, first_rows(tape, weights.wpe, tokens.shape()[1]));
  }
  for (std::size_t i = 0; i < weights.layers.size(); ++i) {
    const Layer layer{.config = config,
                      .weights = weights.layers[i],
                      .options = options,
                      .index = static_cast<std::uint32_t>(i)};
    x = options.is_checkpointing && tape.is_recording() ? checkpoint(tape, x, layer)
                                                        : layer(tape, x);
  }
  const auto pick = [&](const Tensor& rows) {
    const Tensor picked = embedding(tape.backend(), x.data().as_matrix(), rows);
    return Variable(picked.reshape({1, rows.numel(), config.n_embd}));
  };
  if (options.paged != nullptr && options.paged->hidden != nullptr) {
    const Variable hidden = normalize(tape, config, pick(options.paged->hidden_rows), weights.ln_f);
    *options.paged->hidden = hidden.data().as_matrix();
  }
  if (options.paged != nullptr && options.paged->logit_rows.is_defined()) {
    x = pick(options.paged->logit_rows);
  }
  return unembed(tape, normalize(tape, config, x, weights.ln_f), weights.lm_head);
}

void check_tokens(std::span<const std::int32_t> tokens, std::int64_t vocab_size) {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] < 0 || tokens[i] >= vocab_size) {
      fail_invalid("token {} is {}, expected 0 to {}", i, tokens[i], vocab_size - 1);
    }
  }
}

}  // namespace alpha
