#include <array>
#include <memory>

#include "apps/alpha/commands.h"
#include "apps/alpha/console.h"
#include "apps/alpha/usage.h"

#include "alpha/backends/backends.h"
#include "alpha/core/json.h"
#include "alpha/tensor/op_id.h"

namespace alpha::cli {

namespace {

constexpr const char* kExamples =
    "  alpha kernels\n"
    "  alpha kernels --backend cpu\n"
    "  alpha kernels --json\n";

std::string_view to_string(KernelKind kind) noexcept {
  switch (kind) {
    case KernelKind::none: return "-";
    case KernelKind::reference: return "reference";
    case KernelKind::native: return "native";
  }
  return "-";
}

std::string table(const Backend& backend) {
  std::string text = fmt::format("{:<24}", backend.name());
  for (const DType dtype : kAllDTypes) text += fmt::format("{:<11}", alpha::to_string(dtype));
  text += "\n";
  for (std::size_t i = 0; i < kOpCount; ++i) {
    const auto op = static_cast<OpId>(i);
    text += fmt::format("{:<24}", alpha::to_string(op));
    for (const DType dtype : kAllDTypes) {
      text += fmt::format("{:<11}", to_string(backend.kernels().kind(op, dtype)));
    }
    text.erase(text.find_last_not_of(' ') + 1);
    text += "\n";
  }
  return text;
}

Json to_json(const Backend& backend) {
  Json ops = Json::object();
  for (std::size_t i = 0; i < kOpCount; ++i) {
    const auto op = static_cast<OpId>(i);
    Json kinds = Json::object();
    for (const DType dtype : kAllDTypes) {
      kinds[std::string(alpha::to_string(dtype))] = to_string(backend.kernels().kind(op, dtype));
    }
    ops[std::string(alpha::to_string(op))] = std::move(kinds);
  }
  return ops;
}

}  // namespace

int kernels_command(Arguments args) {
  std::optional<std::string> name;
  std::optional<bool> json;
  Flags parser("kernels",
               "Which op has which kernel: native is the backend's own, reference the plain loops, "
               "- none.",
               kExamples);
  parser.choice("--backend", name, backend_names(), "One backend alone [all]");
  parser.boolean("--json", json,
                 "One JSON object: backend -> op -> dtype; or backend -> \"problem\"");
  if (!parser.parse(args)) return 0;
  Json all = Json::object();
  std::string text;
  for (const std::string_view known : backend_names()) {
    if (name && *name != known) continue;
    std::unique_ptr<Backend> backend;
    try {
      backend = make_backend(known, 1);
    } catch (const Error& error) {
      // Of all, one that cannot be opened, for want of a device say, is told with its reason.
      if (name || error.code() == ErrorCode::internal) throw;
      all[std::string(known)] = {{"problem", error.what()}};
      text += fmt::format("\n{:<24}{}\n", known, error.what());
      continue;
    }
    all[std::string(known)] = to_json(*backend);
    text += (text.empty() ? "" : "\n") + table(*backend);
  }
  write_stdout(json.value_or(false) ? all.dump() + "\n" : text);
  return 0;
}

}  // namespace alpha::cli
