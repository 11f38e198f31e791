#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "alpha/core/hash.h"
#include "alpha/helios/pipelines.h"

namespace alpha::helios {

/// Some commands, one behind the other, with all that makes them what they are: two pieces that are
/// equal are written for Vulkan in the same way.
struct Piece {
  /// A stretch of a buffer.
  struct Buffer {
    VkBuffer buffer = VK_NULL_HANDLE;
    std::uint64_t begin = 0;  // bytes
    std::uint64_t size = 0;

    bool operator==(const Buffer&) const = default;
  };

  enum class Kind : std::uint32_t { dispatch, copy, clear };

  struct Command {
    const Pipeline* pipeline = nullptr;  // of a dispatch
    Kind kind = Kind::dispatch;
    std::uint32_t has_barrier = 0;  // ahead of it
    std::uint32_t n_buffers = 0;    // a copy has two, from and to
    std::uint32_t n_push_bytes = 0;
    std::uint32_t n_changing_bytes = 0;  // which are not in the piece
    std::array<std::uint32_t, 3> groups = {};

    bool operator==(const Command&) const = default;
  };

  // Those of all commands, in their order.
  std::vector<Command> commands;
  std::vector<Buffer> buffers;
  std::vector<std::byte> push;

  bool operator==(const Piece&) const = default;

  void clear() noexcept {
    commands.clear();
    buffers.clear();
    push.clear();
  }

  std::uint64_t hash() const noexcept {
    static_assert(std::has_unique_object_representations_v<Buffer> &&
                  std::has_unique_object_representations_v<Command>);
    constexpr std::uint64_t kFactor = 0x9e3779b97f4a7c15;  // 2^64 / golden ratio
    std::uint64_t hash = xxh3(std::as_bytes(std::span(commands)));
    hash = hash * kFactor + xxh3(std::as_bytes(std::span(buffers)));
    return hash * kFactor + xxh3(push);
  }
};

}  // namespace alpha::helios
