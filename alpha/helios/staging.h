#pragma once

#include <cstdint>

#include "alpha/helios/recorder.h"

namespace alpha::helios {

/// The way between host and device: a ring of memory that both see, mapped once.
class Staging {
 public:
  /// All outlive it. Error: out_of_memory, unsupported.
  Staging(const Device& device, Timeline& timeline, Recorder& recorder);
  ~Staging();
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  /// Records the copy of bytes to the device; `src` may be reused on return. Error: as
  /// Recorder::submit and Timeline::wait.
  void upload(const void* src, const Range& to);

  /// Copies bytes from the device, behind all that is recorded, and waits for them.
  void download(const Range& from, void* dst);

 private:
  struct Part {
    std::uint64_t offset = 0;
    std::uint64_t value = 0;  // of the timeline: the part is free once this is done
  };

  static constexpr std::uint64_t kPartBytes = std::uint64_t{8} << 20U;
  static constexpr std::size_t kParts = 4;

  /// The next part of the ring, when it is free.
  Part& take();

  Range range_of(const Part& part, std::uint64_t size) const noexcept {
    return {buffer_.get(), part.offset, part.offset + size};
  }

  const Device& device_;
  Timeline& timeline_;
  Recorder& recorder_;
  vk::Buffer buffer_;
  vk::DeviceMemory memory_;
  std::byte* mapped_ = nullptr;
  std::array<Part, kParts> parts_;
  std::size_t next_ = 0;
};

}  // namespace alpha::helios
