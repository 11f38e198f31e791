#version 450
// variants: f32 bf16 f16
// softmax or log_softmax of lines: line l = (o, i) has its elements at o · n · inner + i + j · inner.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "reduce.glsl"

layout(constant_id = 1) const uint kIsLog = 0;

layout(binding = 0) readonly buffer X { T x[]; };
layout(binding = 1) writeonly buffer Out { T result[]; };

layout(push_constant) uniform Push {
  uint ahead[2];
  uint n_lines;
  uint n;
  uint inner;
} push;

void main() {
  FOR_EACH_ROW(line, push.n_lines) {
    uint first = line / push.inner * push.n * push.inner + line % push.inner;
    float largest = -kInfinity;
    FOR_EACH_COLUMN(j, push.n) largest = max(largest, LOAD(x[AT(0, first + j * push.inner)]));
    largest = workgroup_max(largest);
    float shift = largest == -kInfinity ? 0.0 : largest;
    float sum = 0.0;
    FOR_EACH_COLUMN(j, push.n) sum += exp(LOAD(x[AT(0, first + j * push.inner)]) - shift);
    sum = workgroup_sum(sum);
    float lse = shift + log(sum);
    FOR_EACH_COLUMN(j, push.n) {
      uint at = first + j * push.inner;
      float value = LOAD(x[AT(0, at)]);
      float softmax = sum == 0.0 ? 0.0 : exp(value - shift) / sum;
      float log_softmax = sum == 0.0 ? value : value - lse;
      result[AT(1, at)] = STORE(kIsLog != 0 ? log_softmax : softmax);
    }
  }
}
