#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "alpha/autograd/variable.h"
#include "alpha/tensor/backend.h"

namespace alpha {

/// Records what is computed, to walk it back. One tape serves one forward and backward pass at a
/// time; `clear` keeps its memory, so that a step allocates nothing once it has run before.
///
/// Backward frees as it goes: when an op's gradient has been taken, whatever the op kept for it and
/// the gradient of its output are released. Gradients of parameters add up in their accumulators.
class Tape {
 public:
  /// With `is_recording` false nothing is recorded and every result is a constant: evaluation,
  /// prefill and decode run the very code that training runs.
  explicit Tape(Backend& backend, bool is_recording = true);
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;
  ~Tape();

  Backend& backend() const noexcept { return backend_; }

  bool is_recording() const noexcept { return is_recording_; }

  /// A variable whose gradient can be read with `grad` after backward.
  Variable leaf(const Tensor& data);

  /// The gradient of a leaf, in its dtype or its accumulation dtype; undefined when nothing flowed
  /// to it.
  Tensor grad(const Variable& leaf) const;

  /// Used by ops: notes that `output` was computed from `inputs`, and how to pass its gradient on:
  /// `backward(Tape&, const Tensor& dy)` calls add_grad or grad_buffer for each input that is
  /// needed. Returns a constant when no input needs a gradient. `grad_dtype` is the dtype in which
  /// the output's own gradient is wanted (by default that of the output).
  template<class Backward>
  Variable record(Tensor output, std::initializer_list<const Variable*> inputs, Backward backward) {
    const DType dtype = output.dtype();
    return record(std::move(output), inputs, std::move(backward), dtype);
  }

  template<class Backward>
  Variable record(Tensor output, std::initializer_list<const Variable*> inputs, Backward backward,
                  DType grad_dtype) {
    Variable result(std::move(output));
    if (!is_recording_ || !any_needs_grad(inputs)) return result;
    assign_slot(result.target_);
    result.target_.dtype = grad_dtype;
    void* place = allocate(sizeof(Backward), alignof(Backward));
    nodes_.push_back(
        {.slot = result.target_.slot,
         .dtype = grad_dtype,
         .closure = new (place) Backward(std::move(backward)),
         .run = [](void* closure, Tape& tape,
                   const Tensor& dy) { (*static_cast<Backward*>(closure))(tape, dy); },
         .destroy = [](void* closure) { static_cast<Backward*>(closure)->~Backward(); }});
    return result;
  }

  /// Used by backward functions: adds `gradient` to what `target` has so far.
  void add_grad(const GradTarget& target, Tensor gradient);

  /// Used by backward functions of ops that add into a buffer themselves (weights): the parameter's
  /// accumulator, or a zeroed buffer of the accumulation dtype.
  Tensor grad_buffer(const GradTarget& target);

  /// Walks back from `loss`, a single element, whose gradient is `seed`. Clears the tape but for
  /// the gradients of leaves.
  void backward(const Variable& loss, double seed = 1);

  /// The same from any variable with a given gradient.
  void backward(const Variable& output, const Tensor& gradient);

  /// Forgets everything recorded.
  void clear();

  /// A tape for a part that is recomputed; made once and kept.
  Tape& child();

 private:
  struct Node {
    int slot;
    DType dtype;  // in which the gradient of the output is wanted
    void* closure;
    void (*run)(void*, Tape&, const Tensor&);
    void (*destroy)(void*);
  };

  struct Chunk {
    std::unique_ptr<std::byte[]> bytes;  // NOLINT(modernize-avoid-c-arrays)
    std::size_t size = 0;
  };

  static bool any_needs_grad(std::initializer_list<const Variable*> inputs) noexcept;
  void assign_slot(GradTarget& target);
  Tensor& slot_of(const GradTarget& target);
  void* allocate(std::size_t size, std::size_t alignment);
  void drop_nodes() noexcept;

  Backend& backend_;
  bool is_recording_;
  std::vector<Node> nodes_;
  std::vector<Tensor> gradients_;  // by slot
  std::vector<Chunk> chunks_;      // closures live here
  std::size_t chunk_ = 0;          // current chunk
  std::size_t used_ = 0;           // bytes of it
  std::unique_ptr<Tape> child_;
};

}  // namespace alpha
