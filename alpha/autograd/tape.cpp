#include "alpha/autograd/tape.h"

#include <algorithm>

#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/binary.h"
#include "alpha/tensor/ops/cast.h"
#include "alpha/tensor/ops/reduce.h"

namespace alpha {

namespace {
constexpr std::size_t kChunkBytes = std::size_t{64} * 1024;
}

Tape::Tape(Backend& backend, bool is_recording) : backend_(backend), is_recording_(is_recording) {}

Tape::~Tape() {
  drop_nodes();
}

Variable Tape::leaf(const Tensor& data) {
  Variable result(data);
  result.target_.slot = new_slot();
  return result;
}

Tensor Tape::grad(const Variable& leaf) const {
  const int slot = leaf.target().slot;
  ALPHA_CHECK(slot >= 0 && static_cast<std::size_t>(slot) < gradients_.size(),
              "not a leaf of this tape");
  return gradients_[static_cast<std::size_t>(slot)];
}

void Tape::add_grad(const GradTarget& target, Tensor gradient) {
  if (!target.is_needed()) return;
  ALPHA_CHECK(gradient.shape() == target.shape, "gradient has another shape than its variable");
  if (target.accumulator.is_defined()) {
    sum_to_accumulate(backend_, gradient, target.accumulator);
    return;
  }
  if (gradient.dtype() != target.dtype) gradient = cast(backend_, gradient, target.dtype);
  Tensor& slot = gradients_[static_cast<std::size_t>(target.slot)];
  if (!slot.is_defined()) {
    slot = std::move(gradient);
  } else if (slot.is_unique()) {
    add_in_place(backend_, slot, gradient);
  } else {
    slot = add(backend_, slot, gradient);  // somebody else still reads what is there
  }
}

Tensor Tape::grad_buffer(const GradTarget& target) {
  if (target.accumulator.is_defined()) return target.accumulator;
  Tensor& slot = gradients_[static_cast<std::size_t>(target.slot)];
  if (!slot.is_defined()) slot = zeros(backend_, target.shape, accumulation_dtype(target.dtype));
  return slot;
}

void Tape::backward(const Variable& loss, double seed) {
  if (loss.data().numel() != 1) {
    fail_invalid("[backward] loss has shape {}, expected one element", loss.shape());
  }
  backward(loss, full(backend_, loss.shape(), seed, loss.target().dtype));
}

void Tape::backward(const Variable& output, const Tensor& gradient) {
  add_grad(output.target(), gradient);
  while (!nodes_.empty()) {
    const Node node = nodes_.back();
    nodes_.pop_back();
    const Tensor dy = std::exchange(gradients_[static_cast<std::size_t>(node.slot)], Tensor());
    try {
      if (dy.is_defined()) node.run(node.closure, *this, dy);
    } catch (...) {
      node.destroy(node.closure);
      throw;
    }
    node.destroy(node.closure);
  }
  chunk_ = 0;
  used_ = 0;
}

void Tape::clear() {
  drop_nodes();
  gradients_.clear();
}

Tape& Tape::child() {
  if (!child_) child_ = std::make_unique<Tape>(backend_);
  return *child_;
}

bool Tape::any_needs_grad(std::initializer_list<const Variable*> inputs) noexcept {
  return std::ranges::any_of(inputs, [](const Variable* input) { return input->requires_grad(); });
}

int Tape::new_slot() {
  gradients_.emplace_back();
  return static_cast<int>(gradients_.size()) - 1;
}

void* Tape::allocate(std::size_t size, std::size_t alignment) {
  used_ = (used_ + alignment - 1) / alignment * alignment;
  if (chunk_ < chunks_.size() && used_ + size > chunks_[chunk_].size) {
    ++chunk_;
    used_ = 0;
  }
  if (chunk_ == chunks_.size()) {
    const std::size_t n_bytes = std::max(kChunkBytes, size);
    chunks_.push_back(
        {.bytes = std::make_unique<std::byte[]>(n_bytes), .size = n_bytes});  // NOLINT
    used_ = 0;
  }
  void* place = chunks_[chunk_].bytes.get() + used_;
  used_ += size;
  return place;
}

void Tape::drop_nodes() noexcept {
  while (!nodes_.empty()) {
    nodes_.back().destroy(nodes_.back().closure);
    nodes_.pop_back();
  }
  chunk_ = 0;
  used_ = 0;
}

}  // namespace alpha
