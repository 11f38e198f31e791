#include "alpha/helios/staging.h"

#include <algorithm>
#include <cstring>

namespace alpha::helios {

Staging::Staging(const Device& device, Timeline& timeline, Recorder& recorder)
    : timeline_(timeline),
      recorder_(recorder),
      buffer_(device, kParts * kPartBytes,
              VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
              VK_MEMORY_PROPERTY_HOST_CACHED_BIT) {  // since the host reads what comes back
  for (std::size_t i = 0; i < kParts; ++i) parts_[i].offset = i * kPartBytes;
}

Staging::~Staging() {
  timeline_.settle();
}

Staging::Room Staging::take(std::uint64_t size) {
  constexpr std::uint64_t kAlignment = 256;
  if (parts_[present_].used_bytes + size > kPartBytes) {
    present_ = (present_ + 1) % kParts;
    Part& part = parts_[present_];
    if (part.value > timeline_.submitted()) recorder_.submit();
    // What it waits for may have been dropped, where a submit failed.
    timeline_.wait(std::min(part.value, timeline_.submitted()));
    part.used_bytes = 0;
  }
  Part& part = parts_[present_];
  const Room room = {&part, part.offset + part.used_bytes, size};
  part.used_bytes += (size + kAlignment - 1) / kAlignment * kAlignment;
  return room;
}

std::uint64_t Staging::upload(const void* src, const Range& to) {
  std::uint64_t value = timeline_.submitted();
  const auto* bytes = static_cast<const std::byte*>(src);
  for (std::uint64_t at = to.begin; at < to.end;) {
    const std::uint64_t size = std::min(kPartBytes, to.end - at);
    const Room room = take(size);
    std::memcpy(buffer_.data() + room.offset, bytes + (at - to.begin), size);
    value = recorder_.next_value();
    room.part->value = value;
    recorder_.copy(range_of(room), {to.buffer, at, at + size});
    at += size;
  }
  return value;
}

/// The copies of some parts are on their way while the host reads those before.
void Staging::download(const Range& from, void* dst) {
  auto* bytes = static_cast<std::byte*>(dst);

  struct Waiting {
    Room room;
    std::uint64_t value = 0;
    std::uint64_t at = 0;
  };

  std::array<Waiting, kParts> waiting;
  std::size_t n_begun = 0;
  std::size_t n_done = 0;
  const auto finish_one = [&] {
    const Waiting& one = waiting[n_done++ % kParts];
    timeline_.wait(one.value);
    std::memcpy(bytes + (one.at - from.begin), buffer_.data() + one.room.offset, one.room.size);
  };
  for (std::uint64_t at = from.begin; at < from.end;) {
    if (n_begun - n_done == kParts) finish_one();
    const std::uint64_t size = std::min(kPartBytes, from.end - at);
    const Room room = take(size);
    recorder_.copy({from.buffer, at, at + size}, range_of(room));
    room.part->value = recorder_.submit();
    waiting[n_begun++ % kParts] = {room, room.part->value, at};
    at += size;
  }
  while (n_done < n_begun) finish_one();
}

}  // namespace alpha::helios
