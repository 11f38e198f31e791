#include "alpha/tensor/backend.h"

namespace alpha {

void KernelTable::run(Backend& backend, OpId op, DType dtype, const void* args) const {
  const Entry& found = entry(op, dtype);
  if (found.run == nullptr) {
    fail(ErrorCode::unsupported, "[{}] backend '{}' has no kernel for dtype {}", to_string(op),
         backend.name(), to_string(dtype));
  }
  found.run(backend, args);
}

}  // namespace alpha
