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

constexpr std::size_t kSlots = 16;           // batches on their way at the same time
constexpr std::int64_t kMostRecorded = 256;  // commands of a batch
constexpr std::int64_t kFewRecorded = 32;    // enough for one, if the device is idle
constexpr std::size_t kMostPushBytes = 256;

constexpr VkPipelineStageFlags kStages =
    VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT;

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
      slots_(kSlots) {
  const vk::Functions& vk = device.functions();
  const VkCommandPoolCreateInfo pool_info = {
      .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
      .flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT,
      .queueFamilyIndex = device.queue_family()};
  VkCommandPool pool = VK_NULL_HANDLE;
  vk::check(vk.CreateCommandPool(device.get(), &pool_info, nullptr, &pool), "vkCreateCommandPool");
  pool_ = device.own<vk::CommandPool>(pool);
  const VkCommandBufferAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                            .commandPool = pool,
                                            .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
                                            .commandBufferCount = kSlots};
  std::array<VkCommandBuffer, kSlots> commands = {};
  vk::check(vk.AllocateCommandBuffers(device.get(), &info, commands.data()),
            "vkAllocateCommandBuffers");
  for (std::size_t i = 0; i < kSlots; ++i) {
    slots_[i].commands = commands[i];
    slots_[i].sets = make_sets();
  }
  if (is_timing) set_timing(Timing::sums);
}

void Recorder::set_timing(Timing timing) {
  submit();
  if (device_.info().timestamp_ns <= 0) return;
  for (Slot& slot : slots_) {
    if (timing != Timing::none && slot.queries.get() == VK_NULL_HANDLE) {
      slot.queries = make_queries();
    }
  }
  timing_ = timing;
}

vk::QueryPool Recorder::make_queries() const {
  const VkQueryPoolCreateInfo info = {.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
                                      .queryType = VK_QUERY_TYPE_TIMESTAMP,
                                      .queryCount = static_cast<std::uint32_t>(2 * kMostRecorded)};
  VkQueryPool pool = VK_NULL_HANDLE;
  vk::check(device_.functions().CreateQueryPool(device_.get(), &info, nullptr, &pool),
            "vkCreateQueryPool");
  return device_.own<vk::QueryPool>(pool);
}

/// Room for the buffers of a batch.
vk::DescriptorPool Recorder::make_sets() const {
  const VkDescriptorPoolSize size = {
      .type = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
      .descriptorCount = static_cast<std::uint32_t>(kMostRecorded * kMostBindings)};
  const VkDescriptorPoolCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
                                           .maxSets = static_cast<std::uint32_t>(kMostRecorded),
                                           .poolSizeCount = 1,
                                           .pPoolSizes = &size};
  VkDescriptorPool pool = VK_NULL_HANDLE;
  vk::check(device_.functions().CreateDescriptorPool(device_.get(), &info, nullptr, &pool),
            "vkCreateDescriptorPool");
  return device_.own<vk::DescriptorPool>(pool);
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
  if (dispatch.buffers.size() != bindings.size() || bindings.size() > kMostBindings) {
    refuse(fmt::format("{} buffers are given, its shader has {} and a kernel may have {}",
                       dispatch.buffers.size(), bindings.size(), kMostBindings));
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

void Recorder::begin() {
  if (is_recording_) return;
  timeline_.check_alive();
  Slot& slot = slots_[slot_];
  timeline_.wait(slot.value);
  const vk::Functions& vk = device_.functions();
  const VkCommandBufferBeginInfo info = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
                                         .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT};
  vk::check(vk.ResetDescriptorPool(device_.get(), slot.sets.get(), 0), "vkResetDescriptorPool");
  vk::check(vk.BeginCommandBuffer(slot.commands, &info), "vkBeginCommandBuffer");
  is_recording_ = true;
  collect(slot);
  if (timing_ == Timing::none) return;
  slot.has_spans = timing_ == Timing::spans;
  vk.CmdResetQueryPool(slot.commands, slot.queries.get(), 0,
                       static_cast<std::uint32_t>(2 * kMostRecorded));
}

/// The time before a command (with its name) or behind one.
void Recorder::stamp(std::string_view name) {
  if (timing_ == Timing::none) return;
  Slot& slot = slots_[slot_];
  const auto n = static_cast<std::uint32_t>(2 * slot.names.size());
  if (!name.empty()) slot.names.push_back(name);
  device_.functions().CmdWriteTimestamp(slot.commands, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT,
                                        slot.queries.get(), name.empty() ? n - 1 : n);
}

