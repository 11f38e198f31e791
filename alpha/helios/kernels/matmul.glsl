// What the portable products share: operands, what becomes of the sums, and where they go.
layout(constant_id = 1) const uint kTransA = 0;
layout(constant_id = 2) const uint kTransB = 0;
layout(constant_id = 3) const uint kIsOut32 = 1;         // out is f32; otherwise T
layout(constant_id = 4) const uint kIsAccumulating = 0;  // out += instead of =
layout(constant_id = 5) const uint kHasBias = 0;         // a row of N, of T
layout(constant_id = 6) const uint kActivation = 0;      // 0 none, 1 gelu, 2 relu, 3 silu
layout(constant_id = 7) const uint kPre = 0;             // what the activation is applied to: 0 is not kept, 1 as f32, 2 as T

layout(binding = 0) readonly buffer A { T a[]; };
layout(binding = 1) readonly buffer B { T b[]; };
layout(binding = 2) readonly buffer Bias { T bias[]; };
layout(binding = 3) buffer Out32 { float out32[]; };
layout(binding = 3) buffer OutT { T out_t[]; };
layout(binding = 4) writeonly buffer Pre32 { float pre32[]; };
layout(binding = 4) writeonly buffer PreT { T pre_t[]; };

layout(push_constant) uniform Push {
  uint ahead[5];
  uint M;
  uint N;
  uint K;
  uint a_step;  // elements from one matrix of the batch to the next
  uint b_step;
  uint n_row_tiles;
  uint part_depth;  // of K; a part each has a result of its own
  uint part_step;   // elements from one of them to the next
} push;

// Row and column of a matrix of the batch: `value` is the sum of the products, or of this part's.
void write_sum(uint batch, uint row, uint column, float value) {
  if (row >= push.M || column >= push.N) return;
  uint at = gl_WorkGroupID.z * push.part_step + (batch * push.M + row) * push.N + column;
  if (kHasBias != 0) value += LOAD(bias[AT(2, column)]);
  if (kPre == 1) pre32[AT32(4, at)] = value;
  if (kPre == 2) pre_t[AT(4, at)] = STORE(value);
  value = activate(kActivation, value);
  if (kIsOut32 != 0) {
    uint to = AT32(3, at);
    out32[to] = kIsAccumulating != 0 ? out32[to] + value : value;
  } else {
    uint to = AT(3, at);
    out_t[to] = STORE(kIsAccumulating != 0 ? LOAD(out_t[to]) + value : value);
  }
}
