// What products with packed weights have in common: a workgroup has up to kRows rows and outputs of
// a panel; an invocation the kEach outputs of them that 16 bytes hold, and a share of the inputs.
// The shares of a row are added up in an order that the weights alone decide: a row's bits do not
// depend on the other rows.
layout(constant_id = 1) const uint kHasBias = 0;
layout(constant_id = 2) const uint kHasResidual = 0;
layout(constant_id = 3) const uint kActivation = 0;  // 0 none, 1 gelu, 2 relu, 3 silu
layout(constant_id = 4) const uint kRows = 8;
layout(constant_id = 5) const uint kLanes = 4;  // invocations side by side, for all outputs of the workgroup
layout(constant_id = 6) const uint kParts = 1;  // workgroups that share a panel

const uint kMostRows = 8;
const uint kMostEach = 8;
const uint kMostInvocations = 256;

layout(binding = 4) readonly buffer Bias { float bias[]; };
layout(binding = 5) readonly buffer Residual { float residual[]; };
layout(binding = 6) writeonly buffer Out { float result[]; };

layout(push_constant) uniform Push {
  uint ahead[7];
  uint n_rows;
  uint N;
  uint K;
  uint block;
  uint n_blocks;
} push;

shared float shares_[kMostEach * kMostInvocations];
shared float parts_[kMostRows * kMostInvocations];

// Adds up what invocations have, kEach outputs of each row, and writes the results. `first_output`
// is that of the workgroup.
#define WRITE_SUMS(sums, kEach, first_row, first_output)                                          \
  {                                                                                               \
    uint local_ = gl_LocalInvocationID.x;                                                         \
    uint size_ = gl_WorkGroupSize.x;                                                              \
    const uint n_outputs_ = kLanes * kEach;                                                       \
    [[unroll]] for (uint r = 0; r < kRows; ++r) {                                                 \
      barrier();                                                                                  \
      [[unroll]] for (uint e = 0; e < kEach; ++e) shares_[local_ * kEach + e] = sums[r][e];       \
      barrier();                                                                                  \
      /* Of output local_ % n_outputs_, kEach shares. */                                          \
      uint from_ = local_ / n_outputs_ * kEach * n_outputs_ + local_ % n_outputs_;                \
      float part_ = 0.0;                                                                          \
      [[unroll]] for (uint i = 0; i < kEach; ++i) part_ += shares_[from_ + i * n_outputs_];       \
      parts_[r * size_ + local_] = part_;                                                         \
    }                                                                                             \
    barrier();                                                                                    \
    for (uint i = local_; i < kRows * n_outputs_; i += size_) {                                   \
      uint r = i / n_outputs_;                                                                    \
      uint n = first_output + i % n_outputs_;                                                     \
      if (first_row + r >= push.n_rows || n >= push.N) continue;                                  \
      float sum_ = 0.0;                                                                           \
      for (uint at_ = i % n_outputs_; at_ < size_; at_ += n_outputs_) sum_ += parts_[r * size_ + at_]; \
      if (kHasBias != 0) sum_ += bias[AT32(4, n)];                                                \
      sum_ = activate(kActivation, sum_);                                                               \
      uint to_ = (first_row + r) * push.N + n;                                                    \
      if (kHasResidual != 0) sum_ += residual[AT32(5, to_)];                                      \
      result[AT32(6, to_)] = sum_;                                                                \
    }                                                                                             \
  }
