#pragma once

#include <array>
#include <atomic>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <mutex>
#include <string>

#include "alpha/helios/memory.h"
#include "alpha/helios/pipelines.h"
#include "alpha/helios/recorder.h"
#include "alpha/helios/staging.h"
#include "alpha/helios/timeline.h"
#include "alpha/helios/tuner.h"
#include "alpha/tensor/backend.h"

namespace alpha::helios {

struct HeliosOptions {
  std::string device = {};                  // part of its name; empty: the first that can be used
  std::filesystem::path cache_folder = {};  // for compiled kernels; empty: none
  std::int64_t timeout_ms = 60'000;         // without anything done; a CPU gets ten times as long
  bool uses_matrix_units = true;            // where there are any, and they pass a test
  bool is_tuning = false;                   // measures what is fastest here: see Tuner
  bool is_timing = false;                   // kernels, one after the other: see take_times
  std::function<void(const std::string&)> on_notice = {};  // what `notice` has, when it is known
  vk::InstanceOptions vulkan = {};
};

/// What matrix units are used for, and tested for before.
enum class MatrixUse : std::uint8_t { products, attention };

/// A dispatch as kernels ask for it: what of each tensor the shader sees, in the order of its
/// bindings, and its own parameters.
struct KernelCall {
  const Shader* shader = nullptr;
  std::vector<std::uint32_t> constants = {};  // see PipelineSource, also the next two
  std::uint32_t subgroup_size = 0;
  std::optional<spirv::MatrixElement> matrices = {};
  std::span<const Tensor> tensors;
  std::span<const std::byte> parameters = {};
  std::span<const std::byte> changing = {};  // see Dispatch
  std::uint32_t groups_x = 1;
  std::uint32_t groups_y = 1;
  std::uint32_t groups_z = 1;
};

/// The GPU backend: ops are recorded and run on the device in their order, behind the caller's
/// back; `download` waits. Safe to use from several threads.
class HeliosBackend final : public Backend {
 public:
  /// Error: unsupported without a device that can be used; out_of_memory.
  explicit HeliosBackend(HeliosOptions options);

  std::string_view name() const noexcept override { return "helios"; }

  const KernelTable& kernels() const noexcept override;

  StorageRef allocate(std::size_t size_bytes) override;
  void upload(const void* src, const Tensor& dst) override;
  void download(const Tensor& src, void* dst) override;
  void trim() override;

  /// Returns when all that was recorded is done. Error: device_lost.
  void finish();

  /// Records a dispatch. Error: as Recorder::dispatch, Pipelines::get.
  void dispatch(const KernelCall& call);

  /// Which of several dispatches that give the same bits is the fastest here; see Tuner::choose.
  /// One that gives other bits than the first is not chosen. `make` is asked for them only if they
  /// have to be measured: they run behind what was recorded, on zeros where they write, and so must
  /// not write what anybody reads. Error: device_lost.
  std::size_t fastest(const std::string& key, std::span<const std::string_view> names,
                      const std::function<std::vector<KernelCall>()>& make);

  /// Sets all of a tensor to zero bytes.
  void zero(const Tensor& tensor);

  /// Copies as many bytes as both have, as the driver does it.
  void copy(const Tensor& from, const Tensor& to);

  /// Whether this may run on matrix units in this dtype: the device has them, and they have passed
  /// a test against plain arithmetic, which the first call makes.
  bool has_matrix_units(DType dtype, MatrixUse use);

  /// What is worth knowing of the device: matrix units that failed their test. Empty: nothing.
  std::string notice() const;

  const Device& device() const noexcept { return device_; }

  const vk::Instance& instance() const noexcept { return instance_; }

  Memory& memory() noexcept { return memory_; }

  Pipelines& pipelines() noexcept { return pipelines_; }

  const Tuner& tuner() const noexcept { return tuner_; }

  Recorder::Stats recorded() const;

  /// What each kernel took since this was last asked, the longest first; nothing unless times are
  /// measured.
  std::vector<Recorder::KernelTime> take_times();

  /// What is measured from here on. Error: as Recorder::set_timing.
  void set_timing(Recorder::Timing timing);

  /// Single commands since this was last asked, where those are measured.
  std::vector<Recorder::Span> take_spans();

 private:
  enum class Units : std::uint8_t { untried, trusted, none };

  static Range range_of(const Tensor& tensor);
  void record(Recorder& recorder, const KernelCall& call, const Pipeline& pipeline);
  void compile(std::span<const KernelCall> calls);
  std::uint64_t sum_of_results(const KernelCall& call);
  double measure(Recorder& recorder, const KernelCall& call, std::size_t n_runs);
  bool test_matrix_units(DType dtype, MatrixUse use);
  void tell(const std::string& text);

  // The last is the first to go.
  vk::Instance instance_;
  Device device_;
  Timeline timeline_;
  Memory memory_;
  Pipelines pipelines_;
  Tuner tuner_;
  mutable std::mutex mutex_;  // of the recorder and the staging ring
  Recorder recorder_;
  Staging staging_;
  bool uses_matrix_units_;
  std::function<void(const std::string&)> on_notice_;
  std::array<std::array<std::atomic<Units>, kDTypeCount>, 2> units_ = {};  // by use
  mutable std::mutex notice_mutex_;
  std::string notice_;
};

}  // namespace alpha::helios
