// Reductions over a workgroup, in an order that depends on its size alone: the same bits each time.
const uint kMostSubgroups = 256;
shared float partials_[kMostSubgroups];

#define WORKGROUP_REDUCE(name, in_subgroup, in_turn)                    \
  float name(float value) {                                             \
    float part = in_subgroup(value);                                    \
    barrier();                                                          \
    if (subgroupElect()) partials_[gl_SubgroupID] = part;               \
    barrier();                                                          \
    float result = partials_[0];                                        \
    for (uint i = 1; i < gl_NumSubgroups; ++i) {                        \
      float other = partials_[i];                                       \
      result = in_turn;                                                 \
    }                                                                   \
    return result;                                                      \
  }

WORKGROUP_REDUCE(workgroup_sum, subgroupAdd, result + other)
WORKGROUP_REDUCE(workgroup_max, subgroupMax, max(result, other))

// The rows of a kernel with a workgroup a row.
#define FOR_EACH_ROW(row, n) for (uint row = gl_WorkGroupID.x; row < (n); row += gl_NumWorkGroups.x)
// What an invocation does of a row.
#define FOR_EACH_COLUMN(column, n) for (uint column = gl_LocalInvocationID.x; column < (n); column += gl_WorkGroupSize.x)
