#version 450
// Rows of x [n_rows, K] as products with integer weights see them: within a block of inputs, scale =
// largest magnitude / 127, q = round(x / scale). Four q in a word, rows of blocks · block / 4 words.
// A workgroup has a block, an invocation a word.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "reduce.glsl"

layout(binding = 0) readonly buffer X { float x[]; };
layout(binding = 1) writeonly buffer Words { uint words[]; };
layout(binding = 2) writeonly buffer Scales { float scales[]; };

layout(push_constant) uniform Push {
  uint ahead[3];
  uint n;  // rows · blocks
  uint K;
  uint block;
  uint n_blocks;
} push;

const float kLeastMagnitude = 1e-30;

// a / b, rounded as IEEE has it: Vulkan's own may be some units off, and a q with it. Of the
// neighbours of its result the one with the smallest exact remainder.
float divide(float a, float b) {
  float guess = a / b;
  float best = guess;
  float least = kInfinity;
  for (int step = -2; step <= 2; ++step) {
    float candidate = uintBitsToFloat(uint(int(floatBitsToUint(guess)) + step));
    precise float product = candidate * b;
    precise float scaled = 4097.0 * candidate;
    precise float c1 = scaled - (scaled - candidate);
    precise float c2 = candidate - c1;
    precise float scaled_b = 4097.0 * b;
    precise float b1 = scaled_b - (scaled_b - b);
    precise float b2 = b - b1;
    precise float error = ((c1 * b1 - product) + c1 * b2 + c2 * b1) + c2 * b2;
    precise float remainder = abs((a - product) - error);
    if (remainder < least) {
      least = remainder;
      best = candidate;
    }
  }
  return best;
}

void main() {
  FOR_EACH_ROW(i, push.n) {
    uint row = i / push.n_blocks;
    uint begin = i % push.n_blocks * push.block;
    uint word = gl_LocalInvocationID.x;
    bool has_word = word < push.block / 4;
    vec4 values = vec4(0.0);
    [[unroll]] for (uint j = 0; j < 4; ++j) {
      uint k = begin + 4 * word + j;
      if (has_word && k < push.K) values[j] = x[AT32(0, row * push.K + k)];
    }
    bool is_bad = any(isnan(values)) || any(isinf(values));
    vec4 sizes = abs(values);
    float largest = workgroup_max(is_bad ? 0.0 : max(max(sizes.x, sizes.y), max(sizes.z, sizes.w)));
    bool is_finite = workgroup_max(is_bad ? 1.0 : 0.0) == 0.0;
    float inverse = largest < kLeastMagnitude || !is_finite ? 0.0 : divide(127.0, largest);
    if (word == 0) scales[AT32(2, i)] = is_finite ? largest / 127.0 : kNaN;
    if (!has_word) continue;
    ivec4 q = ivec4(roundEven(is_finite ? values * inverse : vec4(0.0)));
    words[AT32(1, (row * push.n_blocks * push.block + begin) / 4 + word)] =
        (uint(q.x) & 0xffu) | (uint(q.y) & 0xffu) << 8 | (uint(q.z) & 0xffu) << 16 | (uint(q.w) & 0xffu) << 24;
  }
}
