#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alpha/http/server.h"
#include "alpha/tensor/packed_matrix.h"
#include "alpha/tokenizers/chat_template.h"

namespace alpha {

struct ApiKey {
  std::string name;  // for logs
  std::string key;
};

/// How a service runs. What is empty or none is off.
struct ServerSettings {
  http::ServerOptions http;

  // Models.
  std::vector<std::filesystem::path> roots = {"runs"};  // folders of runs, runs, checkpoints
  std::optional<WeightFormat> weights = {};             // none: as stored
  std::optional<ChatTemplate> chat_template = {};       // none: each checkpoint's own
  std::size_t max_model_bytes = std::size_t{4} << 30U;  // of all loaded models together
  std::size_t max_kv_bytes = std::size_t{1} << 30U;     // of each model's KV cache
  std::int64_t rescan_ms = 500;                         // between two looks at the run folders

  // Load.
  std::int64_t max_sessions = 64;  // texts written at the same time, of each model
  std::int64_t max_waiting = 256;  // requests that wait, of each model
  double max_queue_seconds = 60;   // that they wait at most
  std::int64_t drain_timeout_ms = 30'000;

  // Who may.
  std::vector<ApiKey> api_keys = {};
  std::vector<std::string> cors_origins = {};   // "https://example.org"; "*": all
  std::vector<std::string> allowed_hosts = {};  // beside the machine's own names
  bool is_strict = false;                       // unknown fields are refused
  std::string upload_secret = {};               // of trainers elsewhere
  std::filesystem::path upload_root = {};       // where their runs go: the first root

  // What is told of the program.
  std::string version = {};
  std::int64_t n_threads = 0;                                       // that compute
  std::vector<std::pair<std::string, std::string>> libraries = {};  // of the backend, with versions

  // Called on the server's thread: once when the run folders were looked at, then with one line
  // each.
  std::function<void(std::size_t n_models)> on_ready = {};
  std::function<void(std::string_view)> on_access = {};   // JSON
  std::function<void(std::string_view)> on_problem = {};  // text
};

}  // namespace alpha
