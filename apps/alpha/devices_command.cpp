#include "apps/alpha/commands.h"
#include "apps/alpha/console.h"
#include "apps/alpha/usage.h"

#include "alpha/core/json.h"
#ifdef ALPHA_HAS_HELIOS
#include "alpha/helios/device.h"
#endif

namespace alpha::cli {

namespace {

constexpr const char* kExamples =
    "  alpha devices\n"
    "  alpha devices --json\n"
    "  alpha train --data stories.txt --backend helios --device 0\n";

#ifdef ALPHA_HAS_HELIOS

using helios::DeviceInfo;
using helios::MatrixShape;

std::string shape_text(const MatrixShape& shape) {
  return fmt::format("{} x {} x {}", shape.M, shape.N, shape.K);
}

std::string matrices_text(const DeviceInfo& info) {
  std::string text;
  const auto add = [&](std::string_view name, const std::vector<MatrixShape>& shapes) {
    if (shapes.empty()) return;
    text += fmt::format("{}{} of", text.empty() ? "" : "; ", name);
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      text += fmt::format("{} {}", i == 0 ? "" : ",", shape_text(shapes[i]));
    }
  };
  add("f16", info.f16_matrices);
  add("bf16", info.bf16_matrices);
  return text.empty() ? "none" : text;
}

std::string memory_text(const DeviceInfo& info) {
  if (!info.has_memory_budget) return human_bytes(info.local_bytes);
  return fmt::format("{}, {} free", human_bytes(info.local_bytes),
                     human_bytes(info.available_bytes));
}

std::string subgroups_text(const DeviceInfo& info) {
  if (info.min_subgroup_size == info.max_subgroup_size) {
    return std::to_string(info.subgroup_size);
  }
  return fmt::format("{} ({} to {})", info.subgroup_size, info.min_subgroup_size,
                     info.max_subgroup_size);
}

std::string device_text(std::size_t number, const DeviceInfo& info) {
  std::string text = fmt::format("{:<3}{}\n", number, info.name);
  const auto add = [&text](std::string_view name, const std::string& value) {
    text += fmt::format("   {:<18}{}\n", name, value);
  };
  add("type", info.kind);
  add("driver", fmt::format("{}, Vulkan {}", info.driver, info.api_version));
  add("memory", memory_text(info));
  add("16-bit values", !info.has_16_bit_storage ? "no"
                       : info.has_f16           ? "f16 and bf16 stored, f16 computed"
                                                : "f16 and bf16 stored");
  add("matrix units", matrices_text(info));
  add("subgroups", subgroups_text(info));
  add("workgroups", fmt::format("{}, with {} of shared memory", info.max_workgroup_size,
                                human_bytes(info.max_shared_bytes)));
  add("largest range", human_bytes(info.max_range_bytes));
  add("can be used", info.can_be_used() ? "yes" : "no: " + info.problem);
  return text;
}

Json to_json(const std::vector<MatrixShape>& shapes) {
  Json json = Json::array();
  for (const MatrixShape& shape : shapes) json.push_back({shape.M, shape.N, shape.K});
  return json;
}

Json to_json(const DeviceInfo& info) {
  Json json = {{"name", info.name},
               {"type", info.kind},
               {"driver", info.driver},
               {"vulkan", info.api_version},
               {"memoryBytes", info.local_bytes},
               {"freeBytes", nullptr},
               {"has16BitStorage", info.has_16_bit_storage},
               {"hasF16Arithmetic", info.has_f16},
               {"f16Matrices", to_json(info.f16_matrices)},
               {"bf16Matrices", to_json(info.bf16_matrices)},
               {"subgroupSize", info.subgroup_size},
               {"minSubgroupSize", info.min_subgroup_size},
               {"maxSubgroupSize", info.max_subgroup_size},
               {"maxWorkgroupSize", info.max_workgroup_size},
               {"sharedBytes", info.max_shared_bytes},
               {"maxRangeBytes", info.max_range_bytes},
               {"canBeUsed", info.can_be_used()},
               {"problem", nullptr}};
  if (info.has_memory_budget) json["freeBytes"] = info.available_bytes;
  if (!info.can_be_used()) json["problem"] = info.problem;
  return json;
}

/// Error: unsupported where there is none, saying why.
std::vector<DeviceInfo> all_devices() {
  const helios::vk::Instance instance(helios::vk::InstanceOptions{});
  std::vector<DeviceInfo> devices = helios::list_devices(instance);
  if (devices.empty()) helios::fail_without_device();
  return devices;
}

#else

struct DeviceInfo {};

std::string device_text(std::size_t /*number*/, const DeviceInfo& /*info*/) {
  return {};
}

Json to_json(const DeviceInfo& /*info*/) {
  return {};
}

std::vector<DeviceInfo> all_devices() {
  fail(ErrorCode::unsupported, "this alpha was built without Helios, its GPU backend");
}

#endif

}  // namespace

int devices_command(Arguments args) {
  std::optional<bool> json;
  Flags parser("devices",
               "The devices that --backend helios can run on, and what each supports. --device "
               "takes part of a name, or the number before it.",
               kExamples);
  parser.boolean("--json", json, "One JSON list; an empty one, where there is no device");
  if (!parser.parse(args)) return 0;
  const bool is_json = json.value_or(false);
  Json list = Json::array();
  std::string text;
  try {
    for (const DeviceInfo& info : all_devices()) {
      text += (list.empty() ? "" : "\n") + device_text(list.size(), info);
      list.push_back(to_json(info));
    }
  } catch (const Error& error) {
    if (!is_json || error.code() != ErrorCode::unsupported) throw;
    warn(error.what());
  }
  write_stdout(is_json ? list.dump() + "\n" : text);
  return 0;
}

}  // namespace alpha::cli
