#include "alpha/helios/pipelines.h"

#include "alpha/core/error.h"
#include "alpha/core/files.h"
#include "alpha/core/hash.h"
#include "alpha/helios/vk/result.h"

namespace alpha::helios {

namespace {

/// The first line of a cache file: of what follows it is the sum, since a driver may trust it.
std::string head_of(std::string_view content) {
  return fmt::format("alpha helios cache 1 {}\n", hex64(xxh3(content)));
}

std::string with_sum(const std::string& content) {
  return head_of(content) + content;
}

/// What `with_sum` was given; nothing, if the file is damaged.
std::string whole_content(const std::string& file) {
  const std::size_t end = file.find('\n');
  if (end == std::string::npos) return {};
  std::string content = file.substr(end + 1);
  return file.starts_with(head_of(content)) ? content : std::string();
}

}  // namespace

Pipelines::Pipelines(const Device& device, const std::filesystem::path& cache_folder)
    : device_(device) {
  if (!cache_folder.empty()) {
    cache_file_ = cache_folder / ("helios-" + device.info().cache_key + ".bin");
  }
  load_cache();
}

Pipelines::~Pipelines() {
  save_cache();
}

void Pipelines::load_cache() {
  std::string bytes;
  try {
    // Nothing but a file: a pipe in its place would be waited for.
    if (!cache_file_.empty() && file_status(cache_file_).kind == FileKind::regular) {
      bytes = whole_content(read_file(cache_file_));
    }
  } catch (const Error&) {  // NOLINT(bugprone-empty-catch): then all is compiled anew
  }
  // What another driver wrote is the driver's to refuse: it begins with a header that names it.
  VkPipelineCacheCreateInfo info = {.sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO,
                                    .initialDataSize = bytes.size(),
                                    .pInitialData = bytes.data()};
  VkPipelineCache cache = VK_NULL_HANDLE;
  const vk::Functions& vk = device_.functions();
  if (vk.CreatePipelineCache(device_.get(), &info, nullptr, &cache) != VK_SUCCESS) {
    info.initialDataSize = 0;
    vk::check(vk.CreatePipelineCache(device_.get(), &info, nullptr, &cache),
              "vkCreatePipelineCache");
  }
  cache_ = device_.own<vk::PipelineCache>(cache);
  cache_bytes_ = bytes.size();
}

void Pipelines::save_cache() noexcept {
  if (cache_file_.empty() || n_compiled_ == 0) return;
  try {
    const vk::Functions& vk = device_.functions();
    std::size_t size = 0;
    if (vk.GetPipelineCacheData(device_.get(), cache_.get(), &size, nullptr) != VK_SUCCESS) return;
    if (size == cache_bytes_) return;
    std::string bytes(size, '\0');
    if (vk.GetPipelineCacheData(device_.get(), cache_.get(), &size, bytes.data()) != VK_SUCCESS) {
      return;
    }
    bytes.resize(size);
    write_file_atomic(cache_file_, with_sum(bytes));
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): the next process compiles anew
  }
}

const Pipeline& Pipelines::get(const PipelineSource& source) {
  std::shared_ptr<Slot> slot;
  {
    const std::lock_guard lock(mutex_);
    auto& one = slots_[source];
    if (!one) one = std::make_shared<Slot>();
    slot = one;
  }
  const std::lock_guard lock(slot->mutex);
  if (!slot->pipeline) {
    slot->pipeline = make(source);
    const std::lock_guard count(mutex_);
    ++n_compiled_;
  }
  return *slot->pipeline;
}

std::size_t Pipelines::n_compiled() const {
  const std::lock_guard lock(mutex_);
  return n_compiled_;
}

std::unique_ptr<Pipeline> Pipelines::make(const PipelineSource& source) const {
  auto pipeline = std::make_unique<Pipeline>();
  pipeline->name = source.shader->name;
  pipeline->interface = spirv::reflect(source.shader->module);
  const std::size_t n_bindings = pipeline->interface.bindings.size();
  const std::size_t most = std::min<std::size_t>(kMostBindings, device_.info().max_bindings);
  if (n_bindings > most || pipeline->interface.push_bytes > device_.info().max_push_bytes) {
    fail(ErrorCode::unsupported,
         "[helios] the kernel '{}' has {} buffers and {} bytes of parameters, and '{}' takes at "
         "most {} and {}",
         pipeline->name, n_bindings, pipeline->interface.push_bytes, device_.info().name, most,
         device_.info().max_push_bytes);
  }
  make_layout(*pipeline);
  compile(*pipeline, source);
  return pipeline;
}

