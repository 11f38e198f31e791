// What the two kernels of embedding_backward share: positions are sorted by index, and cut into
// chunks of kItems. An invocation has kEach columns.
layout(constant_id = 1) const uint kIsOut32 = 1;  // dweight is f32; otherwise T
layout(constant_id = 2) const uint kEach = 1;     // 2: pairs of 16-bit numbers, read as a word

const uint kItems = 64;

layout(binding = 0) readonly buffer Indices { int indices[]; };
layout(binding = 1) readonly buffer Order { uint order[]; };
layout(binding = 2) buffer Out32 { float out32[]; };
layout(binding = 2) buffer OutT { T out_t[]; };

layout(push_constant) uniform Push {
  uint ahead[4 + IS_FIRST];
  uint n;  // indices
  uint D;
  uint n_chunks;
} push;

#define INDEX_AT(i) indices[AT32(0, order[AT32(1, i)])]

// Sums of what a chunk has of an index that began in an earlier one (side 0), or goes on in the next
// (side 1).
#define PART_AT(chunk, side, column) AT32(3, ((chunk) * 2 + (side)) * push.D + (column))

void add_to_row(int index, uint column, vec2 sums) {
  uint to = uint(index) * push.D + column;
  [[unroll]] for (uint e = 0; e < kEach; ++e) {
    if (kIsOut32 != 0) {
      out32[AT32(2, to + e)] += sums[e];
    } else {
      out_t[AT(2, to + e)] = STORE(LOAD(out_t[AT(2, to + e)]) + sums[e]);
    }
  }
}