/// Adds up the times of a batch that is done.
void Recorder::collect(Slot& slot) {
  if (slot.names.empty()) return;
  std::vector<std::uint64_t> ticks(2 * slot.names.size());
  vk::check(device_.functions().GetQueryPoolResults(
                device_.get(), slot.queries.get(), 0, static_cast<std::uint32_t>(ticks.size()),
                ticks.size() * sizeof(ticks[0]), ticks.data(), sizeof(ticks[0]),
                VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT),
            "vkGetQueryPoolResults");
  constexpr double kMsPerNs = 1e-6;
  const double ms_per_tick = static_cast<double>(device_.info().timestamp_ns) * kMsPerNs;
  if (!first_tick_) first_tick_ = ticks.front();
  // Batches are not looked at in their order: some may have begun before the first.
  const auto since_first = [&](std::uint64_t tick) {
    return static_cast<double>(static_cast<std::int64_t>(tick - *first_tick_)) * ms_per_tick;
  };
  for (std::size_t i = 0; i < slot.names.size(); ++i) {
    KernelTime& time = times_[slot.names[i]];
    time.name = slot.names[i];
    ++time.n;
    time.ms += static_cast<double>(ticks[2 * i + 1] - ticks[2 * i]) * ms_per_tick;
    if (slot.has_spans) {
      spans_.push_back({slot.names[i], since_first(ticks[2 * i]), since_first(ticks[2 * i + 1])});
    }
  }
  slot.names.clear();
}

void Recorder::collect_all() {
  timeline_.wait(timeline_.submitted());
  for (Slot& slot : slots_) {
    if (&slot != &slots_[slot_] || !is_recording_) collect(slot);
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

/// Puts a barrier where the command at hand needs one. Batches of one queue begin in order but may
/// overlap, so hazards outlive a submit.
void Recorder::before(std::string_view name, std::span<const Range> reads,
                      std::span<const Range> writes) {
  begin();
  if (timing_ != Timing::none || has_lost_barriers_ || hazards_.needs_barrier(reads, writes)) {
    const VkMemoryBarrier barrier = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
        .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
        .dstAccessMask = VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT |
                         VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT};
    device_.functions().CmdPipelineBarrier(slots_[slot_].commands, kStages, kStages, 0, 1, &barrier,
                                           0, nullptr, 0, nullptr);
    hazards_.clear();
    has_lost_barriers_ = false;
    ++stats_.n_barriers;
  }
  hazards_.add(reads, writes);
  stamp(name);
}

/// A device that has nothing to do begins with what there is, while the rest is written down.
void Recorder::after() {
  stamp({});
  ++n_recorded_;
  const bool is_idle = n_recorded_ % kFewRecorded == 0 && timeline_.done() >= timeline_.submitted();
  if (is_idle || n_recorded_ >= kMostRecorded) submit();
}

/// What the shader sees of each buffer: from an aligned place at or before the tensor on.
VkDescriptorSet Recorder::make_set(const Dispatch& dispatch) {
  const vk::Functions& vk = device_.functions();
  const VkDescriptorSetLayout layout = dispatch.pipeline->set_layout.get();
  const VkDescriptorSetAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
                                            .descriptorPool = slots_[slot_].sets.get(),
                                            .descriptorSetCount = 1,
                                            .pSetLayouts = &layout};
  VkDescriptorSet set = VK_NULL_HANDLE;
  vk::check(vk.AllocateDescriptorSets(device_.get(), &info, &set), "vkAllocateDescriptorSets");
  std::array<VkDescriptorBufferInfo, kMostBindings> infos = {};
  std::array<VkWriteDescriptorSet, kMostBindings> writes = {};
  for (std::size_t i = 0; i < dispatch.buffers.size(); ++i) {
    const Dispatch::Buffer& buffer = dispatch.buffers[i];
    const std::uint64_t begin = buffer.block->offset() + buffer.offset;
    const std::uint64_t ahead = begin % device_.info().offset_alignment;
    infos[i] = {buffer.block->buffer(), begin - ahead, buffer.size + ahead};
    writes[i] = {.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
                 .dstSet = set,
                 .dstBinding = static_cast<std::uint32_t>(i),
                 .descriptorCount = 1,
                 .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                 .pBufferInfo = &infos[i]};
  }
  vk.UpdateDescriptorSets(device_.get(), static_cast<std::uint32_t>(dispatch.buffers.size()),
                          writes.data(), 0, nullptr);
  return set;
}

