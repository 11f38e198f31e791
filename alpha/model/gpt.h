#pragma once

#include <functional>
#include <vector>

#include "alpha/autograd/tape.h"
#include "alpha/core/rng.h"
#include "alpha/model/gpt_config.h"
#include "alpha/model/parameters.h"
#include "alpha/tensor/ops/packed.h"
#include "alpha/tensor/ops/paged_attention.h"

namespace alpha {

/// A weight matrix [outputs, inputs]: a variable, or packed for inference alone.
struct WeightMatrix {
  Variable variable;
  PackedMatrix packed = {};
};

/// A weight matrix and its bias [outputs], which may be undefined.
struct LinearWeights {
  WeightMatrix weight;
  Variable bias;
};

/// A norm's weight [C] and bias [C], which may be undefined.
struct NormWeights {
  Variable weight;
  Variable bias;
};

struct LayerWeights {
  NormWeights ln1;
  LinearWeights wqkv;  // [3C, C]
  LinearWeights wo;    // [C, C]
  NormWeights ln2;
  LinearWeights fc_gate;  // [F, C]; swiglu only
  LinearWeights fc_in;    // [F, C]: fc1, or fc_up of swiglu
  LinearWeights fc_out;   // [C, F]: fc2, or fc_proj of swiglu
};

/// The weights by their role. Handles: many may share the same memory, read-only.
struct GptWeights {
  WeightMatrix wte;      // [V, C]
  Variable wpe;          // [block_size, C]
  WeightMatrix lm_head;  // [V, C]; wte when tied
  NormWeights ln_f;
  std::vector<LayerWeights> layers;
};

/// Collects the weights from wherever they live, by name.
GptWeights gpt_weights(const GptConfig& config,
                       const std::function<WeightMatrix(const std::string&)>& by_name);

/// From training parameters.
GptWeights gpt_weights(const GptConfig& config, const Parameters& parameters);

/// A step of many sequences whose keys and values are kept in blocks.
struct PagedStep {
  PagedRows rows;
  Tensor logit_rows;         // [n] i32: the rows whose logits are wanted; undefined: all
  Tensor hidden_rows = {};   // [m] i32: the rows whose last hidden states are wanted
  Tensor* hidden = nullptr;  // where they go: [m, C] f32, what the logits are made of
};

struct ForwardOptions {
  bool is_training = false;          // dropout happens
  std::int32_t dropout_seed = 0;     // of this forward pass; masks are functions of it
  bool is_checkpointing = false;     // keep one input per layer and recompute the rest in backward
  const PagedStep* paged = nullptr;  // the T tokens are rows of many sequences; inference only
};

/// The one definition of the architecture: training, evaluation, prefill and decode. Pre-norm
/// decoder: x = wte[token] + wpe[position]; per layer x += drop(wo · attention(norm(x))),
/// x += drop(ffn(norm(x))); logits = norm(x) · lm_headᵀ.
///
/// tokens [B, T], i32, each in [0, V) -> logits [B, T, V] in the accumulation dtype. In a paged
/// step, tokens [1, R] -> logits [1, n, V]. `config` and `weights` outlive the backward pass.
/// Error: more positions than the block holds, with the numbers.
Variable gpt_forward(Tape& tape, const GptConfig& config, const GptWeights& weights,
                     const Tensor& tokens, const ForwardOptions& options = {});

/// Refuses ids outside [0, vocab_size): `token 7 is 99, expected 0 to 64`. Call it where ids enter.
void check_tokens(std::span<const std::int32_t> tokens, std::int64_t vocab_size);

}  // namespace alpha
