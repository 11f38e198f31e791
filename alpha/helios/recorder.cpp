#include "alpha/helios/recorder.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <utility>

#include "alpha/core/error.h"
#include "alpha/helios/vk/result.h"

namespace alpha::helios {

namespace {

constexpr std::size_t kPieceCommands = 32;
constexpr std::size_t kBatchPieces = 8;       // and of a batch, where the last piece is full
constexpr std::size_t kMostBatchPieces = 64;  // wherever it ends
constexpr std::size_t kMostRecordings = 256;  // kept

/// Behind it commands see what those ahead have written.
void put_barrier(const vk::Functions& vk, VkCommandBuffer commands) {
  constexpr VkPipelineStageFlags kStages =
      VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT;
  const VkMemoryBarrier barrier = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
      .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
      .dstAccessMask = VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT |
                       VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT};
  vk.CmdPipelineBarrier(commands, kStages, kStages, 0, 1, &barrier, 0, nullptr, 0, nullptr);
}

/// The host reads what was copied to it when the timeline says so: for that it needs a barrier.
void put_host_barrier(const vk::Functions& vk, VkCommandBuffer commands) {
  const VkMemoryBarrier barrier = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                                   .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
                                   .dstAccessMask = VK_ACCESS_HOST_READ_BIT};
  vk.CmdPipelineBarrier(commands, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_HOST_BIT, 0, 1,
                        &barrier, 0, nullptr, 0, nullptr);
}

std::string_view name_of(const Piece::Command& command) {
  switch (command.kind) {
    case Piece::Kind::dispatch: return command.pipeline->name;
    case Piece::Kind::copy: return "copy";
    case Piece::Kind::clear: return "clear";
  }
  return {};
}

void append(std::vector<std::byte>& bytes, std::span<const std::byte> more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

bool overlaps_any(const Range& range, std::span<const Range> others) noexcept {
  return std::ranges::any_of(others, [&](const Range& other) { return range.overlaps(other); });
}

}  // namespace

bool Hazards::needs_barrier(std::span<const Range> reads,
                            std::span<const Range> writes) const noexcept {
  const auto any = [](std::span<const Range> ranges, const std::vector<Range>& others) {
    return std::ranges::any_of(ranges,
                               [&](const Range& range) { return overlaps_any(range, others); });
  };
  return any(reads, writes_) || any(writes, writes_) || any(writes, reads_);
}

void Hazards::add(std::span<const Range> reads, std::span<const Range> writes) {
  reads_.insert(reads_.end(), reads.begin(), reads.end());
  writes_.insert(writes_.end(), writes.begin(), writes.end());
}

Recorder::Recorder(const Device& device, Timeline& timeline, const Memory& memory, bool is_timing)
    : device_(device),
      timeline_(timeline),
      memory_(memory),
      number_stride_(std::max<std::uint64_t>(kMostChangingBytes, device.info().offset_alignment)),
      numbers_(device, kMostRecordings * kPieceCommands * number_stride_,
               VK_BUFFER_USAGE_STORAGE_BUFFER_BIT, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT) {
  const VkCommandPoolCreateInfo pool_info = {
      .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
      .flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT,
      .queueFamilyIndex = device.queue_family()};
  VkCommandPool pool = VK_NULL_HANDLE;
  vk::check(device.functions().CreateCommandPool(device.get(), &pool_info, nullptr, &pool),
            "vkCreateCommandPool");
  pool_ = device.own<vk::CommandPool>(pool);
  if (is_timing) set_timing(Timing::sums);
}

void Recorder::set_timing(Timing timing) {
  submit();
  if (device_.info().timestamp_ns > 0) timing_ = timing;
}

