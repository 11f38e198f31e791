// The denominator of the softmax of a row, and its loss: for cross_entropy.comp and
// cross_entropy_gradient.comp, which declare the push constants before.
layout(binding = 0) readonly buffer Logits { T logits[]; };
layout(binding = 0) readonly buffer LogitsUnits { uvec4 logits_units[]; };
layout(binding = 1) readonly buffer Targets { int targets[]; };
layout(binding = 2) writeonly buffer Losses { float losses[]; };

struct Softmax {
  float shift;
  float sum;  // of e^(logit - shift)
};

const uint kAtOnce = 4;

// One pass over the row that begins at `first`: the largest so far, and the sum of what is relative
// to it.
Softmax softmax_of_row(uint first) {
  float largest = -kInfinity;
  float sum = 0.0;
  for (uint j0 = gl_LocalInvocationID.x * kUnit; j0 < push.n; j0 += gl_WorkGroupSize.x * kUnit * kAtOnce) {
    float values[kAtOnce][kUnit];
    float above = largest;
    [[unroll]] for (uint i = 0; i < kAtOnce; ++i) {
      uint j = j0 + i * gl_WorkGroupSize.x * kUnit;
      if (j < push.n) LOAD_OF_ROW(logits, 0, first, j, values[i])
      FOR_UNIT(e) values[i][e] = j + e < push.n ? values[i][e] : -kInfinity;
      FOR_UNIT(e) above = max(above, values[i][e]);
    }
    // A NaN may not be the largest of anything: it counts through the sum.
    float base = above == -kInfinity ? 0.0 : above;
    sum *= exp(largest - base);
    [[unroll]] for (uint i = 0; i < kAtOnce; ++i) FOR_UNIT(e) sum += exp(values[i][e] - base);
    largest = above;
  }
  float shift = workgroup_max(largest);
  shift = shift == -kInfinity ? 0.0 : shift;
  return Softmax(shift, workgroup_sum(largest == -kInfinity && sum == 0.0 ? 0.0 : sum * exp(largest - shift)));
}

// By one invocation.
void store_loss(uint row, uint first, int target, Softmax softmax) {
  float lse = softmax.shift + log(softmax.sum);
  losses[AT32(2, row)] = target == push.ignored ? 0.0 : lse - LOAD(logits[AT(0, first + uint(target))]);
}
