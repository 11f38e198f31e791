// Positions in row-major order, and where they are in tensors walked by strides. Axes are given
// outermost first.
const uint kMaxRank = 6;

#define WALK(i, at, strides)                                    \
  {                                                             \
    uint rest_ = (i);                                           \
    at = 0;                                                     \
    [[unroll]] for (int axis_ = int(kMaxRank) - 1; axis_ >= 0; --axis_) { \
      if (axis_ >= int(push.rank)) continue;                    \
      uint size_ = push.sizes[axis_];                           \
      uint above_ = rest_ / size_;                              \
      at += (rest_ - above_ * size_) * strides[axis_];          \
      rest_ = above_;                                           \
    }                                                           \
  }
