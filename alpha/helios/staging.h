#pragma once

#include <cstdint>

#include "alpha/helios/host_buffer.h"
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

  /// Records the copy of bytes to the device, and returns the value of the timeline that tells that
  /// it is done; `src` may be reused on return. Error: as Recorder::submit and Timeline::wait.
  std::uint64_t upload(const void* src, const Range& to);

  /// Copies bytes from the device, behind all that is recorded, and waits for them.
  void download(const Range& from, void* dst);

 private:
  struct Part {
    std::uint64_t offset = 0;
    std::uint64_t used_bytes = 0;
    std::uint64_t value = 0;  // of the timeline: the part is free once this is done
  };

  static constexpr std::uint64_t kPartBytes = std::uint64_t{8} << 20U;
  static constexpr std::size_t kParts = 4;

  /// Room for a copy. `part` is told when it is submitted.
  struct Room {
    Part* part = nullptr;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };

  /// What is left of the present part, or, where that is too small, the next one when it is free:
  /// small copies share a part, so that a step's do not wait for each other.
  Room take(std::uint64_t size);

  Range range_of(const Room& room) const noexcept {
    return {buffer_.get(), room.offset, room.offset + room.size};
  }

  Timeline& timeline_;
  Recorder& recorder_;
  HostBuffer buffer_;
  std::array<Part, kParts> parts_;
  std::size_t present_ = 0;
};

}  // namespace alpha::helios
