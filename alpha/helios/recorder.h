#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alpha/helios/host_buffer.h"
#include "alpha/helios/memory.h"
#include "alpha/helios/piece.h"
#include "alpha/helios/pipelines.h"
#include "alpha/helios/timeline.h"

namespace alpha::helios {

/// A stretch of a buffer.
struct Range {
  VkBuffer buffer = VK_NULL_HANDLE;
  std::uint64_t begin = 0;  // bytes
  std::uint64_t end = 0;

  bool overlaps(const Range& other) const noexcept {
    return buffer == other.buffer && begin < other.end && other.begin < end;
  }
};

/// What has been read and written since the last barrier, and so whether the next command must wait
/// for one.
class Hazards {
 public:
  /// Whether a command that reads and writes these must come behind a barrier.
  bool needs_barrier(std::span<const Range> reads, std::span<const Range> writes) const noexcept;

  void add(std::span<const Range> reads, std::span<const Range> writes);

  void clear() noexcept {
    reads_.clear();
    writes_.clear();
  }

 private:
  std::vector<Range> reads_;
  std::vector<Range> writes_;
};

/// The most numbers of a dispatch that may change.
inline constexpr std::size_t kMostChangingBytes = 64;

/// A dispatch: one buffer for each binding of the pipeline, and one more where it has numbers that
/// change.
struct Dispatch {
  struct Buffer {
    Block* block = nullptr;
    std::uint64_t offset = 0;  // of the block, bytes
    std::uint64_t size = 0;    // bytes
  };

  const Pipeline* pipeline = nullptr;
  std::span<const Buffer> buffers;
  std::span<const std::byte> parameters;  // push constants behind the buffers' offsets
  std::span<const std::byte> changing;    // at most kMostChangingBytes, in whole words
  std::uint32_t groups_x = 1;
  std::uint32_t groups_y = 1;
  std::uint32_t groups_z = 1;
};

/// Takes commands and gives them to the queue in batches. Order is that of the calls; what does not
/// touch the same bytes may run side by side. For one thread at a time.
///
/// Commands are written down for Vulkan a piece at a time, and what was written is kept: a piece
/// that comes again, as those of a training step do, is given to the queue as it is. Numbers that
/// change from step to step (a seed, a learning rate) are not part of it: shaders read them from a
/// buffer, which the host fills ahead of the batch.
class Recorder {
 public:
  struct Stats {
    std::int64_t n_dispatches = 0;
    std::int64_t n_barriers = 0;
    std::int64_t n_submits = 0;
    std::int64_t n_pieces = 0;
    std::int64_t n_reused = 0;  // pieces that had been written before
  };

  /// What a kernel took on the device in all, where that is measured.
  struct KernelTime {
    std::string name;
    std::int64_t n = 0;
    double ms = 0;
  };

  /// What is measured of commands. While anything is, they run one after the other.
  enum class Timing : std::uint8_t {
    none,
    sums,  // of each kernel
    spans  // of each command too
  };

  /// A command as it ran, in milliseconds since some moment of the device.
  struct Span {
    std::string_view name;  // lives as long as the pipelines
    double begin_ms = 0;
    double end_ms = 0;
  };

  /// All outlive it. `is_timing` begins with Timing::sums.
  Recorder(const Device& device, Timeline& timeline, const Memory& memory, bool is_timing);
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  /// Error: internal for a dispatch that does not fit its pipeline (number of buffers, sizes,
  /// buffers that are not in use or another device's), before anything is recorded; as `submit`.
  void dispatch(const Dispatch& dispatch);

  /// Copies bytes; either side may be a staging buffer. Error: as `submit`.
  void copy(const Range& from, const Range& to);

  /// Sets bytes to zero; whole words. Error: as `submit`.
  void clear(const Range& range);

  /// The value of the timeline that will tell that what is recorded now is done.
  std::uint64_t next_value() const noexcept { return timeline_.submitted() + 1; }

  /// Gives what is recorded to the queue, and returns the value that tells that it is done. Where
  /// this fails, what was recorded is dropped: it never runs. Error: device_lost, out_of_memory.
  std::uint64_t submit();

  Stats stats() const noexcept { return stats_; }

  /// From the next command on; submits those before. Devices without timestamps measure nothing.
  /// Error: as `submit`; out_of_memory.
  void set_timing(Timing timing);

  /// Of what has run so far, the longest first, and forgets it. Waits for what was submitted.
  /// Error: device_lost.
  std::vector<KernelTime> take_times();

  /// The same for single commands, in their order.
  std::vector<Span> take_spans();

 private:
  /// A piece in the form that the queue takes, and what it was made of.
  struct Recording {
    VkCommandBuffer commands = VK_NULL_HANDLE;
    vk::DescriptorPool sets;
    std::uint64_t numbers_offset = 0;     // of the buffer of changing numbers, bytes
    Piece piece;                          // empty: nothing that could be used again
    std::uint64_t hash = 0;               // of that
    std::uint64_t generation = 0;         // of the memory that it was made of
    std::uint64_t value = 0;              // of its last submit
    std::uint64_t last_use = 0;           // by count of pieces
    bool is_in_batch = false;             // and not submitted yet
    vk::QueryPool queries;                // where times are measured: two a command
    std::vector<std::string_view> names;  // of the commands whose times are not collected yet
    bool has_spans = false;               // that are wanted
  };

  void check(const Dispatch& dispatch) const;
  vk::DescriptorPool make_sets() const;
  vk::QueryPool make_queries() const;
  bool needs_barrier(std::span<const Range> reads, std::span<const Range> writes);
  void after();
  void cut();
  Recording* find(std::uint64_t hash);
  Recording& take();
  std::unique_ptr<Recording> make_recording() const;
  void write(Recording& recording);
  VkDescriptorSet make_set(const Recording& recording, const Piece::Command& command,
                           std::span<const Piece::Buffer> buffers, std::size_t index) const;
  void drop() noexcept;
  void collect(Recording& recording);
  void collect_all();

  const Device& device_;
  Timeline& timeline_;
  const Memory& memory_;
  std::uint64_t number_stride_;  // bytes from one command's changing numbers to the next one's
  HostBuffer numbers_;           // those of each command of each recording
  vk::CommandPool pool_;

  Piece piece_;                      // at hand
  bool has_copies_ = false;          // nothing else then: they go elsewhere each time
  std::vector<std::byte> changing_;  // numbers of its commands, one behind the other
  std::vector<Recording*> batch_;    // at hand
  std::vector<VkCommandBuffer> batch_commands_;

  std::vector<std::unique_ptr<Recording>> recordings_;
  Hazards hazards_;
  bool has_lost_barriers_ = false;  // which a dropped batch had: the next command needs one
  std::vector<Range> reads_;        // of the command at hand
  std::vector<Range> writes_;
  Stats stats_;
  Timing timing_ = Timing::none;
  std::map<std::string_view, KernelTime> times_;
  std::vector<Span> spans_;
  std::optional<std::uint64_t> first_tick_;  // from which spans count
  std::uint64_t last_tick_ = 0;              // that was looked at, as if ticks had no last one
};

}  // namespace alpha::helios
