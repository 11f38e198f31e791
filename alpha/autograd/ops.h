#pragma once

#include <span>

#include "alpha/autograd/tape.h"
#include "alpha/tensor/ops/attention.h"
#include "alpha/tensor/ops/cross_entropy.h"
#include "alpha/tensor/ops/dropout.h"
#include "alpha/tensor/ops/linear.h"
#include "alpha/tensor/ops/matmul.h"

namespace alpha {

// Every op with its gradient. Shapes, dtypes and errors are those of the op of the same name in
// alpha/tensor/ops; one file of ops/ holds a family, forward and backward side by side.

// binary: gradients are summed back to the shape of each operand.
Variable add(Tape& tape, const Variable& a, const Variable& b);
Variable sub(Tape& tape, const Variable& a, const Variable& b);
Variable mul(Tape& tape, const Variable& a, const Variable& b);
Variable div(Tape& tape, const Variable& a, const Variable& b);

// unary
Variable neg(Tape& tape, const Variable& x);
Variable exp(Tape& tape, const Variable& x);
Variable log(Tape& tape, const Variable& x);
Variable sqrt(Tape& tape, const Variable& x);
Variable pow(Tape& tape, const Variable& x, double exponent);
Variable scale(Tape& tape, const Variable& x, double factor);
Variable clamp(Tape& tape, const Variable& x, double low, double high);
Variable relu(Tape& tape, const Variable& x);
Variable gelu(Tape& tape, const Variable& x);
Variable silu(Tape& tape, const Variable& x);
Variable soft_cap(Tape& tape, const Variable& x, double cap);

// swiglu
Variable swiglu(Tape& tape, const Variable& gate, const Variable& up);

// reduce
Variable sum(Tape& tape, const Variable& x);
Variable mean(Tape& tape, const Variable& x);
Variable sum(Tape& tape, const Variable& x, int axis, bool keepdims = false);
Variable mean(Tape& tape, const Variable& x, int axis, bool keepdims = false);
Variable broadcast_to(Tape& tape, const Variable& x, const Shape& shape);

// matmul, linear
Variable matmul(Tape& tape, const Variable& a, const Variable& b, MatmulOptions options = {});

struct LinearLayer {
  Activation activation = Activation::none;
  bool is_output_accumulation_dtype = false;  // gradients still arrive in the dtype of x
};

/// x [..., K], weight [M, K], bias [M] or undefined -> [..., M].
Variable linear(Tape& tape, const Variable& x, const Variable& weight, const Variable& bias,
                LinearLayer layer = {});

// embedding
Variable embedding(Tape& tape, const Variable& weight, const Tensor& indices);

// layer_norm, rms_norm: bias may be undefined.
Variable layer_norm(Tape& tape, const Variable& x, const Variable& weight, const Variable& bias,
                    double eps = 1e-5);
Variable rms_norm(Tape& tape, const Variable& x, const Variable& weight, double eps = 1e-5);

// softmax
Variable softmax(Tape& tape, const Variable& x, int axis = -1);
Variable log_softmax(Tape& tape, const Variable& x, int axis = -1);

struct CrossEntropyOptions {
  std::int32_t ignore_index = kIgnoreIndex;
  double dloss = 1;  // what backward is expected to bring; not 0. Anything else costs one more pass
};

// cross_entropy: mean over targets that are not ignore_index, a scalar of the accumulation dtype.
// The gradient is made with the loss: from here on nothing needs the logits.
Variable cross_entropy(Tape& tape, const Variable& logits, const Tensor& targets,
                       const CrossEntropyOptions& options = {});

// dropout: the identity for p = 0.
Variable dropout(Tape& tape, const Variable& x, double p, DropoutKey key);
Variable residual_dropout(Tape& tape, const Variable& residual, const Variable& x, double p,
                          DropoutKey key);

// layout
Variable reshape(Tape& tape, const Variable& x, const Shape& shape);
Variable transpose(Tape& tape, const Variable& x, int axis0, int axis1);
Variable slice(Tape& tape, const Variable& x, int axis, std::int64_t begin, std::int64_t end);
Variable slice(Tape& tape, const Variable& x, std::span<const std::int64_t> starts,
               std::span<const std::int64_t> ends);
Variable cat(Tape& tape, std::span<const Variable> variables, int axis);

// gather, topk, masked_fill, cast. Indices carry no gradient.
Variable gather(Tape& tape, const Variable& x, int axis, const Tensor& indices);

struct TopkVariables {
  Variable values;
  Tensor indices;
};

TopkVariables topk(Tape& tape, const Variable& x, std::int64_t k, int axis = -1);
Variable masked_fill(Tape& tape, const Variable& x, const Tensor& mask, double value);
Variable cast(Tape& tape, const Variable& x, DType dtype);

// attention: qkv [B, T, 3C] -> [B, T, C], by the fused kernel where the backend has one, else
// composed.
Variable attention(Tape& tape, const Variable& qkv, const AttentionOptions& options);

/// The same from matmul, softmax and dropout, with its [B, H, T, T] weights in memory: what the
/// fused kernel is tested against.
Variable attention_composed(Tape& tape, const Variable& qkv, const AttentionOptions& options);

}  // namespace alpha
