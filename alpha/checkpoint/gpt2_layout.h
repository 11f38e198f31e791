#pragma once

#include <string>
#include <vector>

#include "alpha/model/gpt_config.h"
#include "alpha/tensor/shape.h"

namespace alpha {

/// A tensor of GPT-2 under its three names.
struct Gpt2Tensor {
  std::string alpha;  // layer.0.attn.wqkv
  std::string hf;     // h.0.attn.c_attn.weight
  std::string gguf;   // blk.0.attn_qkv.weight
  Shape shape;        // Alpha's, and GGUF's read from its end: [outputs, inputs]
  // Hugging Face keeps the weights of GPT-2's linear layers as [inputs, outputs].
  bool is_hf_transposed = false;
  // A bias that the model was trained without. GPT-2's layouts demand it; zeros stand for it.
  bool is_zero = false;
};

/// All tensors of GPT-2's layouts for a model that `require_gpt2` accepts, biases included.
std::vector<Gpt2Tensor> gpt2_tensors(const GptConfig& config);

/// Whether a model computes what GPT-2's layouts can say. Error(unsupported): the first option that
/// they have no word for, and its value.
void require_gpt2(const GptConfig& config);

}  // namespace alpha