void Pipelines::make_layout(Pipeline& pipeline) const {
  const vk::Functions& vk = device_.functions();
  std::vector<VkDescriptorSetLayoutBinding> bindings;
  for (std::size_t i = 0; i < pipeline.interface.bindings.size(); ++i) {
    bindings.push_back({.binding = static_cast<std::uint32_t>(i),
                        .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                        .descriptorCount = 1,
                        .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT});
  }
  const VkDescriptorSetLayoutCreateInfo set_info = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
      .bindingCount = static_cast<std::uint32_t>(bindings.size()),
      .pBindings = bindings.data()};
  VkDescriptorSetLayout set_layout = VK_NULL_HANDLE;
  vk::check(vk.CreateDescriptorSetLayout(device_.get(), &set_info, nullptr, &set_layout),
            "vkCreateDescriptorSetLayout");
  pipeline.set_layout = device_.own<vk::DescriptorSetLayout>(set_layout);

  const VkPushConstantRange range = {.stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
                                     .size = pipeline.interface.push_bytes};
  const VkPipelineLayoutCreateInfo info = {.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
                                           .setLayoutCount = 1,
                                           .pSetLayouts = &set_layout,
                                           .pushConstantRangeCount = range.size > 0 ? 1U : 0U,
                                           .pPushConstantRanges = &range};
  VkPipelineLayout layout = VK_NULL_HANDLE;
  vk::check(vk.CreatePipelineLayout(device_.get(), &info, nullptr, &layout),
            "vkCreatePipelineLayout");
  pipeline.layout = device_.own<vk::PipelineLayout>(layout);
}

void Pipelines::compile(Pipeline& pipeline, const PipelineSource& source) const {
  const vk::Functions& vk = device_.functions();
  std::span<const std::uint32_t> words = source.shader->module;
  std::vector<std::uint32_t> rewritten;
  if (source.matrices) words = rewritten = spirv::to_khr_matrices(words, *source.matrices);
  const VkShaderModuleCreateInfo module_info = {
      .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
      .codeSize = words.size_bytes(),
      .pCode = words.data()};
  VkShaderModule module = VK_NULL_HANDLE;
  vk::check(vk.CreateShaderModule(device_.get(), &module_info, nullptr, &module),
            "vkCreateShaderModule");
  const auto owned = device_.own<vk::ShaderModule>(module);

  std::vector<VkSpecializationMapEntry> entries;
  for (std::uint32_t id = 0; id < source.constants.size(); ++id) {
    entries.push_back({.constantID = id,
                       .offset = id * static_cast<std::uint32_t>(sizeof(std::uint32_t)),
                       .size = sizeof(std::uint32_t)});
  }
  const VkSpecializationInfo constants = {
      .mapEntryCount = static_cast<std::uint32_t>(entries.size()),
      .pMapEntries = entries.data(),
      .dataSize = source.constants.size() * sizeof(std::uint32_t),
      .pData = source.constants.data()};
  const VkPipelineShaderStageRequiredSubgroupSizeCreateInfo subgroup = {
      .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO,
      .requiredSubgroupSize = source.subgroup_size};
  VkComputePipelineCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
      .stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                .module = module,
                .pName = "main",
                .pSpecializationInfo = &constants},
      .layout = pipeline.layout.get()};
  if (source.subgroup_size > 0 && device_.info().has_subgroup_size_control) {
    info.stage.pNext = &subgroup;
    info.stage.flags = VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT;
  }
  VkPipeline made = VK_NULL_HANDLE;
  vk::check(vk.CreateComputePipelines(device_.get(), cache_.get(), 1, &info, nullptr, &made),
            "vkCreateComputePipelines");
  pipeline.pipeline = device_.own<vk::Pipeline>(made);
}

}  // namespace alpha::helios