vk::QueryPool Recorder::make_queries() const {
  const VkQueryPoolCreateInfo info = {.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
                                      .queryType = VK_QUERY_TYPE_TIMESTAMP,
                                      .queryCount = static_cast<std::uint32_t>(2 * kPieceCommands)};
  VkQueryPool pool = VK_NULL_HANDLE;
  vk::check(device_.functions().CreateQueryPool(device_.get(), &info, nullptr, &pool),
            "vkCreateQueryPool");
  return device_.own<vk::QueryPool>(pool);
}

/// Room for the buffers of a piece.
vk::DescriptorPool Recorder::make_sets() const {
  const VkDescriptorPoolSize size = {
      .type = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
      .descriptorCount = static_cast<std::uint32_t>(kPieceCommands * kMostBindings)};
  const VkDescriptorPoolCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
                                           .maxSets = static_cast<std::uint32_t>(kPieceCommands),
                                           .poolSizeCount = 1,
                                           .pPoolSizes = &size};
  VkDescriptorPool pool = VK_NULL_HANDLE;
  vk::check(device_.functions().CreateDescriptorPool(device_.get(), &info, nullptr, &pool),
            "vkCreateDescriptorPool");
  return device_.own<vk::DescriptorPool>(pool);
}

std::unique_ptr<Recorder::Recording> Recorder::make_recording() const {
  auto recording = std::make_unique<Recording>();
  recording->sets = make_sets();
  recording->numbers_offset = recordings_.size() * kPieceCommands * number_stride_;
  const VkCommandBufferAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                            .commandPool = pool_.get(),
                                            .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
                                            .commandBufferCount = 1};
  vk::check(device_.functions().AllocateCommandBuffers(device_.get(), &info, &recording->commands),
            "vkAllocateCommandBuffers");
  return recording;
}

Recorder::~Recorder() {
  timeline_.settle();
}

/// A dispatch that passes cannot reach beyond what it is given, nor what is somebody else's.
void Recorder::check(const Dispatch& dispatch) const {
  const Pipeline& pipeline = *dispatch.pipeline;
  const auto& bindings = pipeline.interface.bindings;
  const DeviceInfo& info = device_.info();
  const auto refuse = [&](std::string_view what) {
    fail(ErrorCode::internal, "[helios] '{}': {}", pipeline.name, what);
  };
  const std::size_t n_buffers = dispatch.buffers.size() + (dispatch.changing.empty() ? 0 : 1);
  if (n_buffers != bindings.size() || n_buffers > kMostBindings) {
    refuse(fmt::format("{} buffers are given, its shader has {} and a kernel may have {}",
                       n_buffers, bindings.size(), kMostBindings));
  }
  if (dispatch.changing.size() > kMostChangingBytes ||
      dispatch.changing.size() % sizeof(std::uint32_t) != 0) {
    refuse(fmt::format("{} bytes of changing numbers are given, at most {} in whole words may be",
                       dispatch.changing.size(), kMostChangingBytes));
  }
  const std::size_t n_bytes =
      dispatch.buffers.size() * sizeof(std::uint32_t) + dispatch.parameters.size();
  if (n_bytes != pipeline.interface.push_bytes) {
    refuse(fmt::format("{} bytes of parameters are given, its shader has {}", n_bytes,
                       pipeline.interface.push_bytes));
  }
  for (std::size_t i = 0; i < dispatch.buffers.size(); ++i) {
    const Dispatch::Buffer& buffer = dispatch.buffers[i];
    if (buffer.block == nullptr || &buffer.block->memory() != &memory_ ||
        !buffer.block->is_in_use()) {
      refuse(fmt::format("buffer {} is not one of this device that is in use", i));
    }
    if (buffer.size == 0 || buffer.offset + buffer.size > buffer.block->size_bytes()) {
      refuse(fmt::format("buffer {} is bytes {} to {} of a block of {}", i, buffer.offset,
                         buffer.offset + buffer.size, buffer.block->size_bytes()));
    }
    const std::uint64_t ahead = (buffer.block->offset() + buffer.offset) % info.offset_alignment;
    if (buffer.size + ahead > info.max_range_bytes) {
      refuse(fmt::format("buffer {} has {} bytes, and {} ahead of it, a shader sees at most {}", i,
                         buffer.size, ahead, info.max_range_bytes));
    }
  }
  const auto is_possible = [](std::uint32_t n_groups, std::uint32_t most) {
    return n_groups > 0 && n_groups <= most;
  };
  constexpr std::uint32_t kMostGroups = 65'535;
  if (!is_possible(dispatch.groups_x, info.max_groups_x) ||
      !is_possible(dispatch.groups_y, kMostGroups) ||
      !is_possible(dispatch.groups_z, kMostGroups)) {
    refuse(fmt::format("{} x {} x {} workgroups", dispatch.groups_x, dispatch.groups_y,
                       dispatch.groups_z));
  }
}

