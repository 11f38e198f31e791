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
  assign_slot(result.target_);
  return result;
}

Tensor Tape::grad(const Variable& leaf) const {
  const GradTarget& target = leaf.target();
  ALPHA_CHECK(target.tape == this && static_cast<std::size_t>(target.slot) < gradients_.size(),
              "not a leaf of this tape");
  return gradients_[static_cast<std::size_t>(target.slot)];
}

void Tape::add_grad(const GradTarget& target, Tensor gradient) {
  if (!target.is_needed()) return;
  ALPHA_CHECK(gradient.shape() == target.shape, "gradient has another shape than its variable");
  if (target.accumulator.is_defined()) {
    sum_to_accumulate(backend_, gradient, target.accumulator);
    return;
  }
  Tensor& slot = slot_of(target);
  const DType dtype = slot.is_defined() ? slot.dtype() : target.dtype;
  if (gradient.dtype() != dtype) gradient = cast(backend_, gradient, dtype);
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
  Tensor& slot = slot_of(target);
  const DType dtype = accumulation_dtype(target.dtype);
  if (!slot.is_defined()) {
    slot = zeros(backend_, target.shape, dtype);
  } else if (slot.dtype() != dtype || !slot.is_unique()) {
    slot = cast(backend_, slot, dtype);  // memory of its own, since it will be added to
  }
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
    Tensor dy = std::exchange(gradients_[static_cast<std::size_t>(node.slot)], Tensor());
    try {
      if (dy.is_defined()) {
        if (dy.dtype() != node.dtype) dy = cast(backend_, dy, node.dtype);
        node.run(node.closure, *this, dy);
      }
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
  if (child_) child_->clear();
}

Tape& Tape::child() {
  if (!child_) child_ = std::make_unique<Tape>(backend_);
  return *child_;
}

bool Tape::any_needs_grad(std::initializer_list<const Variable*> inputs) noexcept {
  return std::ranges::any_of(inputs, [](const Variable* input) { return input->requires_grad(); });
}

void Tape::assign_slot(GradTarget& target) {
  target.slot = static_cast<int>(gradients_.size());
  target.tape = this;
  gradients_.emplace_back();
}

Tensor& Tape::slot_of(const GradTarget& target) {
  ALPHA_CHECK(target.tape == this, "a gradient for a variable of another tape");
  return gradients_[static_cast<std::size_t>(target.slot)];
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
