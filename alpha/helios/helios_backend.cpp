#include "alpha/helios/helios_backend.h"

#include <algorithm>
#include <array>
#include <future>
#include <limits>
#include <optional>

#include "alpha/core/error.h"
#include "alpha/core/hash.h"
#include "alpha/helios/kernels/flash.h"
#include "alpha/helios/kernels/gemm.h"
#include "alpha/tensor/ops/ops.h"

namespace alpha::helios {

#define ALPHA_KERNEL(name, Args, dtypes) void name(HeliosBackend&, const Args&);
#include "alpha/helios/kernels/kernels.inc"
#undef ALPHA_KERNEL

namespace {

/// What tensors on the device are stored as.
constexpr DTypeSet kStored = DType::f32 | DType::bf16 | DType::f16;

KernelTable make_table() {
  KernelTable table;
#define ALPHA_KERNEL(name, Args, dtypes) table.add<&name>(dtypes, KernelKind::native);
#include "alpha/helios/kernels/kernels.inc"
#undef ALPHA_KERNEL
  return table;
}

Block* block_of(const Tensor& tensor) {
  auto* block = dynamic_cast<Block*>(tensor.storage().get());
  ALPHA_CHECK(block != nullptr, "a tensor of another backend");
  return block;
}

PipelineSource source_of(const KernelCall& call) {
  return {call.shader, call.constants, call.subgroup_size, call.matrices};
}

}  // namespace

HeliosBackend::HeliosBackend(HeliosOptions options)
    : instance_(options.vulkan),
      device_(instance_, options.device),
      timeline_(device_,
                device_.info().kind == "CPU" ? 10 * options.timeout_ms : options.timeout_ms),
      memory_(device_, timeline_),
      pipelines_(device_, options.cache_folder),
      tuner_(options.is_tuning && device_.info().timestamp_ns > 0, options.cache_folder,
             device_.info().cache_key),
      recorder_(device_, timeline_, memory_, options.is_timing),
      staging_(device_, timeline_, recorder_),
      uses_matrix_units_(options.uses_matrix_units),
      on_notice_(std::move(options.on_notice)) {}

const KernelTable& HeliosBackend::kernels() const noexcept {
  static const KernelTable table = make_table();
  return table;
}

Range HeliosBackend::range_of(const Tensor& tensor) {
  const Block* block = block_of(tensor);
  const std::uint64_t begin =
      block->offset() + static_cast<std::uint64_t>(tensor.offset()) * size_of(tensor.dtype());
  return {block->buffer(), begin, begin + tensor.size_bytes()};
}

StorageRef HeliosBackend::allocate(std::size_t size_bytes) {
  try {
    return memory_.allocate(size_bytes);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::out_of_memory) throw;
  }
  // What recorded work still needs can be given back once that has run.
  finish();
  return memory_.allocate(size_bytes);
}

void HeliosBackend::upload(const void* src, const Tensor& dst) {
  const std::lock_guard lock(mutex_);
  block_of(dst)->set_last_use(staging_.upload(src, range_of(dst)));
}

void HeliosBackend::download(const Tensor& src, void* dst) {
  const std::lock_guard lock(mutex_);
  staging_.download(range_of(src), dst);
}

void HeliosBackend::zero(const Tensor& tensor) {
  const std::lock_guard lock(mutex_);
  block_of(tensor)->set_last_use(recorder_.next_value());
  recorder_.clear(range_of(tensor));
}

void HeliosBackend::copy(const Tensor& from, const Tensor& to) {
  const std::lock_guard lock(mutex_);
  block_of(from)->set_last_use(recorder_.next_value());
  block_of(to)->set_last_use(recorder_.next_value());
  recorder_.copy(range_of(from), range_of(to));
}

void HeliosBackend::trim() {
  finish();
  memory_.trim();
}

void HeliosBackend::finish() {
  const std::lock_guard lock(mutex_);
  timeline_.wait(recorder_.submit());
}

Recorder::Stats HeliosBackend::recorded() const {
  const std::lock_guard lock(mutex_);
  return recorder_.stats();
}

bool HeliosBackend::has_matrix_units(DType dtype, MatrixUse use) {
  std::atomic<Units>& units =
      units_[use == MatrixUse::products ? 0 : 1][static_cast<std::size_t>(dtype)];
  Units untried = Units::untried;
  // While they are tested they count as none: who asks meanwhile computes without them.
  if (units.compare_exchange_strong(untried, Units::none)) {
    try {
      if (test_matrix_units(dtype, use)) units = Units::trusted;
    } catch (...) {
      units = Units::untried;  // there was no room for the test, say
      throw;
    }
  }
  return units == Units::trusted;
}

bool HeliosBackend::test_matrix_units(DType dtype, MatrixUse use) {
  const bool is_product = use == MatrixUse::products;
  const auto is_there = is_product ? has_gemm : has_flash;
  const auto passes = is_product ? gemm_passes_test : flash_passes_test;
  if (!uses_matrix_units_ || !is_there(device_.info(), dtype)) return false;
  if (passes(*this, dtype)) return true;
  tell(fmt::format("the matrix units of '{}' compute {} of {} wrongly, and are not used",
                   device_.info().name, is_product ? "products" : "attention", to_string(dtype)));
  return false;
}