/// Adds up the times of a piece that is done.
void Recorder::collect(Recording& recording) {
  if (recording.names.empty()) return;
  std::vector<std::uint64_t> ticks(2 * recording.names.size());
  vk::check(device_.functions().GetQueryPoolResults(
                device_.get(), recording.queries.get(), 0, static_cast<std::uint32_t>(ticks.size()),
                ticks.size() * sizeof(ticks[0]), ticks.data(), sizeof(ticks[0]),
                VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT),
            "vkGetQueryPoolResults");
  constexpr double kMsPerNs = 1e-6;
  const double ms_per_tick = static_cast<double>(device_.info().timestamp_ns) * kMsPerNs;
  if (!first_tick_) first_tick_ = last_tick_ = ticks.front();
  // Ticks of fewer bits than 64 begin at 0 anew: each is the one that is nearest to the last.
  const std::uint32_t n_unused = 64 - device_.info().timestamp_bits;
  for (std::uint64_t& tick : ticks) {
    const auto ahead = static_cast<std::int64_t>((tick - last_tick_) << n_unused) >> n_unused;
    tick = last_tick_ += static_cast<std::uint64_t>(ahead);
  }
  // Batches are not looked at in their order: some may have begun before the first.
  const auto since_first = [&](std::uint64_t tick) {
    return static_cast<double>(static_cast<std::int64_t>(tick - *first_tick_)) * ms_per_tick;
  };
  for (std::size_t i = 0; i < recording.names.size(); ++i) {
    KernelTime& time = times_[recording.names[i]];
    time.name = recording.names[i];
    ++time.n;
    time.ms += static_cast<double>(ticks[2 * i + 1] - ticks[2 * i]) * ms_per_tick;
    if (recording.has_spans) {
      spans_.push_back(
          {recording.names[i], since_first(ticks[2 * i]), since_first(ticks[2 * i + 1])});
    }
  }
  recording.names.clear();
}

void Recorder::collect_all() {
  timeline_.wait(timeline_.submitted());
  for (const auto& recording : recordings_) {
    if (!recording->is_in_batch) collect(*recording);
  }
}

std::vector<Recorder::Span> Recorder::take_spans() {
  collect_all();
  std::vector<Span> spans = std::exchange(spans_, {});
  std::ranges::stable_sort(spans, {}, &Span::begin_ms);
  return spans;
}

std::vector<Recorder::KernelTime> Recorder::take_times() {
  collect_all();
  std::vector<KernelTime> times;
  for (auto& [name, time] : times_) times.push_back(std::move(time));
  times_.clear();
  std::ranges::sort(times, std::ranges::greater(), &KernelTime::ms);
  return times;
}

/// Whether the command at hand must come behind a barrier. Batches of one queue begin in order but
/// may overlap, so hazards outlive a submit.
bool Recorder::needs_barrier(std::span<const Range> reads, std::span<const Range> writes) {
  const bool needs =
      timing_ != Timing::none || has_lost_barriers_ || hazards_.needs_barrier(reads, writes);
  if (needs) {
    hazards_.clear();
    has_lost_barriers_ = false;
    ++stats_.n_barriers;
  }
  hazards_.add(reads, writes);
  return needs;
}

