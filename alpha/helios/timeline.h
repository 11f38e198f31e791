#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include "alpha/helios/device.h"

namespace alpha::helios {

/// What the queue has been given and what it has done: a counter that each submit raises by one.
/// Once the device is lost, every call says so. Safe to use from several threads but for `submit`.
class Timeline {
 public:
  /// `device` outlives it. A wait gives up where nothing is done for `timeout_ms`, and takes
  /// the device for lost.
  Timeline(const Device& device, std::int64_t timeout_ms);

  /// Gives command buffers to the queue; returns the value that tells that they are done. The value
  /// is not used up where this fails. Error: device_lost, out_of_memory.
  std::uint64_t submit(std::span<const VkCommandBuffer> commands);

  /// Of the last submit that did not fail.
  std::uint64_t submitted() const noexcept { return submitted_; }

  /// Of the last one that is done. Error: device_lost.
  std::uint64_t done();

  /// Returns when `value` is done. Error: device_lost, also after the timeout.
  void wait(std::uint64_t value);

  /// For destructors: waits for all that was submitted, on a lost device too, since work may still
  /// use what is about to go. Gives up as `wait` does, and not again once that has failed.
  void settle() noexcept;

  bool is_lost() const noexcept { return is_lost_; }

  /// Error: device_lost, if it is.
  void check_alive() const;

 private:
  VkResult wait_for(std::uint64_t value) const noexcept;
  void check(VkResult result, const char* call);
  void raise_done(std::uint64_t value) noexcept;

  const Device& device_;
  std::int64_t timeout_ms_;
  vk::Semaphore semaphore_;
  std::atomic<std::uint64_t> submitted_ = 0;
  std::atomic<std::uint64_t> done_ = 0;  // known to be; may be more
  std::atomic<bool> is_lost_ = false;
  std::atomic<bool> has_given_up_ = false;  // of settle
};

}  // namespace alpha::helios
