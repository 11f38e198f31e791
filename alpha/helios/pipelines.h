#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "alpha/helios/device.h"
#include "alpha/helios/shader.h"
#include "alpha/helios/spirv/cooperative_matrix.h"
#include "alpha/helios/spirv/reflection.h"

namespace alpha::helios {

/// The most storage buffers that a kernel may have.
inline constexpr std::size_t kMostBindings = 16;

/// A shader with its specialization constants, ready to run.
struct Pipeline {
  std::string name;
  vk::DescriptorSetLayout set_layout;
  vk::PipelineLayout layout;
  vk::Pipeline pipeline;
  spirv::Interface interface;
};

/// What a pipeline is made of. `constants[i]` is the specialization constant with id i; 0 is the
/// size of the workgroup by the convention of kernels/.
struct PipelineSource {
  const Shader* shader = nullptr;
  std::vector<std::uint32_t> constants = {};
  std::uint32_t subgroup_size = 0;                    // that must be, with full subgroups; 0: any
  std::optional<spirv::MatrixElement> matrices = {};  // of a shader with cooperative matrices

  auto operator<=>(const PipelineSource&) const = default;
};

/// The pipelines of a device: made when they are first needed, kept as long as the device, and, as
/// the driver compiled them, in a file for the next process. Safe to use from several threads.
class Pipelines {
 public:
  /// `device` outlives it. An empty `cache_folder` keeps nothing on disk. A cache file that is
  /// damaged or another driver's is passed over.
  Pipelines(const Device& device, const std::filesystem::path& cache_folder);

  /// Writes the cache file, if there is anything new.
  ~Pipelines();
  Pipelines(const Pipelines&) = delete;
  Pipelines& operator=(const Pipelines&) = delete;

  /// The pipeline, which lives as long as this. Several threads may compile several at once. Error:
  /// out_of_memory, unsupported, internal.
  const Pipeline& get(const PipelineSource& source);

  std::size_t n_compiled() const;

 private:
  struct Slot {
    std::mutex mutex;
    std::unique_ptr<Pipeline> pipeline;  // by mutex
  };

  std::unique_ptr<Pipeline> make(const PipelineSource& source) const;
  void make_layout(Pipeline& pipeline) const;
  void compile(Pipeline& pipeline, const PipelineSource& source) const;
  void load_cache();
  void save_cache() noexcept;

  const Device& device_;
  std::filesystem::path cache_file_;
  vk::PipelineCache cache_;
  std::size_t cache_bytes_ = 0;  // as they stand on disk
  mutable std::mutex mutex_;
  std::map<PipelineSource, std::shared_ptr<Slot>> slots_;  // by mutex_
  std::size_t n_compiled_ = 0;
};

}  // namespace alpha::helios