void Recorder::dispatch(const Dispatch& dispatch) {
  check(dispatch);
  timeline_.check_alive();
  if (has_copies_) cut();
  const Pipeline& pipeline = *dispatch.pipeline;
  // Push constants: how far behind what the shader sees each tensor begins; then the parameters.
  reads_.clear();
  writes_.clear();
  for (std::size_t i = 0; i < dispatch.buffers.size(); ++i) {
    const Dispatch::Buffer& buffer = dispatch.buffers[i];
    const std::uint64_t begin = buffer.block->offset() + buffer.offset;
    const auto ahead = static_cast<std::uint32_t>(begin % device_.info().offset_alignment);
    append(piece_.push, std::as_bytes(std::span(&ahead, 1)));
    const Range range = {buffer.block->buffer(), begin - ahead, begin + buffer.size};
    piece_.buffers.push_back({range.buffer, range.begin, range.end - range.begin});
    const spirv::Access access = pipeline.interface.bindings[i];
    if (spirv::reads(access)) reads_.push_back(range);
    if (spirv::writes(access)) writes_.push_back(range);
    buffer.block->set_last_use(next_value());
  }
  append(piece_.push, dispatch.parameters);
  append(changing_, dispatch.changing);
  piece_.commands.push_back(
      {.pipeline = &pipeline,
       .kind = Piece::Kind::dispatch,
       .has_barrier = needs_barrier(reads_, writes_) ? 1U : 0U,
       .n_buffers = static_cast<std::uint32_t>(dispatch.buffers.size()),
       .n_push_bytes = pipeline.interface.push_bytes,
       .n_changing_bytes = static_cast<std::uint32_t>(dispatch.changing.size()),
       .groups = {dispatch.groups_x, dispatch.groups_y, dispatch.groups_z}});
  ++stats_.n_dispatches;
  after();
}

void Recorder::copy(const Range& from, const Range& to) {
  ALPHA_CHECK(from.end - from.begin == to.end - to.begin, "a copy of two sizes");
  if (from.begin == from.end) return;
  timeline_.check_alive();
  if (!has_copies_) cut();
  has_copies_ = true;
  for (const Range& range : {from, to}) {
    piece_.buffers.push_back({range.buffer, range.begin, range.end - range.begin});
  }
  piece_.commands.push_back({.kind = Piece::Kind::copy,
                             .has_barrier = needs_barrier({&from, 1}, {&to, 1}) ? 1U : 0U,
                             .n_buffers = 2});
  after();
}

void Recorder::clear(const Range& range) {
  ALPHA_CHECK(range.begin % 4 == 0 && range.end % 4 == 0, "words are cleared");
  if (range.begin == range.end) return;
  timeline_.check_alive();
  if (has_copies_) cut();
  piece_.buffers.push_back({range.buffer, range.begin, range.end - range.begin});
  piece_.commands.push_back({.kind = Piece::Kind::clear,
                             .has_barrier = needs_barrier({}, {&range, 1}) ? 1U : 0U,
                             .n_buffers = 1});
  after();
}

/// Pieces end where they are full, whatever the device does: so they are the same each step.
void Recorder::after() {
  const bool is_full = piece_.commands.size() >= kPieceCommands;
  if (is_full) cut();
  // A device that has nothing to do begins with what there is, while the rest is written down.
  const bool is_idle = is_full && timeline_.done() >= timeline_.submitted();
  if (is_idle || batch_.size() >= (is_full ? kBatchPieces : kMostBatchPieces)) submit();
}