void HeliosBackend::tell(const std::string& text) {
  {
    const std::lock_guard lock(notice_mutex_);
    notice_ += (notice_.empty() ? "" : "; ") + text;
  }
  if (on_notice_) on_notice_(text);
}

std::string HeliosBackend::notice() const {
  const std::lock_guard lock(notice_mutex_);
  return notice_;
}

std::vector<Recorder::KernelTime> HeliosBackend::take_times() {
  const std::lock_guard lock(mutex_);
  recorder_.submit();
  return recorder_.take_times();
}

void HeliosBackend::set_timing(Recorder::Timing timing) {
  const std::lock_guard lock(mutex_);
  recorder_.set_timing(timing);
}

std::vector<Recorder::Span> HeliosBackend::take_spans() {
  const std::lock_guard lock(mutex_);
  recorder_.submit();
  return recorder_.take_spans();
}

void HeliosBackend::dispatch(const KernelCall& call) {
  const Pipeline& pipeline = pipelines_.get(source_of(call));
  const std::lock_guard lock(mutex_);
  record(recorder_, call, pipeline);
}

void HeliosBackend::record(Recorder& recorder, const KernelCall& call, const Pipeline& pipeline) {
  std::array<Dispatch::Buffer, kMostBindings> buffers = {};
  ALPHA_CHECK(call.tensors.size() <= kMostBindings, "a kernel of too many buffers");
  for (std::size_t i = 0; i < call.tensors.size(); ++i) {
    const Tensor& tensor = call.tensors[i];
    buffers[i] = {block_of(tensor),
                  static_cast<std::uint64_t>(tensor.offset()) * size_of(tensor.dtype()),
                  tensor.size_bytes()};
  }
  recorder.dispatch({.pipeline = &pipeline,
                     .buffers = std::span(buffers).first(call.tensors.size()),
                     .parameters = call.parameters,
                     .changing = call.changing,
                     .groups_x = call.groups_x,
                     .groups_y = call.groups_y,
                     .groups_z = call.groups_z});
}

/// Side by side: a driver takes up to a second for one.
void HeliosBackend::compile(std::span<const KernelCall> calls) {
  std::vector<std::future<void>> compiled;
  for (const KernelCall& call : calls) {
    compiled.push_back(std::async(std::launch::async, [&] { pipelines_.get(source_of(call)); }));
  }
  for (std::future<void>& one : compiled) one.get();
}

/// Of what a dispatch writes; where that is much, of its beginning.
std::uint64_t HeliosBackend::sum_of_results(const KernelCall& call) {
  constexpr std::int64_t kMost = std::int64_t{1} << 24U;  // elements
  const spirv::Interface& interface = pipelines_.get(source_of(call)).interface;
  std::vector<Tensor> results;
  for (std::size_t i = 0; i < call.tensors.size(); ++i) {
    if (spirv::writes(interface.bindings.at(i))) results.push_back(call.tensors[i]);
  }
  for (const Tensor& result : results) zero(result);
  dispatch(call);
  std::vector<std::uint64_t> sums;
  for (const Tensor& result : results) {
    const Tensor beginning = result.flat(0, std::min(result.numel(), kMost));
    std::vector<std::byte> bytes(beginning.size_bytes());
    download(beginning, bytes.data());
    sums.push_back(xxh3(bytes));
  }
  return xxh3(std::as_bytes(std::span(sums)));
}

/// In seconds, of one run. All that was recorded is done before, so that it has the device alone.
double HeliosBackend::measure(Recorder& recorder, const KernelCall& call, std::size_t n_runs) {
  const Pipeline& pipeline = pipelines_.get(source_of(call));
  const std::lock_guard lock(mutex_);
  timeline_.wait(recorder_.submit());
  for (std::size_t i = 0; i < n_runs; ++i) record(recorder, call, pipeline);
  recorder.submit();
  return recorder.take_times().at(0).ms * 1e-3 / static_cast<double>(n_runs);
}

std::size_t HeliosBackend::fastest(const std::string& key, std::span<const std::string_view> names,
                                   const std::function<std::vector<KernelCall>()>& make) {
  constexpr double kLeastSeconds = 1e-4;  // of a measurement: a few times what starting one takes
  constexpr double kMostRuns = 8;
  std::vector<KernelCall> calls;
  std::optional<Recorder> recorder;  // of its own: so are its times
  std::vector<std::uint64_t> sums;   // of the candidates' results
  double n_runs = 1;
  return tuner_.choose(key, names, [&](std::size_t candidate) {
    if (!recorder) {
      calls = make();
      compile(calls);
      recorder.emplace(device_, timeline_, memory_, true);
    }
    if (sums.size() == candidate) sums.push_back(sum_of_results(calls[candidate]));
    if (sums[candidate] != sums[0]) return std::numeric_limits<double>::infinity();
    const double seconds = measure(*recorder, calls[candidate], static_cast<std::size_t>(n_runs));
    n_runs = seconds > 0 ? std::clamp(kLeastSeconds / seconds, 1.0, kMostRuns) : 1;
    return seconds;
  });
}

}  // namespace alpha::helios
