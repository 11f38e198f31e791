#include "alpha/helios/timeline.h"

#include <algorithm>

#include "alpha/core/error.h"
#include "alpha/helios/vk/result.h"

namespace alpha::helios {

Timeline::Timeline(const Device& device, std::int64_t timeout_ms)
    : device_(device),
      timeout_ms_(timeout_ms) {
  const VkSemaphoreTypeCreateInfo type = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
                                          .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE};
  const VkSemaphoreCreateInfo info = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
                                      .pNext = &type};
  VkSemaphore semaphore = VK_NULL_HANDLE;
  vk::check(device.functions().CreateSemaphore(device.get(), &info, nullptr, &semaphore),
            "vkCreateSemaphore");
  semaphore_ = device.own<vk::Semaphore>(semaphore);
}

void Timeline::check_alive() const {
  if (is_lost_) {
    fail(ErrorCode::device_lost,
         "[helios] '{}' is lost: what was on it is gone, and a new process has to go on from the "
         "last checkpoint",
         device_.info().name);
  }
}

/// Remembers the loss of the device: nothing is asked of it afterwards.
void Timeline::check(VkResult result, const char* call) {
  if (result == VK_ERROR_DEVICE_LOST) is_lost_ = true;
  vk::check(result, call);
}

std::uint64_t Timeline::submit(std::span<const VkCommandBuffer> commands) {
  check_alive();
  const std::uint64_t value = submitted_ + 1;
  const VkSemaphore semaphore = semaphore_.get();
  const VkTimelineSemaphoreSubmitInfo timeline = {
      .sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
      .signalSemaphoreValueCount = 1,
      .pSignalSemaphoreValues = &value};
  const VkSubmitInfo info = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                             .pNext = &timeline,
                             .commandBufferCount = static_cast<std::uint32_t>(commands.size()),
                             .pCommandBuffers = commands.data(),
                             .signalSemaphoreCount = 1,
                             .pSignalSemaphores = &semaphore};
  check(device_.functions().QueueSubmit(device_.queue(), 1, &info, VK_NULL_HANDLE),
        "vkQueueSubmit");
  submitted_ = value;
  return value;
}

void Timeline::raise_done(std::uint64_t value) noexcept {
  std::uint64_t old = done_;
  while (old < value && !done_.compare_exchange_weak(old, value)) {
  }
}

std::uint64_t Timeline::done() {
  check_alive();
  std::uint64_t value = 0;
  check(device_.functions().GetSemaphoreCounterValue(device_.get(), semaphore_.get(), &value),
        "vkGetSemaphoreCounterValue");
  raise_done(value);
  return done_;
}

/// VK_TIMEOUT where nothing at all was done for the length of the timeout.
VkResult Timeline::wait_for(std::uint64_t value) const noexcept {
  constexpr std::uint64_t kNsPerMs = 1'000'000;
  const VkSemaphore semaphore = semaphore_.get();
  const VkSemaphoreWaitInfo info = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
                                    .semaphoreCount = 1,
                                    .pSemaphores = &semaphore,
                                    .pValues = &value};
  const vk::Functions& vk = device_.functions();
  const std::uint64_t timeout_ns = static_cast<std::uint64_t>(timeout_ms_) * kNsPerMs;
  std::uint64_t seen = done_;
  while (true) {
    const VkResult result = vk.WaitSemaphores(device_.get(), &info, timeout_ns);
    if (result != VK_TIMEOUT) return result;
    std::uint64_t done = 0;
    const VkResult told = vk.GetSemaphoreCounterValue(device_.get(), semaphore, &done);
    if (told != VK_SUCCESS) return told;
    if (done <= seen) return result;
    seen = done;
  }
}

void Timeline::wait(std::uint64_t value) {
  ALPHA_CHECK(value <= submitted_, "work is waited for that was never submitted");
  check_alive();
  if (value <= done_) return;
  const VkResult result = wait_for(value);
  if (result == VK_TIMEOUT) {
    is_lost_ = true;
    fail(ErrorCode::device_lost, "[helios] '{}' has done nothing for {} s: it is taken for lost",
         device_.info().name, timeout_ms_ / 1000);
  }
  check(result, "vkWaitSemaphores");
  raise_done(value);
}

void Timeline::settle() noexcept {
  const std::uint64_t value = submitted_;
  if (value <= done_ || has_given_up_) return;
  if (wait_for(value) == VK_SUCCESS) {
    raise_done(value);
  } else {
    has_given_up_ = true;
  }
}

}  // namespace alpha::helios