/// Ends the piece at hand: finds it as it was written before, or writes it.
void Recorder::cut() {
  if (piece_.commands.empty()) return;
  try {
    batch_.reserve(batch_.size() + 1);
    const std::uint64_t hash = piece_.hash();
    Recording* recording = find(hash);
    ++stats_.n_pieces;
    if (recording != nullptr) {
      ++stats_.n_reused;
    } else {
      recording = &take();
      recording->hash = hash;
      write(*recording);
    }
    // Its last run is over: its numbers are nobody's.
    const std::byte* from = changing_.data();
    for (std::size_t i = 0; i < piece_.commands.size(); ++i) {
      const std::uint32_t size = piece_.commands[i].n_changing_bytes;
      if (size > 0) {
        std::memcpy(numbers_.data() + recording->numbers_offset + i * number_stride_, from, size);
      }
      from += size;
    }
    recording->last_use = static_cast<std::uint64_t>(stats_.n_pieces);
    recording->is_in_batch = true;
    batch_.push_back(recording);
  } catch (...) {
    drop();
    throw;
  }
  piece_.clear();
  changing_.clear();
  has_copies_ = false;
}

/// The piece at hand as it was written before, with nothing of it on its way; or null.
Recorder::Recording* Recorder::find(std::uint64_t hash) {
  if (timing_ != Timing::none) return nullptr;
  for (const auto& recording : recordings_) {
    if (recording->hash != hash || recording->is_in_batch) continue;
    if (recording->generation != memory_.generation() || recording->piece != piece_) continue;
    if (recording->value <= timeline_.done()) return recording.get();
  }
  return nullptr;
}

/// Room for a piece: a new one, or, where there are enough, the one that was not used for longest.
Recorder::Recording& Recorder::take() {
  if (recordings_.size() < kMostRecordings) {
    recordings_.push_back(make_recording());
    return *recordings_.back();
  }
  Recording* oldest = nullptr;
  for (const auto& recording : recordings_) {
    if (recording->is_in_batch) continue;
    if (oldest == nullptr || recording->last_use < oldest->last_use) oldest = recording.get();
  }
  timeline_.wait(oldest->value);
  collect(*oldest);
  return *oldest;
}

/// What the shader sees of each buffer: from an aligned place at or before the tensor on.
VkDescriptorSet Recorder::make_set(const Recording& recording, const Piece::Command& command,
                                   std::span<const Piece::Buffer> buffers,
                                   std::size_t index) const {
  const vk::Functions& vk = device_.functions();
  const VkDescriptorSetLayout layout = command.pipeline->set_layout.get();
  const VkDescriptorSetAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
                                            .descriptorPool = recording.sets.get(),
                                            .descriptorSetCount = 1,
                                            .pSetLayouts = &layout};
  VkDescriptorSet set = VK_NULL_HANDLE;
  vk::check(vk.AllocateDescriptorSets(device_.get(), &info, &set), "vkAllocateDescriptorSets");
  std::array<VkDescriptorBufferInfo, kMostBindings> infos = {};
  std::array<VkWriteDescriptorSet, kMostBindings> writes = {};
  std::size_t n = 0;
  const auto add = [&](VkBuffer buffer, std::uint64_t begin, std::uint64_t size) {
    infos[n] = {buffer, begin, size};
    writes[n] = {.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
                 .dstSet = set,
                 .dstBinding = static_cast<std::uint32_t>(n),
                 .descriptorCount = 1,
                 .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                 .pBufferInfo = &infos[n]};
    ++n;
  };
  for (const Piece::Buffer& buffer : buffers) add(buffer.buffer, buffer.begin, buffer.size);
  if (command.n_changing_bytes > 0) {
    add(numbers_.get(), recording.numbers_offset + index * number_stride_,
        command.n_changing_bytes);
  }
  vk.UpdateDescriptorSets(device_.get(), static_cast<std::uint32_t>(n), writes.data(), 0, nullptr);
  return set;
}

