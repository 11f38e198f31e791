#include <cstring>

#include "alpha/cpu/cpu_backend.h"
#include "alpha/cpu/kernels/broadcast.h"
#include "alpha/tensor/ops/reduce.h"

namespace alpha::cpu {

void broadcast_to(CpuBackend& backend, const BroadcastToArgs& args) {
  const auto size = static_cast<std::int64_t>(size_of(args.dtype()));
  const std::array shapes = {args.x.shape()};
  const BroadcastRuns runs(args.out.shape(), shapes);
  runs.for_each(backend.pool(), [&](std::int64_t run, std::int64_t begin, std::int64_t end) {
    const std::byte* x = args.x.raw() + runs.offset(0, run, begin) * size;
    std::byte* out = args.out.raw() + (run * runs.size() + begin) * size;
    const auto size_bytes = static_cast<std::size_t>((end - begin) * size);
    if (!runs.is_repeated(0)) {
      std::memcpy(out, x, size_bytes);
      return;
    }
    // What is filled already is the source of the next, twice as long copy.
    auto filled = static_cast<std::size_t>(size);
    std::memcpy(out, x, filled);
    while (filled < size_bytes) {
      const std::size_t n = std::min(filled, size_bytes - filled);
      std::memcpy(out + filled, out, n);
      filled += n;
    }
  });
}

}  // namespace alpha::cpu