void Recorder::dispatch(const Dispatch& dispatch) {
  check(dispatch);
  begin();
  const Pipeline& pipeline = *dispatch.pipeline;
  const VkDescriptorSet set = make_set(dispatch);

  // Push constants: how far behind what the shader sees each tensor begins; then the parameters.
  std::array<std::byte, kMostPushBytes> push = {};
  reads_.clear();
  writes_.clear();
  for (std::size_t i = 0; i < dispatch.buffers.size(); ++i) {
    const Dispatch::Buffer& buffer = dispatch.buffers[i];
    const std::uint64_t begin = buffer.block->offset() + buffer.offset;
    const auto ahead = static_cast<std::uint32_t>(begin % device_.info().offset_alignment);
    std::memcpy(push.data() + i * sizeof(ahead), &ahead, sizeof(ahead));
    const Range range = {buffer.block->buffer(), begin - ahead, begin + buffer.size};
    const spirv::Access access = pipeline.interface.bindings[i];
    if (spirv::reads(access)) reads_.push_back(range);
    if (spirv::writes(access)) writes_.push_back(range);
    buffer.block->set_last_use(next_value());
  }
  if (!dispatch.parameters.empty()) {
    std::memcpy(push.data() + dispatch.buffers.size() * sizeof(std::uint32_t),
                dispatch.parameters.data(), dispatch.parameters.size());
  }

  before(pipeline.name, reads_, writes_);
  const vk::Functions& vk = device_.functions();
  VkCommandBuffer commands = slots_[slot_].commands;
  vk.CmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline.pipeline.get());
  vk.CmdBindDescriptorSets(commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline.layout.get(), 0, 1,
                           &set, 0, nullptr);
  if (pipeline.interface.push_bytes > 0) {
    vk.CmdPushConstants(commands, pipeline.layout.get(), VK_SHADER_STAGE_COMPUTE_BIT, 0,
                        pipeline.interface.push_bytes, push.data());
  }
  vk.CmdDispatch(commands, dispatch.groups_x, dispatch.groups_y, dispatch.groups_z);
  ++stats_.n_dispatches;
  after();
}

void Recorder::copy(const Range& from, const Range& to) {
  ALPHA_CHECK(from.end - from.begin == to.end - to.begin, "a copy of two sizes");
  if (from.begin == from.end) return;
  before("copy", {&from, 1}, {&to, 1});
  const VkBufferCopy region = {from.begin, to.begin, from.end - from.begin};
  device_.functions().CmdCopyBuffer(slots_[slot_].commands, from.buffer, to.buffer, 1, &region);
  after();
}

void Recorder::clear(const Range& range) {
  ALPHA_CHECK(range.begin % 4 == 0 && range.end % 4 == 0, "words are cleared");
  if (range.begin == range.end) return;
  before("clear", {}, {&range, 1});
  device_.functions().CmdFillBuffer(slots_[slot_].commands, range.buffer, range.begin,
                                    range.end - range.begin, 0);
  after();
}

std::uint64_t Recorder::submit() {
  if (!is_recording_) return timeline_.submitted();
  Slot& slot = slots_[slot_];
  const vk::Functions& vk = device_.functions();
  try {
    // The host reads what was copied to it when the timeline says so: for that it needs a barrier.
    const VkMemoryBarrier barrier = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                                     .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
                                     .dstAccessMask = VK_ACCESS_HOST_READ_BIT};
    vk.CmdPipelineBarrier(slot.commands, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_HOST_BIT,
                          0, 1, &barrier, 0, nullptr, 0, nullptr);
    vk::check(vk.EndCommandBuffer(slot.commands), "vkEndCommandBuffer");
    slot.value = timeline_.submit(slot.commands);
  } catch (...) {
    drop();
    throw;
  }
  ++stats_.n_submits;
  slot_ = (slot_ + 1) % kSlots;
  is_recording_ = false;
  n_recorded_ = 0;
  return slots_[(slot_ + kSlots - 1) % kSlots].value;
}

/// What was recorded will not run, and its barriers neither: what they stood for is forgotten.
void Recorder::drop() noexcept {
  device_.functions().ResetCommandBuffer(slots_[slot_].commands, 0);
  slots_[slot_].names.clear();
  has_lost_barriers_ = true;
  is_recording_ = false;
  n_recorded_ = 0;
}

}  // namespace alpha::helios