/// Writes the piece at hand for Vulkan.
void Recorder::write(Recording& recording) {
  const vk::Functions& vk = device_.functions();
  VkCommandBuffer commands = recording.commands;
  const bool is_timing = timing_ != Timing::none;
  recording.piece.clear();  // until it is whole
  vk::check(vk.ResetDescriptorPool(device_.get(), recording.sets.get(), 0),
            "vkResetDescriptorPool");
  const VkCommandBufferBeginInfo info = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
  vk::check(vk.BeginCommandBuffer(commands, &info), "vkBeginCommandBuffer");
  if (is_timing) {
    if (recording.queries.get() == VK_NULL_HANDLE) recording.queries = make_queries();
    recording.has_spans = timing_ == Timing::spans;
    vk.CmdResetQueryPool(commands, recording.queries.get(), 0,
                         static_cast<std::uint32_t>(2 * kPieceCommands));
  }
  std::uint32_t n_stamps = 0;
  const auto stamp = [&] {
    if (!is_timing) return;
    vk.CmdWriteTimestamp(commands, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, recording.queries.get(),
                         n_stamps++);
  };
  std::span<const Piece::Buffer> buffers = piece_.buffers;
  std::span<const std::byte> push = piece_.push;
  for (std::size_t i = 0; i < piece_.commands.size(); ++i) {
    const Piece::Command& command = piece_.commands[i];
    const Piece::Buffer& first = buffers[0];
    if (command.has_barrier != 0) put_barrier(vk, commands);
    stamp();
    switch (command.kind) {
      case Piece::Kind::dispatch: {
        const Pipeline& pipeline = *command.pipeline;
        const VkDescriptorSet set =
            make_set(recording, command, buffers.first(command.n_buffers), i);
        vk.CmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline.pipeline.get());
        vk.CmdBindDescriptorSets(commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline.layout.get(), 0,
                                 1, &set, 0, nullptr);
        if (command.n_push_bytes > 0) {
          vk.CmdPushConstants(commands, pipeline.layout.get(), VK_SHADER_STAGE_COMPUTE_BIT, 0,
                              command.n_push_bytes, push.data());
        }
        vk.CmdDispatch(commands, command.groups[0], command.groups[1], command.groups[2]);
        break;
      }
      case Piece::Kind::copy: {
        const Piece::Buffer& to = buffers[1];
        const VkBufferCopy region = {first.begin, to.begin, first.size};
        vk.CmdCopyBuffer(commands, first.buffer, to.buffer, 1, &region);
        break;
      }
      case Piece::Kind::clear:
        vk.CmdFillBuffer(commands, first.buffer, first.begin, first.size, 0);
        break;
    }
    stamp();
    buffers = buffers.subspan(command.n_buffers);
    push = push.subspan(command.n_push_bytes);
  }
  if (has_copies_) put_host_barrier(vk, commands);
  vk::check(vk.EndCommandBuffer(commands), "vkEndCommandBuffer");
  if (is_timing) {  // of use once
    for (const Piece::Command& command : piece_.commands) {
      recording.names.push_back(name_of(command));
    }
    return;
  }
  recording.generation = memory_.generation();
  recording.piece = piece_;
}

std::uint64_t Recorder::submit() {
  cut();
  if (batch_.empty()) return timeline_.submitted();
  try {
    batch_commands_.clear();
    for (const Recording* recording : batch_) batch_commands_.push_back(recording->commands);
    timeline_.submit(batch_commands_);
  } catch (...) {
    drop();
    throw;
  }
  for (Recording* recording : batch_) {
    recording->value = timeline_.submitted();
    recording->is_in_batch = false;
  }
  batch_.clear();
  ++stats_.n_submits;
  return timeline_.submitted();
}

/// What was recorded will not run, and its barriers neither: what they stood for is forgotten.
void Recorder::drop() noexcept {
  for (Recording* recording : batch_) {
    recording->is_in_batch = false;
    recording->names.clear();
  }
  batch_.clear();
  piece_.clear();
  changing_.clear();
  has_copies_ = false;
  has_lost_barriers_ = true;
}

}  // namespace alpha::helios
